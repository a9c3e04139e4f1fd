"""A full disk, under the journal or under the store: nothing is taken that does not fit, and room mends it."""

import os
import resource
import subprocess
from contextlib import contextmanager
from unittest import mock

import pytest

from tests.faults import life
from tests.faults.aftermath import aftermath
from tests.faults.dying import forked

FOREVER = 400  # rounds: more than any of these disks takes
ROOM = 8 << 20  # bytes


class SmallDisk:
    """A file system in memory that can grow."""

    def __init__(self, folder, size):
        self.folder = folder
        folder.mkdir()
        self._mount(f"size={size}")

    def grow(self):
        self._mount(f"remount,size={ROOM}")

    def _mount(self, options):
        command = ["mount", "-t", "tmpfs", "-o", options, "none", self.folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"A SMALL DISK IS NOT TESTED, A LIMITED FILE IS: {done.stderr.strip()}")


@contextmanager
def small_disk(folder, size):
    disk = SmallDisk(folder, size)
    try:
        yield disk
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("size", [64 << 10, 100 << 10, 200 << 10], ids=["64 KiB", "100 KiB", "200 KiB"])
@pytest.mark.parametrize("what", ["journal", "store"])
def test_a_full_disk_loses_nothing(quick, tally, what, size):
    node = quick / "node"
    node.mkdir()
    with small_disk(quick / "disk", size) as disk:
        (node / what).symlink_to(disk.folder)
        outcome = forked(lambda: life.live(node, rounds=FOREVER, keep=3_600))
        assert "No space left on device" in outcome
        full = forked(lambda: life.live(node, rounds=FOREVER))
        assert full.startswith("refused: ")
        disk.grow()
        after = aftermath(node)
        assert after.acknowledged > 10
        tally(f"the disk of the {what} is full", after, tried=2)


def limited(node, size, *, aside):
    """Live with files of at most `size` bytes: first a write is cut short, then the next one fails."""

    def task():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        fallocate = os.posix_fallocate if aside else lambda *_: None
        with mock.patch.object(os, "posix_fallocate", fallocate):
            life.live(node)

    return forked(task)


@pytest.mark.parametrize("aside", [True, False], ids=["space set aside", "a file system that sets none aside"])
@pytest.mark.parametrize("size", [300, 700, 701, 900, 1_100, 1_111])
def test_a_write_cut_short_loses_nothing(quick, tally, size, aside):
    outcome = limited(quick / "node", size, aside=aside)
    assert outcome.startswith("refused: ")
    assert "File too large" in outcome
    tally("a write is cut short, then fails", aftermath(quick / "node"))
