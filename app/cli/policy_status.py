"""`omega policy status`: which engine decides each action of the bundle in force, and why."""

import argparse

from app import activation, machine_files, tenants
from app.cli.output import print_json, print_rows, refused
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.errors import BundleError
from app.pdp.fast_path import MACHINE_ENGINE
from app.settings import Settings


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = group.add_parser("status", help="say which engine decides each action, and why")
    command.add_argument("--tenant", metavar="T", help="of the bundle that decides for this tenant")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Tell."""
    try:
        bundle = _in_force(settings, options.tenant)
    except BundleError as error:
        return refused(error, as_json=options.json)
    rows = [(name, *_engine(settings, bundle, name)) for name in sorted(bundle.actions)]
    if options.json:
        actions = [{"action": name, "engine": engine, "reason": reason} for name, engine, reason in rows]
        print_json({"tenant": options.tenant, "bundle": bundle.digest, "revision": bundle.revision, "actions": actions})
        return 0
    fast = sum(engine == MACHINE_ENGINE for _, engine, _ in rows)
    print(f"bundle {bundle.digest} ({bundle.revision}): {fast} of {len(rows)} actions on the fast path")
    print_rows([("action", "engine", "why"), *rows])
    return 0


def _in_force(settings: Settings, tenant: str | None) -> Bundle:
    """Return the bundle in force: the node's, or the one that decides for a tenant.

    Raises:
        BundleError: there is none, or it cannot be read.
    """
    bundles = settings.bundles
    snapshot = activation.active(bundles) if tenant is None else tenants.snapshot_in_force(bundles, tenant)
    try:
        return load_snapshot(snapshot)
    except OSError as error:
        raise BundleError(f"{snapshot.name}:1:1: cannot be read: {error.strerror}") from None


def _engine(settings: Settings, bundle: Bundle, action: str) -> tuple[str, str]:
    """Return the engine that decides `action`, and the reason."""
    if not settings.machine:
        return bundle.engine, "OMEGA_MACHINE is no"
    if action in machine_files.distrusted(settings.bundles, bundle.digest):
        return bundle.engine, "the engines differed in service; the log has an `engine.disagreed`"
    verdicts = machine_files.load_verdicts(settings.bundles, bundle.digest)
    if verdicts is None:
        return bundle.engine, "the engines are not compared yet; a running service does it"
    reason = verdicts.get(action, "it is not compared yet; a running service tries again")
    return (bundle.engine, reason) if reason else (MACHINE_ENGINE, "proved equal")
