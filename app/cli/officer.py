"""`omega officer login`."""

import argparse
import os
import time
from urllib.parse import urlencode

from app import keys
from app.addresses import loopback_url
from app.cli.output import CommandError, print_json
from app.features.session.identified import LoginError
from app.features.session.links import LONGEST, Links
from app.settings import Settings

_MINUTES = 300  # seconds


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("officer", help="officers, where there is no identity provider").add_subparsers(
        required=True, metavar="COMMAND"
    )
    login = group.add_parser(
        "login",
        help="print a link that signs an officer in, once",
        description="Whoever runs this vouches for the officer: the groups are believed as an identity provider's are."
        " For an installation without one. The link is good once.",
    )
    login.add_argument("--id", required=True, metavar="NAME", help="the officer, as records name the one who acts")
    login.add_argument(
        "--groups", required=True, nargs="+", metavar="GROUP", help="as policies/data/roles.json names them"
    )
    login.add_argument(
        "--lifetime",
        type=int,
        default=_MINUTES,
        metavar="SECONDS",
        help=f"how long the link is good, at most {LONGEST} (default: %(default)s)",
    )
    login.add_argument("--json", action="store_true", help="print JSON")
    login.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print a link."""
    place = settings.public_url or loopback_url(settings.host, settings.port)
    if place is None:
        raise CommandError("a link says where to go: set OMEGA_PUBLIC_URL")
    if not 0 < options.lifetime <= LONGEST:
        raise CommandError(f"a link is good for 1 to {LONGEST} seconds, not `{options.lifetime}`")
    try:
        node = keys.load(settings.keys)
        links = Links(key=node.token, issuer=settings.origin, now=time.time, random=os.urandom)
        token = links.issue(options.id, options.groups, options.lifetime)
    except keys.KeyFileError as error:
        raise CommandError(str(error)) from error
    except LoginError as error:
        raise CommandError("names of officers and groups are printable, without spaces, at most 128 long") from error
    url = f"{place}/session/link?{urlencode({'token': token})}"
    if options.json:
        print_json({"url": url, "seconds": options.lifetime})
    else:
        print(url)
    return 0
