"""`omega serve`."""

import argparse
import shlex
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from app import assurance, logs, portal_process, supervisor
from app.addresses import loopback_url
from app.cli.output import CommandError, print_json
from app.pdp.errors import BundleError
from app.settings import Plane, Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser("serve", help="run the service until it is told to stop")
    command.add_argument("--json", action="store_true", help="print where it listens as JSON")
    command.add_argument(
        "--plane",
        action="append",
        choices=list(Plane),
        type=Plane,
        help="run this plane alone, or several: decision, control (pages for officers), background (index and anchors),"
        " jobs (beside background, where nobody decides), portal (pages for auditors)",
    )
    command.add_argument("--host", metavar="ADDRESS", help="listen here, whatever OMEGA_HOST says")
    command.add_argument("--port", metavar="N", help="listen on this port, whatever OMEGA_PORT says")
    command.add_argument("--workers", metavar="N", help="so many decision workers, whatever OMEGA_WORKERS says")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve."""
    logs.begin("supervisor", settings.log_form)
    given = {"OMEGA_HOST": options.host, "OMEGA_PORT": options.port, "OMEGA_WORKERS": options.workers}
    settings = settings.changed({name: value for name, value in given.items() if value is not None})
    planes = options.plane or list(Plane)
    if set(planes) == {Plane.PORTAL} and not settings.portal.url:
        raise CommandError("there is no auditor portal without OMEGA_PORTAL_URL: say what auditors know it by")
    if Plane.JOBS in planes and set(planes) <= {Plane.JOBS, Plane.PORTAL}:
        raise CommandError("nobody would say how the node does: run `--plane jobs` beside `--plane background`")
    try:
        return supervisor.serve(settings, lambda url: _ready(url, settings, planes, as_json=options.json), planes)
    except (supervisor.ServeError, BundleError) as error:
        raise CommandError(str(error)) from error


def _ready(url: str, settings: Settings, planes: Collection[Plane], *, as_json: bool) -> None:
    store = assurance.kept(settings)
    if as_json:
        level = None if store is None else store.label
        print_json({"url": url, "data": str(settings.data), "store": settings.store, "assurance": level})
        return
    if portal_process.runs(settings, planes):
        print(f"auditors find their engagements on {settings.portal.url}/", flush=True)
    if portal_process.alone(planes):
        return
    if Plane.DECISION not in planes and Plane.CONTROL in planes:
        print(f"omega serves pages for officers on {url}/policies/, and records in {settings.store}", flush=True)
        return
    if Plane.DECISION not in planes:
        if Plane.JOBS in planes:
            print("omega runs jobs, where this node leads; `omega jobs list` says how they stand", flush=True)
        print(f"omega keeps index and anchors of {settings.store}, and says how on {url}; stop with Ctrl-C", flush=True)
        return
    omega = _places(settings) + _command()
    print(
        f"""
omega decides on {url}, and records in {settings.store}
storage assurance {f"{store.label}: {store.meaning}" if store else "not known yet"}

ask for a decision (allowed; lower its "coverage_percent", and it is not):

  curl -sS {url}/access/v1/evaluation \\
    -H "authorization: Bearer $({omega} token issue --subject marketplace)" \\
    -H 'content-type: application/json' --data @examples/publish.json

{_officers(url, settings, planes, omega)}verify the log, here or with nothing but Python on another machine:

  {omega} evidence verify
{_elsewhere(settings)}

stop with Ctrl-C
""",
        flush=True,
    )


def _officers(url: str, settings: Settings, planes: Collection[Plane], omega: str) -> str:
    """Return where officers find their pages, and how they get in."""
    if Plane.CONTROL not in planes:
        return ""
    login = (
        f"\n\n  {_address(url, settings)}{omega} officer login --id YOU --groups omega-policy-authors"
        if settings.oidc_issuer is None
        else ""
    )
    return f"read the policies on {url}/policies/{', with a login link:' if login else ''}{login}\n\n"


def _address(url: str, settings: Settings) -> str:
    """Return the setting without which another command would not know where the pages are."""
    usual = Settings.from_environment({})
    if settings.public_url is None and loopback_url(settings.host, settings.port) is None:
        return ""  # nobody can tell; the command says what to set
    known = settings.public_url or url
    return "" if known == loopback_url(usual.host, usual.port) else f"OMEGA_PUBLIC_URL={shlex.quote(known)} "


def _elsewhere(settings: Settings) -> str:
    """Return how to verify without this installation."""
    key = shlex.quote(str(settings.keys / "log.vkey"))
    if "://" in settings.store:
        return f"  (copy the store to a directory, then: python3 verify_evidence.py verify DIRECTORY --key {key})"
    return f"  python3 verify_evidence.py verify {shlex.quote(settings.store)} --key {key}"


def _places(settings: Settings) -> str:
    """Return the settings that another command needs to find the same node."""
    usual = Settings.from_environment({}).places
    changed = {name: value for name, value in settings.places.items() if value != usual[name]}
    for name, folder in (("OMEGA_STORE", "store"), ("OMEGA_OBJECTS", "objects"), ("OMEGA_BUNDLE_STORE", "published")):
        if settings.places[name] == str(settings.data / folder):
            changed.pop(name, None)
    return "".join(f"{name}={shlex.quote(value)} " for name, value in changed.items())


def _command() -> str:
    """Return how this command was called, as it can be pasted into a shell in the same directory."""
    if shutil.which("omega"):
        return "omega"
    called = Path(sys.argv[0]).absolute()
    here = Path.cwd()
    return shlex.quote(str(called.relative_to(here) if called.is_relative_to(here) else called))
