"""The places of a conformity file, in the order of the law and in our own words. Pure data.

A place without a function is one that the platform knows nothing of. `lacks` says what is missing beside that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.features.ai_act import statements
from app.features.ai_act.statements import Known, States


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of the law: what it asks for, what is stated there, what is missing beside that, always or at times."""

    id: str
    about: str
    states: States | None = None
    lacks: str = ""
    lacking: Callable[[Known], str] | None = None


ANNEX_IV: Final = (
    Place(
        id="Annex IV(1)(a)",
        about="what it is meant for, who provides it, its version",
        states=statements.purpose,
        lacks="the name of the provider and the version",
    ),
    Place(id="Annex IV(1)(b)", about="how it works together with hardware and software that is no part of it"),
    Place(id="Annex IV(1)(c)", about="versions of software or firmware that it needs, and how they are updated"),
    Place(id="Annex IV(1)(d)", about="every form in which it is placed on the market"),
    Place(id="Annex IV(1)(e)", about="the hardware that it is meant to run on"),
    Place(id="Annex IV(1)(f)", about="pictures of the product, where it is a part of one"),
    Place(id="Annex IV(1)(g)", about="the interface that its deployer uses"),
    Place(id="Annex IV(1)(h)", about="the instructions for use"),
    Place(id="Annex IV(2)(a)", about="how it was developed, with which tools and parts of others"),
    Place(id="Annex IV(2)(b)", about="its design: logic, choices, assumptions, trade-offs"),
    Place(id="Annex IV(2)(c)", about="its architecture and the computing resources it took"),
    Place(
        id="Annex IV(2)(d)",
        about="the data: where they come from, how they were chosen, labelled, cleaned",
        states=statements.data_gates,
        lacks="descriptions of the data themselves",
    ),
    Place(
        id="Annex IV(2)(e)",
        about="the measures of human oversight, and what helps people to understand what comes out",
        states=statements.oversight,
        lacks="an assessment of the measures",
    ),
    Place(id="Annex IV(2)(f)", about="changes that were settled beforehand"),
    Place(
        id="Annex IV(2)(g)",
        about="how it was validated and tested, with metrics, logs and signed reports",
        states=statements.tested,
        lacks="the reports of the tests",
    ),
    Place(
        id="Annex IV(2)(h)",
        about="the measures of cybersecurity",
        states=statements.secure,
        lacks="the measures outside of this platform",
    ),
    Place(
        id="Annex IV(3)",
        about="how it is watched and controlled, how accurate it is, where its limits and risks lie",
        states=statements.decided,
        lacks="accuracy, limits and foreseeable risks",
    ),
    Place(id="Annex IV(4)", about="why its metrics are the right ones"),
    Place(
        id="Annex IV(5)",
        about="the management of its risks (Article 9)",
        states=statements.both(statements.given_class, statements.risk),
        lacks="the risk management system itself",
    ),
    Place(id="Annex IV(6)", about="what the provider changed through its life", states=statements.changes),
    Place(id="Annex IV(7)", about="the harmonised standards that were applied, or what was done instead"),
    Place(id="Annex IV(8)", about="a copy of the EU declaration of conformity"),
    Place(
        id="Annex IV(9)",
        about="how it is watched after the market, with the plan for it",
        states=statements.watch,
        lacks="the plan of Article 72(3)",
    ),
)

ART_17: Final = (
    Place(
        id="Art.17(1)(a)",
        about="how the law is complied with, and changes are managed",
        states=statements.both(statements.given_class, statements.changed),
        lacks="the strategy, written down",
    ),
    Place(id="Art.17(1)(b)", about="how design is controlled and verified"),
    Place(id="Art.17(1)(c)", about="how development and its quality are controlled"),
    Place(
        id="Art.17(1)(d)",
        about="which examinations and tests there are before, during and after development",
        states=statements.tested,
        lacks="tests outside of this platform",
    ),
    Place(id="Art.17(1)(e)", about="technical specifications and standards that are applied"),
    Place(
        id="Art.17(1)(f)",
        about="how data are managed",
        states=statements.data_gates,
        lacks="the management of data, written down",
    ),
    Place(id="Art.17(1)(g)", about="the management of risks", states=statements.risk, lacks="the system of Article 9"),
    Place(
        id="Art.17(1)(h)",
        about="how it is watched after the market",
        states=statements.watch,
        lacks="the plan of Article 72(3)",
    ),
    Place(
        id="Art.17(1)(i)",
        about="how serious incidents are reported",
        states=statements.both(statements.clocks, statements.watch),
    ),
    Place(id="Art.17(1)(j)", about="how authorities and others are spoken with"),
    Place(
        id="Art.17(1)(k)", about="how records are kept", states=statements.both(statements.retention, statements.chains)
    ),
    Place(id="Art.17(1)(l)", about="how resources are managed, supplies included"),
    Place(
        id="Art.17(1)(m)",
        about="who answers for what",
        states=statements.gates(
            "gates that say who may do what to policies and systems",
            statements.named(
                "ai_act.classify/authorised",
                "ai_act.report_incident/authorised",
                "policies.merge/authorised",
            ),
        ),
        lacks="responsibilities outside of this platform",
    ),
)

LOGS: Final = (
    Place(
        id="Art.12",
        about="what happens is logged by itself, over its life",
        states=statements.both(statements.chains, statements.decided),
    ),
    Place(
        id="Art.18",
        about="documentation is kept for ten years",
        states=statements.retention,
        lacking=statements.kept_too_short(statements.TEN_YEARS, "a class of records that is kept for ten years"),
    ),
    Place(
        id="Art.19",
        about="logs are kept for six months at least",
        states=statements.both(statements.retention, statements.revision),
        lacking=statements.kept_too_short(statements.SIX_MONTHS, "a class of records that is kept for six months"),
    ),
)

OVERSIGHT: Final = (Place(id="Art.14", about="the gates of human oversight in force", states=statements.oversight),)

POST_MARKET: Final = (
    Place(
        id="Art.72",
        about="a plan, and data of how it does on the market",
        states=statements.both(statements.decided, statements.watch),
        lacks="the plan of Article 72(3)",
    ),
    Place(
        id="Art.73",
        about="serious incidents, and when authorities were told",
        states=statements.both(statements.incidents, statements.clocks),
    ),
)
