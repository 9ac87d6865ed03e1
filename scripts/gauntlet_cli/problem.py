"""Expected failures: a sentence that says what to do, and an exit status."""

FAILED = 1
USAGE = 2
INTERRUPTED = 130


class Problem(Exception):
    """Ends the command with its sentence, never with a traceback."""

    def __init__(self, sentence, status=FAILED):
        super().__init__(sentence)
        self.status = status
