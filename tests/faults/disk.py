"""A disk that fails at the n-th call of one kind, once or from then on: in this process, without any tool."""

import errno
import os
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest import mock

CALLS = ("open", "write", "pwrite", "fdatasync", "fsync", "rename", "link", "ftruncate", "posix_fallocate", "mkdir")
HOW = {
    "once": {},
    "from then on": {"stays": True},
    "though it was done": {"done": True},
    "after half of the bytes": {"half": True, "stays": True},
}
WRITES = ("write", "pwrite")
ABOUT_FILES = ("fdatasync", "fsync", "rename", "link", "ftruncate")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Which call fails, how, and whether it takes part of the bytes or does all it was to do nevertheless."""

    call: str
    number: int
    code: int = errno.EIO
    stays: bool = False
    done: bool = False
    half: bool = False


def possible(call, how):
    """Return whether a call can fail like this."""
    return not (how.get("half") and call not in WRITES) and not (how.get("done") and call not in ABOUT_FILES)


class Disk:
    """Counts calls, and lets one fail. A call that opens counts where it creates."""

    def __init__(self, fault=None):
        self.fault, self.counted = fault, Counter()

    @contextmanager
    def failing(self):
        """Have the disk fail in this process."""
        with ExitStack() as patches:
            for name in CALLS:
                patches.enter_context(mock.patch.object(os, name, self._around(name, getattr(os, name))))
            yield self

    def _around(self, name, real):
        def call(*args, **kwargs):
            if name == "open" and not args[1] & os.O_CREAT:
                return real(*args, **kwargs)
            self.counted[name] += 1
            if not self._fails(name):
                return real(*args, **kwargs)
            fault = self.fault
            if fault.half and self.counted[name] == fault.number and len(args[1]) > 1:
                return real(args[0], args[1][: len(args[1]) // 2], *args[2:])
            if fault.done:
                real(*args, **kwargs)
            raise OSError(fault.code, os.strerror(fault.code))

        return call

    def _fails(self, name):
        fault = self.fault
        if fault is None:
            return False
        everything = fault.stays and self.counted[fault.call] >= fault.number
        return everything or (name == fault.call and self.counted[name] == fault.number)
