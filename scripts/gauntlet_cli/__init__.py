"""The modules behind scripts/gauntlet."""
