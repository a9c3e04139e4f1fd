"""The parser of the whole `omega` command: every command there is, in the order people meet them."""

import argparse

from app.cli import (
    decide,
    decision,
    drift,
    frameworks,
    jobs,
    keys,
    officer,
    openapi,
    policy,
    serve,
    status,
    subject,
    token,
    witness,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    whole = argparse.ArgumentParser(
        prog="omega",
        description="Decide, record, and prove. Settings are read from OMEGA_* variables (docs/operating.md).",
        epilog="exit codes: 0 yes; 1 no: denied, differs, does not hold; 2 unusable input; 3 the service is not there",
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    serve.add_to(commands)
    status.add_to(commands)
    decide.add_to(commands)
    decision.add_to(commands)
    policy.add_to(commands)
    frameworks.add_to(commands)
    commands.add_parser("evidence", help="verify the log, show or prove a record, probe the store", add_help=False)
    keys.add_to(commands)
    token.add_to(commands)
    officer.add_to(commands)
    witness.add_to(commands)
    openapi.add_to(commands)
    subject.add_to(commands)
    jobs.add_to(commands)
    drift.add_to(commands)
    return whole
