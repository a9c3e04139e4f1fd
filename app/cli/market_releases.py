"""`omega market search|show|publish|buy|install`: the marketplace over HTTP, as a service with a bearer token."""

import argparse
import base64
import binascii
import secrets
import urllib.parse
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from app.cli import market_asking as asking
from app.cli.market_asking import ask
from app.cli.output import NO_SERVICE, CommandError, note, print_json, print_rows, printable
from app.settings import Settings

_FILES: Final = ("artifact", "bundle", "manifest", "sbom", "sbom_bundle", "tests", "soak", "rebuild", "vex")
_NEEDED: Final = frozenset({"artifact", "bundle", "manifest"})


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    search = _command(nouns, "search", "find agents that are on sale", run_search)
    search.add_argument("words", nargs="*", metavar="WORD")
    search.add_argument("--category", default="", help="of the agents")
    search.add_argument("--level", default="", help="SLSA build level, at least")
    search.add_argument("--tenant", default="", help="whose private catalogue is looked in")
    show = _command(nouns, "show", "say what is known of an agent", run_show)
    show.add_argument("agent")
    publish = _command(nouns, "publish", "bring in a release, and put it on sale if its gates let it", run_publish)
    publish.add_argument("agent")
    publish.add_argument("version")
    publish.add_argument("--channel", choices=("stable", "preview"), default="stable")
    publish.add_argument("--dry-run", action="store_true", help="say which gates it would pass, and sell nothing")
    for name in _FILES:
        option = f"--{name.replace('_', '-')}"
        publish.add_argument(option, dest=name, type=Path, metavar="FILE", required=name in _NEEDED)
    buy = _command(nouns, "buy", "buy an agent", run_buy)
    buy.add_argument("agent")
    buy.add_argument("--plan", required=True, help="its id")
    buy.add_argument("--quantity", type=int, default=1)
    buy.add_argument("--source", required=True, help="the means of payment, as the payment provider names it")
    buy.add_argument("--accept-licence", action="store_true", help="accept the licence of the agent")
    buy.add_argument("--coupon", action="append", default=[], dest="coupons", metavar="CODE")
    buy.add_argument("--key", help="the same on a second try, so that nothing is bought twice (default: a new one)")
    install = _command(nouns, "install", "install what was bought", run_install)
    install.add_argument("agent", nargs="?", help="to be given a token for; not needed with --token")
    install.add_argument("--version", help="not the one on sale, but this one")
    install.add_argument("--token", help="that was given already")
    install.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the artifact is written")


def _command(
    nouns: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, help_: str, run: Any
) -> argparse.ArgumentParser:
    made = nouns.add_parser(name, help=help_, description=f"{help_}.")
    asking.add_to(made)
    made.add_argument("--json", action="store_true", help="print JSON")
    made.set_defaults(run=run)
    return made


def run_search(options: argparse.Namespace, settings: Settings) -> int:
    """Find agents."""
    asked = {"q": " ".join(options.words), "category": options.category, "level": options.level}
    query = {name: each for name, each in (asked | {"tenant": options.tenant}).items() if each}
    found = ask(options, settings, "/marketplace/?" + urllib.parse.urlencode(query))
    if options.json:
        print_json(found)
    else:
        print_rows(
            [
                (each["id"], each["newest"] or "", f"SLSA {each['slsa_level']}", printable(each["title"]))
                for each in found["agents"]
            ]
            or [("nothing is on sale that fits",)]
        )
    return 0 if found["agents"] else 1


def run_show(options: argparse.Namespace, settings: Settings) -> int:
    """Say what is known of an agent."""
    print_json(ask(options, settings, f"/marketplace/agents/{_part(options.agent)}"))
    return 0


def run_publish(options: argparse.Namespace, settings: Settings) -> int:
    """Bring in a release, say which gates it passes, and put it on sale."""
    place = f"/marketplace/agents/{_part(options.agent)}/releases"
    files = {name: asking.read(path) for name in _FILES if (path := getattr(options, name)) is not None}
    fields = {"version": options.version, "channel": options.channel}
    ask(options, settings, place, form=(fields, files))
    one = f"{place}/{_part(options.version)}"
    lists = ask(options, settings, f"{one}/gates")["checklists"]
    gates = [each for found in lists if found["action"] == "marketplace.publish" for each in found["gates"]]
    missing = [each for each in gates if not each["passed"] and each["enforcement"] == "blocking"]
    if options.json:
        print_json({"release": f"{options.agent}:{options.version}", "gates": gates})
    for each in missing:
        note(f"{each['gate']}: {printable(each['title'])} ({printable('; '.join(each['said'] or each['seen']))})")
    if missing or options.dry_run:
        return 1 if missing else 0
    answer = ask(options, settings, f"{one}/publish", body={})
    note(f"{options.agent} {options.version} is {answer['state']}, by decision {answer['decision_id']}")
    return 0


def run_buy(options: argparse.Namespace, settings: Settings) -> int:
    """Buy an agent."""
    body = {
        "agent": options.agent,
        "plan": options.plan,
        "quantity": options.quantity,
        "coupons": options.coupons,
        "source": options.source,
        "licence": options.accept_licence,
    }
    key = options.key or secrets.token_hex(16)
    note(f"idempotency key {key}")
    print_json(ask(options, settings, "/marketplace/orders", body=body, headers={"idempotency-key": key}))
    return 0


def run_install(options: argparse.Namespace, settings: Settings) -> int:
    """Fetch an artifact by a token, and keep it if it is what the token is for."""
    token = options.token
    if token is None:
        if options.agent is None:
            raise CommandError("name an agent, or give a token with `--token`")
        wanted = {} if options.version is None else {"version": options.version}
        path = f"/marketplace/agents/{_part(options.agent)}/installs"
        token = ask(options, settings, path, body=wanted)["token"]
    found = ask(options, settings, "/marketplace/installs", body={"token": token})
    try:
        data = base64.b64decode(found["artifact_base64"], validate=True)
    except (KeyError, binascii.Error) as error:
        raise CommandError("what answers there is no marketplace", NO_SERVICE) from error
    if f"sha256:{sha256(data).hexdigest()}" != found["artifact"]:
        raise CommandError("the bytes are not those of the artifact; nothing was written", 1)
    try:
        options.out.write_bytes(data)
    except OSError as error:
        raise CommandError(f"`{options.out.name}`: {error.strerror}") from error
    said = {name: each for name, each in found.items() if name != "artifact_base64"}
    print_json(said) if options.json else note(f"{found['agent']} {found['version']}: {found['artifact']}")
    return 0


def _part(text: str) -> str:
    return urllib.parse.quote(text, safe="")
