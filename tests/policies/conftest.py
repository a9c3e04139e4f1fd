"""What tests of the policies say at the end: how many corrupted questions each action met."""

import pytest

LINES = pytest.StashKey[list[str]]()


@pytest.fixture
def say(request):
    """Have a line said in the summary."""
    return request.config.stash.setdefault(LINES, []).append


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("policies")
        for line in sorted(lines):
            terminalreporter.line(line)
