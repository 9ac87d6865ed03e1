"""CMake's and CTest's steps of a lane, by its presets."""

from . import process


def configure(project, lane, console):
    return _step(project, lane, console, "configure", ["cmake", "--preset", lane.name])


def build(project, lane, console, *targets):
    """All, where no target is named."""
    return _step(project, lane, console, "build",
                 ["cmake", "--build", "--preset", lane.name, *(["--target", *targets] if targets else [])])


def list_tests(project, lane, console, selection):
    return _step(project, lane, console, "list", ["ctest", "--preset", lane.name, "--show-only=json-v1", *selection])


def test(project, lane, console, selection, jobs):
    return _step(project, lane, console, "test",
                 ["ctest", "--preset", lane.name, "--parallel", str(jobs), *selection])


def _step(project, lane, console, name, command):
    """(outcome, seconds) of a step; its whole output is in build/matrix/LANE.STEP.log."""
    project.matrix.mkdir(parents=True, exist_ok=True)
    with console.phase(f"{lane.name:<9} {name}") as phase:
        outcome = process.run(command, phase, project.matrix / f"{lane.name}.{name}.log", cwd=project.root)
        if outcome.status:
            phase.remark = "failed"
    return outcome, phase.seconds
