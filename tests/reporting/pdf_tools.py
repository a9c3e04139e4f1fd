"""What looks at PDFs and at OSCAL in tests: programs that may be missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TRESTLE = Path(__file__).parents[2] / ".venv/oscal/bin/python"


def missing(what, said):
    """Skip loudly, or fail where everything has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} has to be tested here: {said}")
    pytest.skip(f"{what.upper()} IS NOT TESTED: {said}")


def ran(*command, code=0):
    """Run one of Debian's programs and return what it says."""
    if shutil.which(command[0]) is None:
        missing("PDF", "`make .venv/pdf-tools` looks for qpdf and poppler-utils")
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == code, ended.stderr
    return ended.stdout
