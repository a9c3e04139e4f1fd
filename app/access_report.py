"""Who saw what of a person: the decisions that let somebody read personal data, as the index of the log has them.

What is collected for the person and handed over is decided on a request, which names nobody: a record of its own says
whom it was about. Each of them is a record, so the report says where to look, and the log proves it. Third parties are
named as policy data (`access_report`) say: by what kind of subject they are, or by pseudonym; never by name.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import Engine

from app.index.query import MOST, Query
from app.index.scope import of_tenant
from app.index.search import Entry, search
from app.pdp.bundle import Bundle
from app.privacy.consent import ConsentError

LARGEST: Final = 2_000
"""Accesses of one report; what is older is left out, and the report says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How a report names what happened, and who did it.

    Attributes:
        subjects: of each type of subject, in words; one that is not there is not named.
        by_pseudonym: the types of which the pseudonym is said as well.
        actions: what somebody saw, in words, by action; only these are accesses.
        stated: of these, the ones of which a decision that states no purpose is no access: somebody asked, or agreed.
        records: what was seen and by whom, in words, by type of record: of what no decision about the person shows.
    """

    subjects: Mapping[str, str]
    by_pseudonym: frozenset[str]
    actions: Mapping[str, str]
    stated: frozenset[str] = frozenset()
    records: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One access; `purpose` as the record of the decision states it, None where it states none."""

    time: str
    what: str
    action: str
    who: str
    purpose: str | None
    decision_id: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "time": self.time,
            "what": self.what,
            "action": self.action,
            "who": self.who,
            "purpose": self.purpose,
            "decision_id": self.decision_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReport:
    """All accesses, newest first. `whole` says that nothing older was left out for want of room."""

    subject: str
    accesses: tuple[Access, ...]
    whole: bool

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "subject": self.subject,
            "accesses": [each.document() for each in self.accesses],
            "whole": self.whole,
        }


def naming(bundle: Bundle) -> Naming:
    """Return how the policies in force have accesses named.

    Raises:
        ConsentError: `purposes`, they do not say it in a form that can be used.
    """
    return _parsed(bundle.data)


def access_report(
    index: Engine, subject: str, tenants: tuple[str, ...], said: Naming, *, most: int = LARGEST
) -> AccessReport:
    """Return who was let see personal data of a pseudonym, in the days that the index has.

    Args:
        index: of the log.
        subject: the person's pseudonym.
        tenants: under which the records stand: the person's, and that of the control plane.
        said: how accesses are named.
        most: accesses at most.

    Raises:
        IndexingError: the index cannot be asked.
    """
    found: list[Access] = []
    whole = True
    for tenant in dict.fromkeys(tenants):
        about = Query(tenant=tenant, resource=subject, limit=MOST)
        for query in _queries(about, said):
            whole = _gather(index, query, said, found, most) and whole
    found.sort(key=lambda each: each.time, reverse=True)
    return AccessReport(subject=subject, accesses=tuple(found[:most]), whole=whole and len(found) <= most)


def _queries(about: Query, said: Naming) -> Iterator[Query]:
    yield replace(about, allow=True, actions=tuple(said.actions))
    for kind in said.records:
        yield replace(about, type=kind)


def _gather(index: Engine, query: Query, said: Naming, found: list[Access], most: int) -> bool:
    """Add what `query` finds to `found`, and tell whether that is all of it: each way stops at `most`."""
    seen = 0
    while True:
        page = search(index, query, of_tenant(str(query.tenant)))
        accesses = [_access(each, said) for each in page.entries if _seen(each, said)]
        found.extend(accesses)
        seen += len(accesses)
        if page.after is None or seen >= most:
            return page.after is None
        query = replace(query, after=page.after)


def _seen(entry: Entry, said: Naming) -> bool:
    return entry.action not in said.stated or entry.purpose is not None


def _access(entry: Entry, said: Naming) -> Access:
    what, who = said.records.get(entry.type) or (said.actions.get(entry.action or "", ""), _who(entry, said))
    return Access(
        time=entry.time,
        what=what,
        action=entry.action or entry.type,
        who=who,
        purpose=entry.purpose,
        decision_id=entry.decision_id,
    )


def _who(entry: Entry, said: Naming) -> str:
    kind = entry.subject_type or ""
    who = said.subjects.get(kind, "somebody")
    return f"{who} ({entry.subject_ref})" if kind in said.by_pseudonym and entry.subject_ref else who


@lru_cache(4)
def _parsed(text: str) -> Naming:
    try:
        stated = json.loads(text)["access_report"]
        made = Naming(
            subjects=dict(stated["subjects"]),
            by_pseudonym=frozenset(stated["by_pseudonym"]),
            actions=dict(stated["actions"]),
            stated=frozenset(stated["stated"]),
            records={kind: (each["what"], each["who"]) for kind, each in stated["records"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _unusable() from None
    words = (*made.subjects.values(), *made.actions.values(), *made.by_pseudonym, *made.stated)
    if not all(isinstance(each, str) for each in (*words, *chain.from_iterable(made.records.values()))):
        raise _unusable()
    return made


def _unusable() -> ConsentError:
    return ConsentError("purposes", "the policies in force have no usable `access_report`")
