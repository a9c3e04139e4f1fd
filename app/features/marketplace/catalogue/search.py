"""Finding agents in a catalogue: by words, category, level and state, a page at a time, in the order of their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, func, or_, select

from app.features.marketplace.catalogue.listing import ON_SALE
from app.features.marketplace.catalogue.said import SLUG, WORD
from app.features.marketplace.errors import SayingError
from app.features.marketplace.rows import AgentRow

SIZE: Final = 24
"""Agents of a page."""

_LONGEST: Final = 100
_LEVELS: Final = range(1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for.

    Attributes:
        text: words that stand in the id, the title or the summary; empty for all.
        category: of the agent.
        level: of SLSA, at least.
        tenant: whose private catalogue is looked in; None for the public one.
        after: the id after which the page begins.
    """

    text: str = ""
    category: str | None = None
    level: int | None = None
    tenant: str | None = None
    after: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Wanted":
        """Return what a query asks for.

        Raises:
            SayingError: something of it has not the form that it has.
        """
        text, level = given.get("q", "").strip(), given.get("level", "")
        if len(text) > _LONGEST:
            raise SayingError(f"`q` is longer than {_LONGEST} characters")
        if level and (not level.isascii() or not level.isdigit() or int(level[:2]) not in _LEVELS):
            raise SayingError("`level` is 1 to 4")
        for name, form in {"category": WORD, "tenant": WORD, "after": SLUG}.items():
            if (value := given.get(name)) and not form.fullmatch(value):
                raise SayingError(f"`{name}` has not the form that it has")
        return cls(
            text=text,
            category=given.get("category") or None,
            level=int(level) if level else None,
            tenant=given.get("tenant") or None,
            after=given.get("after", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page: its agents, where the next one begins (None: this is the last), and the categories there are."""

    agents: Sequence[AgentRow]
    next: str | None
    categories: Sequence[str]


def find(session: Session, wanted: Wanted) -> Found:
    """Return a page of what is on sale in one catalogue."""
    own = col(AgentRow.tenant).is_(None) if wanted.tenant is None else col(AgentRow.tenant) == wanted.tenant
    on_sale = (col(AgentRow.state).in_(ON_SALE), own)
    statement = select(AgentRow).where(*on_sale, AgentRow.id > wanted.after)
    for word in wanted.text.split():
        columns = (AgentRow.id, AgentRow.title, AgentRow.summary)
        statement = statement.where(
            or_(*(func.lower(col(each)).contains(word.lower(), autoescape=True) for each in columns))
        )
    if wanted.category is not None:
        statement = statement.where(AgentRow.category == wanted.category)
    if wanted.level is not None:
        statement = statement.where(AgentRow.level >= wanted.level)
    rows = session.exec(statement.order_by(AgentRow.id).limit(SIZE + 1)).all()
    categories = session.exec(select(AgentRow.category).where(*on_sale).distinct().order_by(AgentRow.category)).all()
    return Found(agents=rows[:SIZE], next=rows[SIZE - 1].id if len(rows) > SIZE else None, categories=categories)
