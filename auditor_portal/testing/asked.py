"""What routes of testing describe to policy, and what they take of a form, which says what is wanted and no fact."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.audits.engagements import find_engagement
from app.audits.workbook import Conclusion, ItemResult, Phase, seconds
from app.errors import problem
from app.pep import RefusedError, Resource, sent
from auditor_portal.engaged import circumstances, describe
from auditor_portal.testing.keeping import MOST_PICKED, MOST_TEXT, MOST_VERSIONS
from auditor_portal.testing.running import served
from auditor_portal.testing.shown import collection, phase
from auditor_portal.workshop import workshop
from evidence import form
from evidence.errors import MalformedError
from evidence.record import Position

_NEVER: Final = "2000-01-01T00:00:00Z"
_MOST_REASON: Final = 500  # characters
_NOTE: Final = re.compile("[0-9a-f]{16}")


def retesting(*, engagement: str, control: str = "", **_: Any) -> Resource:
    """Describe tests that are to be run again: of a control, or without one of all that serve the engagement."""
    found, wanted = find_engagement(engagement), phase_wanted(engagement)
    named = collection().controls.values() if not control else filter(None, [collection().controls.get(control)])
    serves = sorted({framework for each in named for framework in served(each)})
    thing = {
        "kind": "test",
        "id": control,
        "phase": wanted.value,
        "serves": serves,
        "frameworks": list(found.frameworks) if found else [],
        "period_end": seconds(found.period_end) if found else _NEVER,
    }
    return describe(engagement, thing)


def phase_wanted(engagement: str) -> Phase:
    """Return what a form wants tested, or what can be where it says nothing."""
    if (said := sent().get("phase")) in set(Phase):
        return Phase(said)
    found = find_engagement(engagement)
    return Phase.EVENTS if found is None else phase(found, form.time_text(workshop().moment))


def written(kind: str, part: str) -> Callable[..., Resource]:
    """Return the resource function of a form that writes: what is written, about what part of the URL."""

    def resource(*, engagement: str, **parts: Any) -> Resource:
        return describe(engagement, {"kind": kind, "id": str(parts[part]), "author": ""})

    return resource


def bound(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the circumstances of a form that writes, with the hash of what it says: the record binds it."""
    said = "\n".join(f"{name}={value}" for name, value in sorted(sent.items()) if name != "csrf")
    return circumstances(sent) | {"sha256": hashlib.sha256(said.encode()).hexdigest()}


def refused(what: str) -> RefusedError:
    """Return the answer to a form that says nothing usable."""
    return RefusedError(problem("malformed_request", what))


def text(name: str, *, most: int = MOST_TEXT, wanted: bool = True) -> str:
    """Return a text of the form.

    Raises:
        RefusedError: it is missing, or too long.
    """
    said = sent().get(name, "")
    if not isinstance(said, str) or len(said) > most or (wanted and not said.strip()):
        raise refused(f"`{name}` has 1 to {most} characters")
    return said.strip().replace("\r\n", "\n")


def version() -> int:
    """Return the next version of what is noted: the one behind the newest that its writer saw.

    Raises:
        RefusedError: the form does not say which.
    """
    said = sent().get("version", "")
    if not isinstance(said, str) or not said.isascii() or not said.isdigit() or int(said[:5]) >= MOST_VERSIONS:
        raise refused("`version` is that of the newest note that was there")
    return int(said) + 1


def note_id(fresh: str) -> str:
    """Return which note of a control is written: one that is there, or, where the form names none, a fresh one.

    Raises:
        RefusedError: it names none that could be there.
    """
    said = sent().get("note", "")
    if not isinstance(said, str) or (said and not _NOTE.fullmatch(said)):
        raise refused("`note` is that of a note that is there")
    return said or fresh


def conclusion() -> Conclusion:
    """Return the conclusion of the form.

    Raises:
        RefusedError: there is none.
    """
    if (said := sent().get("conclusion")) not in set(Conclusion):
        raise refused(f"`conclusion` is one of {', '.join(Conclusion)}")
    return Conclusion(said)


def item_result() -> ItemResult:
    """Return what looking at a record came to.

    Raises:
        RefusedError: the form does not say.
    """
    if (said := sent().get("result")) not in set(ItemResult):
        raise refused(f"`result` is one of {', '.join(ItemResult)}")
    return ItemResult(said)


def picks() -> list[tuple[Position, str]]:
    """Return the records that an auditor picks, each with the reason: a line of the form for each.

    Raises:
        RefusedError: a line is none, a record stands twice, or there are none or too many.
    """
    lines = [line.split(None, 1) for line in text("picks").splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_PICKED:
        raise refused(f"1 to {MOST_PICKED} records are picked at once, a line for each")
    found = [_pick(number, line) for number, line in enumerate(lines, 1)]
    if len({position for position, _ in found}) < len(found):
        raise refused("a record stands twice")
    return found


def _pick(number: int, line: list[str]) -> tuple[Position, str]:
    try:
        position = Position.parse(line[0])
    except MalformedError:
        raise refused(f"line {number} does not begin with a decision id") from None
    reason = line[1].strip() if len(line) > 1 else ""
    if not 1 <= len(reason) <= _MOST_REASON:
        raise refused(f"line {number} has no reason behind the decision id, or a very long one")
    return position, reason
