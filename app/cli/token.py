"""`omega token issue`."""

import argparse
import time

from app import identity, keys
from app.cli.output import CommandError, print_json
from app.jwt_form import IdentityError
from app.settings import Settings

_DAY = 86_400


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("token", help="bearer tokens for callers").add_subparsers(
        required=True, metavar="COMMAND"
    )
    issue = group.add_parser("issue", help="sign a token for a caller, with this node's token key")
    issue.add_argument(
        "--subject", required=True, metavar="NAME", help="the caller, as policies/data/callers.json names it"
    )
    issue.add_argument("--tenant", default="default", help="the caller's tenant (default: %(default)s)")
    issue.add_argument(
        "--lifetime", type=int, default=_DAY, metavar="SECONDS", help="how long it is good (default: a day)"
    )
    issue.add_argument("--json", action="store_true", help="print JSON")
    issue.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Issue a token."""
    text = issue(settings, options.subject, options.tenant, options.lifetime)
    if options.json:
        print_json({"token": text, "subject": options.subject, "tenant": options.tenant})
    else:
        print(text)
    return 0


def issue(settings: Settings, subject: str, tenant: str, lifetime: int) -> str:
    """Return a fresh token.

    Raises:
        CommandError: there is no key, or the claims cannot be.
    """
    try:
        node = keys.load(settings.keys)
        return identity.issue(
            node.token, subject=subject, tenant=tenant, issuer=settings.origin, lifetime=lifetime, now=time.time()
        )
    except (keys.KeyFileError, IdentityError) as error:
        raise CommandError(str(error)) from error
