"""What a page of an engagement is about, as policy sees it, and as the page does once policy permits it.

An engagement that there is not is described as one of nobody's: policy denies it, the denial is on record, and the
answer is the one that another firm's engagement gets.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import g

from app.audits.engagements import Engagement, find_engagement, member
from app.audits.firms import find_firm
from app.pep import Resource
from auditor_portal.entrance import address, auditor

_NEVER: Final = "2000-01-01T00:00:00Z"
_SECONDS: Final = len("2026-11-22T14:00:00")


def engaged(kind: str, **named: str) -> Callable[..., Resource]:
    """Return the resource function of a page of an engagement.

    Args:
        kind: what is looked at: `home`, `records`, `trail`, ...
        named: facts about it, by the name of the part of the URL that each is taken from; `id` if nothing else is.
    """

    def resource(*, engagement: str, **parts: Any) -> Resource:
        facts = {fact: str(parts[part]) for fact, part in named.items()}
        return describe(engagement, {"kind": kind, "id": "", **facts})

    return resource


def written(kind: str, **named: str) -> Callable[..., Resource]:
    """Return the resource function of what is written anew, or belongs to all who take part; see `engaged`.

    What is an auditor's own work is described by `describe`, with its `author`.

    Args:
        kind: what is written, as the contract of `auditor_portal.write` names it.
        named: see `engaged`.
    """

    def resource(*, engagement: str, **parts: Any) -> Resource:
        facts = {fact: str(parts[part]) for fact, part in named.items()}
        return describe(engagement, {"kind": kind, "id": "", **facts, "author": ""})

    return resource


def listed() -> Resource:
    """Return the list of the engagements that whoever asks takes part in, as policy sees it."""
    who = auditor()
    firm = None if who is None else find_firm(who.firm)
    g.engagement, g.listed = None, True
    return Resource(
        type="audit_firm",
        id=firm.id if firm else "none",
        properties={
            "firm": firm.id if firm else "",
            "firm_state": firm.state.value if firm else "unknown",
            "member": False,
            "state": "unknown",
            "starts": _NEVER,
            "ends": _NEVER,
            "networks": list(firm.networks) if firm else [],
            "object": {"kind": "engagements", "id": ""},
        },
    )


def describe(engagement: str, thing: Mapping[str, Any]) -> Resource:
    """Return an engagement as policy sees it, with facts about what of it is looked at or changed."""
    found = find_engagement(engagement)
    firm = None if found is None else find_firm(found.firm)
    g.engagement = found
    return Resource(
        type="engagement",
        id=engagement,
        properties={
            "firm": found.firm if found else "",
            "firm_state": firm.state.value if firm else "unknown",
            "member": firm is not None and own(),
            "state": found.state.value if found else "unknown",
            "starts": _seconds(found.starts) if found else _NEVER,
            "ends": _seconds(found.ends) if found else _NEVER,
            "networks": list(firm.networks) if firm else [],
            "object": dict(thing),
        },
    )


def circumstances(_: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every page of an engagement passes as context."""
    return {"address": address()}


def engagement_now() -> Engagement:
    """Return the engagement of the request that is being answered; policy has permitted that it is looked at."""
    found: Engagement = g.engagement
    return found


def own() -> bool:
    """Return whether this is one's own, whatever policy says: an engagement that one takes part in, or the list."""
    found, who = g.get("engagement"), auditor()
    if g.get("listed", False):
        return who is not None
    return found is not None and who is not None and who.firm == found.firm and member(found.id, who.id)


def _seconds(moment: str) -> str:
    """Return a time of the log without fractions of a second, as policies compare it."""
    return f"{moment[:_SECONDS]}Z"
