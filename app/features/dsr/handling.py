"""What policy is told when an officer takes a step, on a page or on the node. Knows neither.

Owns which steps officers take, and that of what takes two persons the first agrees and the second approves.
"""

from typing import Final

from app.features.dsr import keeping
from app.features.dsr.answering import moment
from app.features.dsr.errors import SayingError
from app.features.dsr.request import Request, Step, steps_from
from app.features.dsr.said import Said
from app.features.dsr.vault import Vault
from app.pdp.model import Entity

OFFICERS: Final = (
    Step.ASK_IDENTITY,
    Step.VERIFY,
    Step.ASK,
    Step.AGREE,
    Step.APPROVE,
    Step.DENY,
    Step.EXTEND,
    Step.PAUSE,
    Step.RESUME,
    Step.HOLD,
    Step.RELEASE,
    Step.MANUAL_DONE,
    Step.RETRY,
    Step.CANCEL,
    Step.LINK,
    Step.UNLINK,
)
"""The steps that officers take; the others are those of persons and of runs."""


def possible(asked: Request, second_person: frozenset[str]) -> tuple[Step, ...]:
    """Return the steps that officers may take now; `second_person` are the kinds that take two."""
    found = (each for each in OFFICERS if each in steps_from(asked.state))
    return tuple(each for each in found if each is not Step.AGREE or asked.kind.value in second_person)


def officers_step(asked: Request, named: str, second_person: frozenset[str]) -> Step:
    """Return the step that is meant: who approves first what takes two, agrees.

    Raises:
        SayingError: it is none that officers take.
    """
    if named not in set(OFFICERS):
        raise SayingError("`step` is missing, or none of those there are")
    step = Step(named)
    first = step is Step.APPROVE and asked.kind.value in second_person and not asked.approvers
    return Step.AGREE if first else step


def handled(  # noqa: PLR0913, PLR0917 - what a decision rests on
    asked: Request, said: Said | None, vault: Vault, second_person: frozenset[str], by: str, now: int
) -> Entity:
    """Return a request as policy sees it when `by` takes a step.

    Raises:
        VaultError: whether a legal hold stands cannot be seen.
    """
    facts = keeping.facts(
        asked,
        held=bool(asked.subject and vault.held(asked.subject)),
        own=_own(said, by),
        possible=tuple(each.value for each in possible(asked, second_person)),
    )
    first_due = moment(asked.pace.first_due(now))
    return Entity(type="dsr_request", id=asked.id, properties=facts | {"first_due": first_due})


def _own(said: Said | None, by: str) -> bool:
    """Tell whether the officer is the person, as far as names say so."""
    return said is not None and by.casefold() in {each.casefold() for each in (said.id, *said.identifiers.values())}
