"""A child ends with the process that started it, also when that one had no chance to say so."""

import subprocess
import sys

CHILD = """
import sys
from app.pdp.lifeline import end_with_parent
end_with_parent({parent})
print("alive", flush=True)
sys.stdin.read()
"""
PARENT = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}.format(parent=os.getpid())], stdout=sys.stdout.fileno())
sys.stdin.read()
"""


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CHILD.format(parent=-1)], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (1, b"", b"")


def test_a_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"alive\n"

        parent.kill()

        assert parent.stdout.read() == b""  # the end of the pipe: the child, which held it too, is gone
