"""OPA's engine, where it can be had, and what is said of the comparison at the end."""

import os

import pytest

from app.pdp.opa import running_opa
from tests.opa.oracle import LIBRARY, absent

LINES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def opa(request):
    if not LIBRARY.exists():
        request.config.stash.setdefault(LINES, []).append("NOT COMPARED: `make .venv/opa` fetches OPA's engine")
        absent(os.environ)
    with running_opa(LIBRARY) as oracle:
        yield oracle


@pytest.fixture
def say(request):
    """Have a line said in the summary."""
    return request.config.stash.setdefault(LINES, []).append


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("compared with OPA's own engine")
        for line in sorted(lines):
            terminalreporter.line(line)
