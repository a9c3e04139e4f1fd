"""Who saw what of a person: the decisions that let somebody read personal data, as the index of the log has them.

Each of them is a record, so the report says where to look, and the log proves it. Third parties are named as policy
data (`access_report`) say: by what kind of subject they are, or by pseudonym; never by name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
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
    """

    subjects: Mapping[str, str]
    by_pseudonym: frozenset[str]
    actions: Mapping[str, str]


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
        cursor: str | None = None
        while True:
            query = Query(
                tenant=tenant, resource=subject, allow=True, actions=tuple(said.actions), after=cursor, limit=MOST
            )
            page = search(index, query, of_tenant(tenant))
            found.extend(_access(each, said) for each in page.entries)
            cursor = page.after
            if cursor is None or len(found) >= most:
                whole = whole and cursor is None
                break
    found.sort(key=lambda each: each.time, reverse=True)
    return AccessReport(subject=subject, accesses=tuple(found[:most]), whole=whole and len(found) <= most)


def _access(entry: Entry, said: Naming) -> Access:
    kind = entry.subject_type or ""
    who = said.subjects.get(kind, "somebody")
    if kind in said.by_pseudonym and entry.subject_ref:
        who = f"{who} ({entry.subject_ref})"
    action = entry.action or ""
    return Access(
        time=entry.time,
        what=said.actions.get(action, action),
        action=action,
        who=who,
        purpose=entry.purpose,
        decision_id=entry.decision_id,
    )


@lru_cache(4)
def _parsed(text: str) -> Naming:
    try:
        stated = json.loads(text)["access_report"]
        subjects, actions = dict(stated["subjects"]), dict(stated["actions"])
        by_pseudonym = frozenset(stated["by_pseudonym"])
    except (KeyError, TypeError, ValueError):
        raise _unusable() from None
    if not all(isinstance(each, str) for each in (*subjects.values(), *actions.values(), *by_pseudonym)):
        raise _unusable()
    return Naming(subjects=subjects, by_pseudonym=by_pseudonym, actions=actions)


def _unusable() -> ConsentError:
    return ConsentError("purposes", "the policies in force have no usable `access_report`")
