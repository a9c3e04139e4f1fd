"""`omega status`."""

import argparse
import time
from collections.abc import Mapping
from typing import Any

from app import status
from app.cli import jobs
from app.cli.output import NO_SERVICE, CommandError, print_json, print_rows
from app.settings import Settings
from app.status import Status

_SHORT = 12  # characters of a digest


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser("status", help="say how the running service stands")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Say how the service stands: exit code 0 where it is ready, 1 where it is not.

    Raises:
        CommandError: there is none.
    """
    found = status.look(settings, time.time())
    if found is None:
        raise CommandError(f"no service runs on `{settings.data}`; start it with `omega serve`", NO_SERVICE)
    if options.json:
        print_json(found.document())
    else:
        _print(found)
    return 0 if found.ready else 1


def _print(found: Status) -> None:
    service, store = found.service, found.assurance
    print(f"{'ready' if found.ready else 'NOT READY'}: {service['url']}, pid {service['pid']}, up {_up(service)}")
    for what in found.lacking:
        print(f"  {what}")
    for alarm in found.alarms:
        print(f"alarm: {alarm}")
    print(f"storage assurance: {store['level'] if store else 'not known yet'}")
    print(f"sealer: {'has not finished a round' if found.sealer is None else f'{found.sealer:.1f} s ago'}")
    print(f"anchors: {', '.join(found.anchored) or 'none'}")
    rows = [("process", "pid", "up", "starts")]
    _table([*rows, *((each["name"], str(each["pid"]), _up(each), str(each["starts"])) for each in found.processes)])
    _table([("worker", "tenant", "bundle", "revision", "engine"), *_bundles(found)])
    if found.jobs is not None:
        leads = "this node leads" if found.jobs["leads"] else "another node leads, or none yet"
        alerts = found.jobs["alerts"]
        print(f"\njobs: {leads}; alerts: {alerts['waiting']} wait, {len(alerts['dead'])} could not be told")
        print_rows(jobs.rows(found.jobs))
    _table([("worker", "chain", "class", "queued", "unsealed", "bytes", "waits", "fault"), *_chains(found)])


def _bundles(found: Status) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for each in found.workers:
        number = str(each["number"])
        rows.append((number, "(node)", each["bundle"][:_SHORT], each["revision"][: _SHORT + 4], each["engine"]))
        rows += [(number, name, (digest or "NONE")[:_SHORT], "", "") for name, digest in each["tenants"].items()]
    return rows


def _chains(found: Status) -> list[tuple[str, ...]]:
    return [
        (
            str(each["number"]),
            chain["chain"],
            chain["class"],
            str(chain["queued"]),
            str(chain["unsealed"]),
            str(chain["unsealed_bytes"]),
            f"{chain['age']:.1f} s",
            chain["fault"] or "-",
        )
        for each in found.workers
        for chain in each["chains"]
    ]


def _table(rows: list[tuple[str, ...]]) -> None:
    print()
    print_rows(rows)


def _up(said: Mapping[str, Any]) -> str:
    minutes, seconds = divmod(int(said["up"]), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds:02}s"
