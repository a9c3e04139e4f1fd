"""Dying at a named step: a fork that lives, and is killed as by `kill -9` at the n-th passage of one step.

The product has no code for this: the steps are functions of it that the fork wraps.
"""

import os
import signal
import traceback
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from evidence import carrying, holding, journal
from evidence.checkpointer import Checkpointer
from evidence.errors import EvidenceError
from evidence.stores.local import LocalStore
from tests.faults import life

STEPS = {
    "write to the journal": (journal, "write_all"),
    "sync": (os, "fdatasync"),
    "answer": (life, "acknowledge"),
    "cut of a torn write": (journal, "_cut"),
    "mark of a chain": (holding, "_write"),
    "note of what is remembered": (Checkpointer, "_remember"),
    "removal of a file": (Path, "unlink"),
    "note of what is carried over": (carrying, "_note"),
    "renaming of a note": (Path, "rename"),
    "batch that is carried over": (carrying, "_write"),
}
PUTS = {
    "segment": "/segments/",
    "seal": "/seals/",
    "leaves": "log/leaves/",
    "checkpoint": "log/checkpoints/",
}
HALF = "half of a write to the journal"


def names():
    """Return the names of all steps to die at."""
    steps = [*STEPS, *(f"put of {what}" for what in PUTS)]
    return [f"{when} the {step}" for step in steps for when in ("before", "after")] + [HALF]


class Steps:
    """Counts the passages of every step, and dies at one of them."""

    def __init__(self, name="", passage=0):
        self.name, self.passage = name, passage
        self.passed = Counter()

    def at(self, name):
        """Pass a step."""
        self.passed[name] += 1
        if name == self.name and self.passed[name] == self.passage:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watched(self):
        """Wrap the steps."""
        with ExitStack() as patches:
            for step, (owner, name) in STEPS.items():
                patches.enter_context(mock.patch.object(owner, name, self._around(step, getattr(owner, name))))
            patches.enter_context(mock.patch.object(LocalStore, "put", self._put(LocalStore.put)))
            patches.enter_context(mock.patch.object(journal, "write_all", self._halved(journal.write_all)))
            yield self

    def _around(self, step, real):
        def call(*args, **kwargs):
            self.at(f"before the {step}")
            done = real(*args, **kwargs)
            self.at(f"after the {step}")
            return done

        return call

    def _put(self, real):
        def call(store, key, data, *, retain_until):
            step = next(f"put of {what}" for what, part in PUTS.items() if part in key)
            self._around(step, real)(store, key, data, retain_until=retain_until)

        return call

    def _halved(self, real):
        def call(descriptor, data, offset):
            half = len(data) // 2
            if (self.name, self.passed[HALF] + 1) == (HALF, self.passage):
                real(descriptor, data[:half], offset)
            self.at(HALF)
            real(descriptor, data, offset)

        return call


def forked(task):
    """Run `task` in a fork that never returns; return what it returned as text, or None where it was killed.

    An error of the evidence package is an outcome, `refused: …`. Any other error is one of the test.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = str(task())
        except EvidenceError as error:
            said = f"refused: {type(error).__name__}: {error}"
        except BaseException:  # noqa: BLE001 - told to the parent
            said = f"broke: {traceback.format_exc()}"
        os.writev(write, [said.encode()])
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    assert not said.startswith("broke: "), said
    return said or None


def dying(folder, name, passage, **how):
    """Live, and die at a step; return whether it was passed."""

    def task():
        with Steps(name, passage).watched():
            life.live(folder, **how)

    return forked(task) is None


def passages(folder, **how):
    """Live, and return how often each step was passed."""

    def task():
        with Steps().watched() as steps:
            life.live(folder, **how)
        return "\n".join(f"{number} {name}" for name, number in steps.passed.items())

    lines = [line.partition(" ") for line in forked(task).splitlines()]
    return {name: int(number) for number, _, name in lines}
