"""What a conformity file is made of, gathered: our tables, the policies in force, the settings, the index."""

from dataclasses import replace
from datetime import date
from functools import partial

from app.db import reading
from app.features.ai_act import rows
from app.features.ai_act.errors import AiActError
from app.features.ai_act.incident import Incident, seconds
from app.features.ai_act.node_records import Records
from app.features.ai_act.policy_data import policy_data
from app.features.ai_act.statements import Gate, Known
from app.pdp.bundle import Bundle


def gather(  # noqa: PLR0913 - the inputs of a file
    system: str, first: date, last: date, *, bundle: Bundle, records: Records, now: int
) -> Known:
    """Return what is known of a system, for the days from `first` to the one before `last`.

    What came after is left out, so that the file of a period that has ended stays the same. One that has not ended is
    looked at as of `now` (Unix seconds).

    Raises:
        AiActError: `unknown`, it had no class by then; `data`, see `policy_data`.
    """
    data, end = policy_data(bundle), seconds(last.isoformat())
    with reading() as session:
        history = tuple(each for each in rows.history(session, system) if each.at < end)
        incidents = tuple(each for each in map(partial(_until, end), rows.incidents(session, system=system)) if each)
        names = {each.id for each in incidents}
        told = tuple(row for row in rows.told(session) if row.incident in names and row.at < end)
    if not history:
        raise AiActError("unknown", "there is no such system, or it had no class by then")
    return Known(
        system=system,
        first=first,
        last=last,
        as_of=min(end, now),
        history=history,
        incidents=incidents,
        told=told,
        data=data,
        gates=tuple(_gates(bundle, f"{last}T00:00:00Z")),
        bundle=bundle.digest,
        revision=bundle.revision,
        settings=records.settings(),
        log=records.log(system, first, last),
    )


def _until(end: int, incident: Incident) -> Incident | None:
    steps = tuple(each for each in incident.steps if each.at < end)
    return replace(incident, steps=steps) if steps else None


def _gates(bundle: Bundle, at: str) -> list[Gate]:
    return [
        Gate(
            action=action.name,
            id=gate,
            title=rule.title,
            enforcement=rule.at(at).value,
            controls=tuple(rule.controls),
            file=action.file,
        )
        for _, action in sorted(bundle.actions.items())
        for gate, rule in sorted(action.rules.items())
    ]
