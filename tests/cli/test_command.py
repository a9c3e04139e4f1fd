"""What all commands have in common: help, one line for what is wrong, exit codes."""

import os
import subprocess
import sys

import pytest

from app.cli import commands
from app.cli.output import print_rows
from tests.pdp.evaluating import ROOT

COMMANDS = [
    [],
    ["serve"],
    ["decide"],
    ["decision"],
    ["decision", "replay"],
    ["policy"],
    ["policy", "test"],
    ["policy", "check"],
    ["policy", "reload"],
    ["evidence"],
    ["evidence", "verify"],
    ["evidence", "show"],
    ["evidence", "prove"],
    ["evidence", "check-proof"],
    ["token"],
    ["token", "issue"],
    ["keys"],
    ["keys", "rotate-kek"],
    ["subject"],
    ["subject", "erase"],
    ["subject", "hold"],
    ["subject", "release"],
    ["subject", "replay-erasures"],
    ["subject", "sweep"],
]
NAMES = [" ".join(command) or "omega" for command in COMMANDS]


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_every_command_explains_itself(omega, command):
    ended = omega(*command, "--help")
    assert (ended.code, ended.errors) == (0, "")
    assert ended.out.startswith(f"usage: omega {' '.join(command)}".rstrip())


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_an_option_that_nobody_knows_is_refused_by_every_command(omega, command):
    ended = omega(*command, "--no-such-option")
    assert (ended.code, ended.out) == (2, "")
    assert ended.errors.startswith("usage: omega")
    assert ": error: " in ended.errors.splitlines()[-1]


def test_the_help_says_what_exit_codes_mean(omega):
    assert "exit codes: 0 yes; 1 no" in " ".join(omega("--help").out.split())


def test_every_command_stands_in_the_help(omega):
    out = omega("--help").out
    for name in ("serve", "decide", "decision", "policy", "evidence", "token", "keys", "subject"):
        assert f"    {name} " in out


def test_a_setting_that_cannot_be_is_one_line(omega, monkeypatch):
    monkeypatch.setenv("OMEGA_PORT", "high")
    ended = omega("policy", "check")
    assert ended.code == 2
    assert ended.message == "OMEGA_PORT cannot be `high`: it is a whole number from 0 to 65535"


def test_an_interrupt_is_no_error(omega, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "parser", interrupt)
    ended = omega("policy", "check")
    assert (ended.code, ended.out, ended.errors) == (130, "", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["policy", "test", "--action", "marketplace.publish", "--json"], ["--help"]], ids=["an answer", "help"]
)
def test_whoever_stops_reading_sees_no_error(command):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *command],
            stdout=closed,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
            timeout=60,
        )
    assert done.stderr == b""
    assert done.returncode in (0, 1)


def test_columns_are_as_wide_as_they_need_to_be(capsys):
    print_rows([("a", "b"), ("long", ""), ("", "c")])
    assert capsys.readouterr().out == "a     b\nlong\n      c\n"
