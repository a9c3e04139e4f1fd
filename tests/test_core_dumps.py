"""What has keys in its memory is dumped nowhere."""

import ast
import os
import re
import resource
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from app import core_dumps
from tests.pdp.evaluating import ROOT

CRASH = """
import ctypes, os, resource, signal, sys
{first}
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.kill(os.getpid(), signal.SIGABRT)
"""


def test_both_are_asked_of_the_kernel(monkeypatch):
    asked = []
    monkeypatch.setattr(core_dumps.resource, "setrlimit", lambda *given: asked.append(given))
    monkeypatch.setattr(core_dumps, "_C", SimpleNamespace(prctl=lambda *given: asked.append(given)))
    core_dumps.refuse_core_dumps()
    assert asked == [(resource.RLIMIT_CORE, (0, 0)), (4, 0, 0, 0, 0)]


def test_a_process_that_refuses_has_no_limit_left_and_is_not_dumpable():
    first = "from app.core_dumps import refuse_core_dumps; refuse_core_dumps()"
    ended = subprocess.run(
        [sys.executable, "-c", CRASH.format(first=first)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGABRT, "(0, 0) 0\n")


def test_a_process_is_dumpable_otherwise():
    soft = "resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", CRASH.format(first=soft)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stdout.endswith(" 1\n")


def test_a_crash_leaves_no_core_dump():
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # which a shell may have had ignored
        core_dumps.refuse_core_dumps()
        os.kill(os.getpid(), signal.SIGQUIT)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert (os.WTERMSIG(status), os.WCOREDUMP(status)) == (signal.SIGQUIT, False)


def starts():
    """Return the modules that are started as processes of a node, with the functions in which that begins."""
    for package in ("app", "auditor_portal"):
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text()
            apart = path.parts[-2] == "pdp"  # evaluators and the like: they have no keys, and inherit the limit
            if not apart and re.search(r"^\s+end_with_parent\(", text, re.MULTILINE):
                yield pytest.param(text, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize("text", list(starts()))
def test_each_process_refuses_first(text):
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef):
            called = [ast.unparse(each.func) for each in ast.walk(function) if isinstance(each, ast.Call)]
            if "end_with_parent" in called:
                done = [each.value for each in function.body if isinstance(each, ast.Expr)]
                assert ast.unparse(next(each for each in done if isinstance(each, ast.Call))) == "refuse_core_dumps()"
