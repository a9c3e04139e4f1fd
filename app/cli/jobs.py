"""`omega jobs`: list, run, alerts."""

import argparse
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app import status
from app.cli.output import NO_SERVICE, CommandError, print_json, print_rows
from app.jobs import requests
from app.settings import Settings

_PATIENCE: Final = 60.0  # seconds until a run that was asked for has to have ended
_LOOK: Final = 0.2


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("jobs", help="what is due at times: see the last runs, have one made now")
    names = group.add_subparsers(required=True, metavar="COMMAND")
    listing = names.add_parser("list", help="say how each job stands, and the alerts")
    listing.set_defaults(run=run_list)
    running = names.add_parser("run", help="have a job run now, on the node that leads, and wait for it")
    running.add_argument("name", metavar="NAME", help="as `omega jobs list` has it")
    running.set_defaults(run=run_now)
    for command in (listing, running):
        command.add_argument("--json", action="store_true", help="print JSON")


def run_list(options: argparse.Namespace, settings: Settings) -> int:
    """Say how jobs stand: exit code 1 where the last run of one failed.

    Raises:
        CommandError: no process runs jobs.
    """
    found = _standing(settings)
    if options.json:
        print_json(found)
    else:
        print(f"{found['node']}: {'leads' if found['leads'] else 'another node leads, or none yet'}")
        print_rows(rows(found))
        alerts = found["alerts"]
        print(f"alerts: {alerts['waiting']} wait, {len(alerts['dead'])} could not be told")
        for alert, target, code in alerts["dead"]:
            print(f"  {alert} to {target}: {code}")
    return 1 if any(run["state"] == "failed" for run in found["runs"]) else 0


def run_now(options: argparse.Namespace, settings: Settings) -> int:
    """Have a job run, and say how it ended: exit code 1 where it failed or was denied.

    Raises:
        CommandError: there is no such job here, or nobody runs it.
    """
    found = _standing(settings)
    if options.name not in found["jobs"]:
        raise CommandError(f"there is no job `{options.name[:64]}`; see `omega jobs list`")
    began = time.time() * 1000
    requests.want(settings.data, options.name)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        time.sleep(_LOOK)
        found = _standing(settings)
        if options.name in found["denied"] and options.name not in requests.wanted(settings.data):
            raise CommandError(f"denied by decision {found['denied'][options.name]}", 1)
        for run in found["runs"]:
            if run["job"].partition("@")[0] == options.name and run["started_at"] >= began - 1 and run["ended_at"]:
                return _ended(run, as_json=options.json)
    requests.take(settings.data, options.name)
    raise CommandError("nobody ran it: if another node leads, ask there", NO_SERVICE)


def _ended(run: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        print_json(dict(run) | {"detail": json.loads(run["detail"])})
    else:
        print(f"{run['job']}: {run['code'] or run['state']}  {run['detail']}")
    return 0 if run["state"] == "finished" else 1


def rows(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the last run of each job as rows of text."""
    runs = {run["job"].partition("@")[0]: run for run in found["runs"]}
    told: list[tuple[str, ...]] = [("job", "last for", "state", "took", "missed", "by")]
    for name in found["jobs"]:
        if name in found["denied"]:
            told.append((name, "-", f"denied by {found['denied'][name]}", "-", "-", "-"))
        elif (run := runs.get(name)) is None:
            told.append((name, "-", "never ran", "-", "-", "-"))
        else:
            took = "-" if run["ended_at"] is None else f"{(run['ended_at'] - run['started_at']) / 1000:.1f} s"
            at = datetime.fromtimestamp(run["scheduled_for"], UTC).isoformat().replace("+00:00", "Z")
            told.append((name, at, run["code"] or run["state"], took, str(run["missed"]), run["runner"]))
    return told


def _standing(settings: Settings) -> dict[str, Any]:
    found = status.jobs(settings, time.time())
    if found is None:
        raise CommandError(f"no process runs jobs on `{settings.data}`; see OMEGA_JOBS", NO_SERVICE)
    return dict(found)
