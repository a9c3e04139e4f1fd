"""An auditor's own work as files of a workpaper: runs, decisions made again, samples, items, notes, conclusions.

Pure. Every file says whose work it is, and that it is no statement of the entity.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.audits.rows_work import AgainRow, ConclusionRow, NoteRow, RunRow
from app.csv_table import Table
from app.reporting.watermark import Watermark
from app.reporting.workpaper import Work as Files
from auditor_portal.replaying import Verdict
from auditor_portal.testing.deciding_again import NO_DECISION
from auditor_portal.testing.keeping import Looks, Work
from evidence.form import time_text

LABEL: Final = "The auditor's own work: no statement of the entity, and none of the log."

Rows = list[dict[str, Any]]


def work_files(work: Work, results: Mapping[str, Rows], mark: Watermark) -> Files:
    """Return the files, and the positions of the records that the auditor looked at.

    Args:
        work: all of an engagement.
        results: by run, what its tests showed.
        mark: whose copy it is.
    """
    tables = {
        "runs": [_run(each, results.get(each.id, [])) for each in work.runs],
        "again": [_again(each) for each in work.again],
        "samples": [_sample(each) for each in work.samples],
        "items": [_item(each, number) for each in work.samples for number in range(len(each.items))],
        "notes": [_note(each) for each in _notes(work)],
        "conclusions": [_conclusion(each) for each in work.conclusions],
    }
    files = {"README.txt": f"{LABEL}\n{mark.line}.\n".encode()}
    for name, rows in tables.items():
        said = {"label": LABEL, "watermark": mark.document(), name: rows}
        files[f"{name}.json"] = (json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
        files[f"{name}.csv"] = _table(name, rows, mark).csv().encode()
    positions = sorted({item.item.position for each in work.samples for item in each.items})
    return Files(files=files, positions=tuple(positions))


_VERDICTS: Final = (*(each.value for each in Verdict), NO_DECISION)
_HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    "runs": ("id", "control", "phase", "from", "to", "auditor", "state", "asked_at", "decision", "results"),
    "again": ("id", "control", "test", "run", "tried", *_VERDICTS, "auditor", "state", "asked_at", "decision"),
    "samples": ("id", "control", "test", "kind", "run", "seed", "size", "positions", "auditor", "made_at", "decision"),
    "items": ("sample", "control", "number", "position", "reason", "result", "text", "auditor", "at", "version"),
    "notes": ("about", "version", "control", "sample", "position", "result", "text", "auditor", "at", "decision"),
    "conclusions": ("control", "version", "conclusion", "by_rule", "run", "reason", "auditor", "at", "decision"),
}


def _table(name: str, rows: Rows, mark: Watermark) -> Table:
    head = _HEADS[name]
    cells = tuple(tuple(_cell(row[column]) for column in head) for row in rows)
    return Table(name=name, head=head, rows=cells, foot=f"{LABEL} {mark.line}")


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(each if isinstance(each, str) else f"{each['test']}={each['outcome']}" for each in value)
    return value


def _run(run: RunRow, results: Rows) -> dict[str, Any]:
    return {
        "id": run.id,
        "control": run.control or "all",
        "phase": run.phase,
        "from": run.period_start,
        "to": run.period_end,
        "auditor": run.auditor,
        "state": run.state,
        "asked_at": _time(run.asked_at),
        "decision": run.decision_id,
        "results": results,
    }


def _again(again: AgainRow) -> dict[str, Any]:
    """Return decisions that were made again; what is not done has none."""
    found = json.loads(again.document or "{}")
    verdicts = [each["verdict"] for each in found.get("records", ())]
    return {
        "id": again.id,
        "control": again.control,
        "test": again.test,
        "run": again.run,
        "tried": len(verdicts),
        **{verdict: verdicts.count(verdict) for verdict in _VERDICTS},
        "found": found,
        "auditor": again.auditor,
        "state": again.state,
        "asked_at": _time(again.asked_at),
        "decision": again.decision_id,
    }


def _sample(found: Looks) -> dict[str, Any]:
    sample = found.sample
    return {
        "id": sample.id,
        "control": sample.control,
        "test": sample.test,
        "kind": sample.kind,
        "run": sample.run,
        "seed": sample.seed,
        "size": len(found.items),
        "population": {"sha256": sample.population_sha256, "count": sample.population, "query": sample.query},
        "positions": [each.item.position for each in found.items],
        "auditor": sample.auditor,
        "made_at": _time(sample.made_at),
        "decision": sample.decision_id,
    }


def _item(found: Looks, number: int) -> dict[str, Any]:
    looked = found.items[number]
    last = looked.notes[-1] if looked.notes else None
    return {
        "sample": found.sample.id,
        "control": found.sample.control,
        "number": looked.item.number,
        "position": looked.item.position,
        "reason": looked.item.reason,
        "result": last.result if last else "",
        "text": last.text if last else "",
        "auditor": last.auditor if last else "",
        "at": _time(last.at) if last else "",
        "version": last.version if last else 0,
    }


def _notes(work: Work) -> Iterable[NoteRow]:
    """Yield every note in every version, those on controls first."""
    yield from work.notes
    for each in work.samples:
        for item in each.items:
            yield from item.notes


def _note(note: NoteRow) -> dict[str, Any]:
    return {
        "about": note.about,
        "version": note.version,
        "control": note.control,
        "sample": note.sample,
        "position": note.position,
        "result": note.result,
        "text": note.text,
        "auditor": note.auditor,
        "at": _time(note.at),
        "decision": note.decision_id,
    }


def _conclusion(found: ConclusionRow) -> dict[str, Any]:
    return {
        "control": found.control,
        "version": found.version,
        "conclusion": found.conclusion,
        "by_rule": found.by_rule,
        "run": found.run,
        "reason": found.reason,
        "auditor": found.auditor,
        "at": _time(found.at),
        "decision": found.decision_id,
    }


def _time(seconds: int) -> str:
    return time_text(datetime.fromtimestamp(seconds, UTC))
