"""A process that dies before its n-th step: a commit, or something done to a file. After that it does nothing more."""

import os
from contextlib import contextmanager

from sqlalchemy import event

_STEPS = ("fsync", "link", "rename", "unlink", "write")


class CrashError(BaseException):
    """Nobody catches it."""


class Crashing:
    def __init__(self, monkeypatch, engine):
        self.left = None
        self.dead = False
        for name in _STEPS:
            monkeypatch.setattr(os, name, self._stepping(getattr(os, name)))
        event.listen(engine, "commit", self.step)

    def step(self, *_):
        if self.left is None:
            return
        if self.left == 0:
            self.dead = True
            raise CrashError
        self.left -= 1

    def _stepping(self, work):
        def stepping(*args, **kwargs):
            self.step()
            return work(*args, **kwargs)

        return stepping

    @contextmanager
    def before(self, step):
        """Run what is inside up to this step; say in `dead` whether it came that far."""
        self.left, self.dead = step, False
        try:
            yield self
        except CrashError:
            pass
        finally:
            self.left = None
