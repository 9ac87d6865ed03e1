import os
import threading
import time
import signal

import support
from gauntlet_cli import process


class Running(support.InFolder):
    def test_the_output_is_kept_and_copied_to_the_log(self):
        log = self.folder / "log"
        outcome = process.run(["sh", "-c", "echo one; echo two >&2; printf three; exit 3"], log=log)
        self.assertEqual((outcome.status, outcome.text), (3, "one\ntwo\nthree"))
        self.assertEqual(log.read_text(encoding="utf-8"), "one\ntwo\nthree")

    def test_the_progress_of_ninja_and_ctest_is_shown(self):
        shown = []
        with self.console.phase("work") as phase:
            phase.update = shown.append
            process.run(["printf", r"[1/9] Building\nplain\n 7/57 Test  #7: name\n"], phase)
        self.assertEqual(shown, ["1/9", "7/57"])

    def test_a_grandchild_that_stays_does_not_hold_us_up(self):
        started = time.monotonic()
        process.run(["sh", "-c", "sleep 20 & echo $!"])
        self.assertLess(time.monotonic() - started, 10)

    def test_an_interrupt_ends_children_and_grandchildren(self):
        file = self.folder / "pid"
        interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        interrupt.start()
        with self.assertRaises(KeyboardInterrupt):
            process.run(["sh", "-c", f"sleep 20 & echo $! > {file}; wait"])
        time.sleep(0.1)
        self.assertFalse(_alive(int(file.read_text(encoding="utf-8"))))


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
