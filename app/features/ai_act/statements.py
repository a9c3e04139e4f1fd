"""What a conformity file states, each with its sources: functions of what is known of a system. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.features.ai_act import shown
from app.features.ai_act.incident import Incident
from app.features.ai_act.node_records import LogFacts
from app.features.ai_act.policy_data import PolicyData
from app.features.ai_act.rows import ClockToldRow
from app.features.ai_act.system import Classification

Json = Mapping[str, Any]
TEN_YEARS: Final = 3_653
"""Days for which documentation is kept, Article 18."""

SIX_MONTHS: Final = 184
"""Days for which logs are kept at least, Articles 19(1) and 26(6)."""

_OF_INCIDENTS: Final = ("id", "state", "known_at", "facts", "clocks", "missed")
_OF_STEPS: Final = ("step", "at", "recipient", "notified_at", "decision_id")
_OVERSIGHT: Final = frozenset({"eu-ai-act/Art.14", "iso27001/A.5.3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate of the policies in force, as it was enforced at the end of the period."""

    action: str
    id: str
    title: str
    enforcement: str
    controls: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that a conformity file is made of; the period is from `first` to the day before `last`.

    `as_of` (Unix seconds) is when clocks are looked at: the end of the period, or before it the time of asking.
    `history` has every class of the system, the newest first; `bundle` and `revision` are the policies in force.
    """

    system: str
    first: date
    last: date
    as_of: int
    history: tuple[Classification, ...]
    incidents: tuple[Incident, ...]
    told: tuple[ClockToldRow, ...]
    data: PolicyData
    gates: tuple[Gate, ...]
    bundle: str
    revision: str
    settings: Json
    log: LogFacts | None

    def policy(self, file: str) -> dict[str, str]:
        """Return the source that is a file of the policies in force."""
        return {"policy": file, "bundle": self.bundle, "revision": self.revision}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Something that is known: in words, as a value, and from where."""

    says: str
    value: Any
    sources: tuple[Json, ...]

    def document(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {"says": self.says, "value": self.value, "sources": [dict(each) for each in self.sources]}


States = Callable[[Known], Iterator[Statement]]


def _decision(identifier: str) -> dict[str, str]:
    return {"decision": identifier}


def purpose(known: Known) -> Iterator[Statement]:
    """State what it is meant for."""
    newest = known.history[0]
    value = {name: newest.description.get(name) for name in ("title", "purpose", "roles", "on_market")}
    yield Statement(
        says="what it is meant for, as an officer stated it", value=value, sources=(_decision(newest.decision_id),)
    )


def changes(known: Known) -> Iterator[Statement]:
    """State every class that it was given."""
    value = [{"class": each.risk, "decision": each.decision_id, "revision": each.revision} for each in known.history]
    sources = tuple(_decision(each.decision_id) for each in known.history)
    yield Statement(says="every class that it was given, the newest first", value=value, sources=sources)


def given_class(known: Known) -> Iterator[Statement]:
    """State its class, why, and which articles bind."""
    newest = known.history[0]
    reasons = {"high_risk_for": list(newest.high_for), "transparency_for": list(newest.told_for)}
    source = _decision(newest.decision_id)
    yield Statement(says=f"its class is {newest.risk}", value=reasons, sources=(source,))
    yield Statement(says="the articles that bind, each with its day", value=shown.duties(newest), sources=(source,))


def gates(says: str, chosen: Callable[[Gate], bool]) -> States:
    """Return what states the gates that are `chosen`; nothing, where there are none."""

    def states(known: Known) -> Iterator[Statement]:
        found = [each for each in known.gates if chosen(each)]
        if found:
            value = [
                {"gate": f"{each.action}/{each.id}", "demands": each.title, "enforcement": each.enforcement}
                for each in found
            ]
            files = sorted({each.file for each in found})
            yield Statement(says=says, value=value, sources=tuple(known.policy(each) for each in files))

    return states


def decided(known: Known) -> Iterator[Statement]:
    """State how many decisions about it the index knows."""
    if known.log is not None:
        yield Statement(
            says="decisions about it in the period, by action, as far as the index looks back",
            value={"decisions": [dict(each) for each in known.log.decisions], "index_begins": known.log.first},
            sources=({"index": f"checkpoint {known.log.checkpoint}"},),
        )


def chains(known: Known) -> Iterator[Statement]:
    """State the chains of the log."""
    if known.log is not None:
        yield Statement(
            says="the chains of the log, and the class in which each is kept",
            value=[dict(each) for each in known.log.chains],
            sources=({"index": f"checkpoint {known.log.checkpoint}"},),
        )


def retention(known: Known) -> Iterator[Statement]:
    """State for how long records are kept."""
    classes: Json = known.settings.get("OMEGA_RETENTION", {})
    if classes:
        value = {
            name: {"days": days, "six_months": days >= SIX_MONTHS, "ten_years": days >= TEN_YEARS}
            for name, days in classes.items()
        }
        source = {"setting": "OMEGA_RETENTION"}
        yield Statement(says="for how long records of each class are kept at least", value=value, sources=(source,))


def revision(known: Known) -> Iterator[Statement]:
    """State the policies in force."""
    value = {"bundle": known.bundle, "revision": known.revision}
    yield Statement(says="the policies in force", value=value, sources=(value,))


def incidents(known: Known) -> Iterator[Statement]:
    """State the incidents that concern it, without what people wrote about them."""
    value = []
    for each in known.incidents:
        document = shown.incident(each, known.data.clocks, known.told, known.as_of)
        steps = [{name: step[name] for name in _OF_STEPS} for step in document["steps"]]
        value.append({name: document[name] for name in _OF_INCIDENTS} | {"steps": steps})
    sources = tuple(_decision(step.decision_id) for each in known.incidents for step in each.steps)
    says = "incidents that concern it, with their clocks" if value else "no incident that concerns it is on record"
    yield Statement(says=says, value=value, sources=sources or ({"table": "ai_act_incident"},))


def clocks(known: Known) -> Iterator[Statement]:
    """State within which time whom an incident is told."""
    value = {each.id: {"law": each.law, "hours": each.hours, "to": each.recipient} for each in known.data.clocks}
    source = known.policy("data/incident_clocks.json")
    yield Statement(says="within which time whom an incident is told", value=value, sources=(source,))


def watch(known: Known) -> Iterator[Statement]:
    """State whether the clocks are watched."""
    enabled = known.data.jobs.get("ai_act.watch_clocks", False) and known.settings.get("OMEGA_JOBS", True)
    says = "the clocks of incidents are watched each hour" if enabled else "nobody watches the clocks of incidents"
    yield Statement(
        says=says,
        value=bool(enabled),
        sources=(known.policy("data/jobs.json"), {"setting": "OMEGA_JOBS"}),
    )


def kept_too_short(days: int, what: str) -> Callable[[Known], str]:
    """Return what says that no class of records is kept for so many days, where that is so or is not known."""

    def lacking(known: Known) -> str:
        classes: Json = known.settings.get("OMEGA_RETENTION", {})
        return "" if any(each >= days for each in classes.values()) else what

    return lacking


def _serves(control: str) -> Callable[[Gate], bool]:
    return lambda gate: control in gate.controls


def named(*names: str) -> Callable[[Gate], bool]:
    """Return what chooses gates by `<action>/<gate>`."""
    return lambda gate: f"{gate.action}/{gate.id}" in names


oversight = gates(
    "gates that serve Article 14, or that demand another person (ISO/IEC 27001, A.5.3)",
    lambda gate: not _OVERSIGHT.isdisjoint(gate.controls),
)
tested = gates(
    "gates that demand tests before something goes into production or on sale",
    named("marketplace.publish/covered", "studio.deploy/tested", "studio.deploy/certified"),
)
risk = gates("gates that serve Article 9", _serves("eu-ai-act/Art.9"))
data_gates = gates("gates that serve Article 10", _serves("eu-ai-act/Art.10"))
changed = gates("gates that a change of the policies has to pass", lambda gate: gate.action == "policies.merge")
secure = gates("gates about secrets and vulnerabilities", _serves("iso27001/A.8.24"))


def both(*functions: States) -> States:
    """Return what states what each of `functions` does."""

    def states(known: Known) -> Iterator[Statement]:
        for each in functions:
            yield from each(known)

    return states
