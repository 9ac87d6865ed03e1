"""One lane's tests split over machines.

A test's shard is decided by its name alone. So machines need not agree on anything else: not on the order in which CTest lists
the tests, not on a file of recorded times, and where one machine has a test more, no other test changes its place. Tests are so
many that the shards take about the same time all the same.
"""

import hashlib
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Shard:
    number: int = 1
    of: int = 1

    def __str__(self):
        return f"{self.number}/{self.of}"

    @property
    def is_part(self):
        return self.of > 1

    def has(self, test):
        return int.from_bytes(hashlib.sha256(test.encode()).digest()[:8], "big") % self.of == self.number - 1


WHOLE = Shard()


def parse(text):
    """ "2/3", or ValueError."""
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    shard = Shard(int(match[1]), int(match[2])) if match else None
    if not shard or not 1 <= shard.number <= shard.of:
        raise ValueError(f"{text} is no shard: I/N with I from 1 to N, such as 2/3, is the second of three")
    return shard
