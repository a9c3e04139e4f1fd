"""The parser of the whole `omega` command: every command there is, in the order people meet them.

A module is loaded when its command is asked for: all of them together take longer than most commands.
"""

import argparse
from importlib import import_module
from typing import Final

_MODULES: Final = {
    "serve": "serve",
    "status": "status",
    "decide": "decide",
    "decision": "decision",
    "policy": "policy",
    "frameworks": "frameworks",
    "report": "report",
    "evidence": "",  # it parses its own
    "keys": "keys",
    "token": "token",
    "officer": "officer",
    "witness": "witness",
    "openapi": "openapi",
    "subject": "subject",
    "dsr": "dsr",
    "privacy": "privacy",
    "jobs": "jobs",
    "drift": "drift",
    "ai-act": "ai_act",
    "market": "market",
    "portal": "portal",
}
"""Which module of `app.cli` has which command."""


def parser(wanted: str = "") -> argparse.ArgumentParser:
    """Return the parser of one command, or of all where `wanted` is none of them."""
    whole = argparse.ArgumentParser(
        prog="omega",
        description="Decide, record, and prove. Settings are read from OMEGA_* variables (docs/operating.md).",
        epilog="exit codes: 0 yes; 1 no: denied, differs, does not hold; 2 unusable input; 3 the service is not there",
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name in (wanted,) if wanted in _MODULES else _MODULES:
        if module := _MODULES[name]:
            import_module(f"app.cli.{module}").add_to(commands)
        else:
            commands.add_parser(name, help="verify the log, show or prove a record, probe the store", add_help=False)
    return whole
