"""The running configuration as rows: what stands in no record, because nobody did anything. Only of now.

Rows have no place in the log: their chain is `configuration.<name>`, their number the order here, their leaf hash that
of their JSON. docs/frameworks.md lists their members, which conditions of control tests name.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from app import activation, assurance, keys
from app.control_testing.errors import ControlTestingError
from app.db import DatabaseUrlError, open_engine
from app.jobs.ledger import State
from app.jobs.rows import JobRunRow
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.errors import BundleError
from app.settings import Settings
from evidence import form
from evidence.tree import leaf_hash
from frameworks.population import Configuration
from frameworks.testing import Row

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_SECONDS: Final = "%Y-%m-%dT%H:%M:%SZ"

Document = dict[str, Any]


def configuration(name: Configuration, settings: Settings, now: datetime) -> list[Row]:
    """Return the rows of one part of the configuration.

    Raises:
        ControlTestingError: it cannot be read.
    """
    try:
        documents = list(_PARTS[name](settings, now))
    except (BundleError, DatabaseUrlError, SQLAlchemyError, OSError) as error:
        raise ControlTestingError(f"the configuration `{name}` cannot be read: {type(error).__name__}") from error
    time = form.time_text(now)
    return [_row(name, number, time, document) for number, document in enumerate(documents)]


def _row(name: Configuration, number: int, time: str, document: Document) -> Row:
    whole = {"configuration": str(name), "time": time, **document}
    # when it was looked at is not part of what was seen: the same configuration has the same hash
    text = json.dumps({**whole, "time": ""}, sort_keys=True, separators=(",", ":")).encode()
    return Row(chain=f"configuration.{name}", seq=number, time=time, leaf=leaf_hash(text).hex(), document=whole)


def _store(settings: Settings, now: datetime) -> Iterator[Document]:
    kept = assurance.kept(settings)
    yield {
        "kind": "assurance",
        "probed": kept is not None,
        "level": None if kept is None else str(kept.level),
        "rank": -1 if kept is None else kept.level.rank,
        "required": None if settings.require is None else str(settings.require),
        "age_hours": None if kept is None else (now - kept.time) // _HOUR,
    }
    for name, span in sorted(settings.retention.items()):
        yield {"kind": "retention", "class": name, "days": span // _DAY}
    for name, span in sorted(settings.payloads.items()):
        yield {"kind": "payloads", "class": name, "days": span // _DAY}


def _keys(settings: Settings, now: datetime) -> Iterator[Document]:
    for kind, file in (("signing", keys.LOG_KEY), ("token", keys.TOKEN_KEY), ("lookup", keys.LOOKUP_KEY)):
        if (path := settings.keys / file).exists():
            yield {"kind": kind, "age_days": _age(path, now)}
    generations = sorted(settings.keys.glob("kek-*.k[em][ys]"), key=lambda path: path.stem)  # `.key` and `.kms`
    for path in generations:
        yield {
            "kind": "kek",
            "generation": int(path.stem.removeprefix("kek-")),
            "newest": path == generations[-1],
            "age_days": _age(path, now),
        }


def _age(path: Path, now: datetime) -> int:
    return (now - datetime.fromtimestamp(path.stat().st_mtime, UTC)) // _DAY


def _callers(settings: Settings, _now: datetime) -> Iterator[Document]:
    for name, caller in sorted(_in_force(settings).callers.items()):
        yield {
            "kind": "caller",
            "caller": name,
            "tenant": caller.tenant,
            "actions": sorted(caller.actions),
            "subject_types": sorted(caller.subject_types),
            "explain": caller.explain,
            "proxy": caller.proxy is not None,
            "per_second": caller.limits.per_second,
            "per_day": caller.limits.per_day,
            "credentials": sorted({each[0] for each in caller.credentials.each()}),
        }


def _policies(settings: Settings, now: datetime) -> Iterator[Document]:
    bundle = _in_force(settings)
    opinion = activation.second_opinion(settings.bundles, bundle.digest)
    yield {
        "kind": "bundle",
        "digest": bundle.digest,
        "revision": bundle.revision,
        "from_repository": settings.policy_repository is not None,
        "second_opinion": opinion is not None,
    }
    for action in bundle.actions.values():
        for gate, rule in action.rules.items():
            yield {
                "kind": "gate",
                "rule": rule.id,
                "action": action.name,
                "gate": gate,
                "severity": rule.severity.value,
                "enforcement": rule.at(now.strftime(_SECONDS)).value,
                "controls": list(rule.controls),
            }


def _in_force(settings: Settings) -> Bundle:
    return load_snapshot(activation.active(settings.bundles))


def _jobs(settings: Settings, now: datetime) -> Iterator[Document]:
    engine = open_engine(settings.product)
    try:
        with Session(engine) as session:
            found = list(session.scalars(select(JobRunRow).order_by(col(JobRunRow.scheduled_for))))
    finally:
        engine.dispose()
    last = {row.job: row for row in found}
    failed = {name: sum(row.state == State.FAILED for row in found if row.job == name) for name in last}
    for name, row in sorted(last.items()):
        yield {
            "kind": "job",
            "job": name,
            "state": row.state,
            "code": row.code,
            "age_hours": (now - datetime.fromtimestamp(row.scheduled_for, UTC)) // _HOUR,
            "failed": failed[name],
        }


def _settings(settings: Settings, _now: datetime) -> Iterator[Document]:
    for each in fields(settings):
        if each.repr:  # what is not shown in a traceback is not shown here
            yield {"kind": "setting", "name": each.name, "value": _shown(getattr(settings, each.name))}


def _shown(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return str(value) if isinstance(value, str) else value
        case float():
            return int(value) if value.is_integer() else round(value, 3)
        case timedelta():
            return value // _DAY
        case Mapping():
            return {str(name): _shown(entry) for name, entry in value.items()}
        case tuple():
            return len(value)  # who is told or asked is named in the settings alone
        case _:
            return str(value)


_PARTS: Final[Mapping[Configuration, Callable[[Settings, datetime], Iterator[Document]]]] = {
    Configuration.STORE: _store,
    Configuration.KEYS: _keys,
    Configuration.CALLERS: _callers,
    Configuration.JOBS: _jobs,
    Configuration.POLICIES: _policies,
    Configuration.SETTINGS: _settings,
}
