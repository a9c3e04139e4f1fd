"""The page about functions is the tables' own."""

import subprocess
import sys
from pathlib import Path

import app
from app.pdp.builtins import BUILTINS, DIFFERENCES, LEFT_OUT, document

ROOT = Path(app.__file__).parents[1]


def test_the_page_is_made_of_the_tables():
    assert (ROOT / "docs" / "builtins.md").read_text("utf-8") == document()


def test_the_command_that_the_page_names_prints_it():
    command = [sys.executable, "-m", "app.pdp.builtins"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == document()


def test_no_function_is_both_allowed_and_left_out():
    assert BUILTINS.keys() & LEFT_OUT.keys() == set()


def test_differences_are_said_of_functions_that_are_allowed():
    names = [name for names in DIFFERENCES for name in names.split(", ")]
    assert [name for name in names if not any(each.startswith(name.rstrip("*")) for each in BUILTINS)] == []
