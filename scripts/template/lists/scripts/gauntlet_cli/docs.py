@@ before:          # [gauntlet new: pages]
         "docs/@name@.md",
