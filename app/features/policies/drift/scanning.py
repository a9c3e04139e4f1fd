"""Looks at everything that `drift` compares: the node's directory, what its workers say, what is published.

Owns where it is found. What Git declares is handed in, as `declaring` finds it.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from app import activation, keys, status
from app.features.policies.drift.comparing import Declared, Kept, Loaded, Observed
from app.features.policies.errors import PublicationError
from app.features.policies.git.publication import verify_published
from app.objects import ObjectsError, open_objects
from app.pdp.bundle import Bundle, parse_snapshot
from app.pdp.errors import BundleError
from app.settings import Settings
from app.status import Said

_MOST: Final = 64 << 20  # bytes of a snapshot
_RUNTIME: Final = "runtime"


def observe(
    settings: Settings,
    declared: Declared | None,
    now: datetime,
    overrides: tuple[str, ...] = (),
    undeclared: str = "",
) -> Observed:
    """Return how this node stands.

    Args:
        settings: of the node; its processes have the same.
        declared: what is declared.
        now: the time.
        overrides: ids of those that were used although they had ended.
        undeclared: why what was declared cannot be believed.
    """
    active, workers = _active(settings), _workers(settings, now)
    digests = {each.digest for each in workers if each.digest} | ({active} if active else set())
    kept = {digest: look(settings.bundles, digest) for digest in sorted(digests)}
    decides = declared.bundle if declared else next((each.bundle for each in kept.values() if each.bundle), None)
    published, unpublished = _published(settings) if declared and declared.commit else (None, "")
    return Observed(
        declared=declared,
        undeclared=undeclared,
        published=published,
        unpublished=unpublished,
        active=active,
        active_for=_age(settings.bundles / "active", now),
        kept=kept,
        workers=workers,
        engine=f"regorus/{version('gordon-to-regorus')}",
        overrides=overrides,
        settings=() if decides is None else compared(decides, settings),
    )


def look(bundles: Path, digest: str) -> Kept:
    """Return a bundle as it is kept, whether or not it is what its name says."""
    path = activation.snapshot_path(bundles, digest)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError:
        return Kept(digest=digest, bundle=None)
    try:
        bundle = parse_snapshot(data)
    except BundleError:
        return Kept(digest=digest, bundle=None, sources=_claimed(data))
    return Kept(digest=digest, bundle=bundle if bundle.digest == digest else None, sources=bundle.modules)


def running(settings: Settings) -> Mapping[str, str]:
    """Return what runs of the settings that policies may declare, as an operator writes it."""
    return {
        "OMEGA_DEADLINE_MS": str(round(settings.deadline * 1_000)),
        "OMEGA_DRIFT_S": str(settings.drift),
        "OMEGA_EVALUATORS": str(settings.evaluators),
        "OMEGA_INDEX_DAYS": str(settings.index_days),
        "OMEGA_INLINE_BYTES": str(settings.inline),
        "OMEGA_JOBS": "yes" if settings.jobs else "no",
        "OMEGA_MACHINE": "yes" if settings.machine else "no",
        "OMEGA_OPINION_INPUTS": str(settings.opinion_inputs),
        "OMEGA_REQUIRE": str(settings.require or ""),
        "OMEGA_RETENTION": ",".join(f"{name}={time.days}" for name, time in settings.retention.items()),
        "OMEGA_SHADOW_PERMILLE": str(round(settings.shadow * 1_000)),
        "OMEGA_STORE_IMMUTABLE": "yes" if settings.store_immutable else "no",
    }


def compared(bundle: Bundle, settings: Settings) -> tuple[tuple[str, str, str], ...]:
    """Return each setting that `data/runtime.json` declares, with what it declares and what runs."""
    declared = json.loads(bundle.data).get(_RUNTIME, {}).get("settings", {})
    if not isinstance(declared, dict):
        return ()
    runs = running(settings)
    return tuple((name, str(value), runs.get(name, "not known")) for name, value in sorted(declared.items()))


def _active(settings: Settings) -> str | None:
    try:
        return activation.active(settings.bundles).stem
    except BundleError:
        return None


def _age(path: Path, now: datetime) -> float:
    try:
        return max(0.0, now.timestamp() - path.stat().st_mtime)
    except OSError:
        return 0.0


def _workers(settings: Settings, now: datetime) -> tuple[Loaded, ...]:
    said = status.workers(settings, now.timestamp()) or {}
    return tuple(_loaded(name, each) for name, each in said.items())


def _loaded(name: str, said: Said | None) -> Loaded:
    pid = int(said.document["pid"]) if said is not None and said.lives else None
    if said is None or not said.speaks:
        return Loaded(worker=name, digest=None, pid=pid)
    document = said.document
    modules = document.get("loaded", {}).get("modules", {})
    return Loaded(worker=name, digest=str(document["bundle"]), pid=pid, engine=str(document["engine"]), modules=modules)


def _published(settings: Settings) -> tuple[str | None, str]:
    try:
        key = keys.ensure_bundle_key(settings.keys).public_key()
        return verify_published(open_objects(settings.bundle_store), key).bundle.digest, ""
    except (PublicationError, ObjectsError, keys.KeyFileError) as error:
        return None, str(error)


def _claimed(data: bytes) -> dict[str, str]:
    """Return the modules that an evaluator would find in a file that is no snapshot any more."""
    try:
        modules: Any = json.loads(data)["modules"]
        return {path: source for path, source in modules.items() if isinstance(path, str) and isinstance(source, str)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
