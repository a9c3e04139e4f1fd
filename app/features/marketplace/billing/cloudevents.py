"""Events of use, as CloudEvents 1.0 in JSON: one (`application/cloudevents+json`) or a batch of them.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, section "Context Attributes", and its JSON event
format. An event names its subscription as `subject`; its data is how much was used. One that takes back has a quantity
below zero and names what it corrects.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.features.marketplace.billing.errors import PlanError
from app.features.marketplace.errors import SayingError
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

ONE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
TYPE: Final = "omega.marketplace.usage"
"""The `type` of these events."""

LARGEST: Final = 256 << 10
"""Bytes of a batch."""

_MOST_UNITS: Final = 1_000_000_000
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
_LONGEST: Final = 200
_SUBJECT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """How much of a subscription was used.

    Attributes:
        source, id: together name the event, for its tenant.
        subscription: that it was used of.
        quantity: units; below zero takes back.
        at: when, Unix seconds; None where the event does not say.
        corrects: source and id of the event that is taken back, in whole or in part.
        body_hash: of everything that the event says.
    """

    source: str
    id: str
    subscription: str
    quantity: int
    at: int | None
    corrects: tuple[str, str] | None
    body_hash: str


def parse_events(body: bytes, kind: str) -> list[UsageEvent]:
    """Return the events of a body of this media type.

    Raises:
        SayingError: it is no JSON, too large, empty, or holds something that is no such event; the message says which.
    """
    try:
        document = parse(body, max_bytes=LARGEST)
    except TooLargeError as error:
        raise SayingError("the body is too large") from error
    except MalformedRequestError as error:
        raise SayingError(f"{error.code}: {error.detail}") from error
    if kind == ONE:
        return [_event(document, 0)]
    if kind != BATCH:
        raise SayingError(f"the media type is `{ONE}` or `{BATCH}`")
    if not isinstance(document, list) or not document:
        raise SayingError("a batch is an array of at least one event")
    return [_event(each, place) for place, each in enumerate(document)]


def _event(said: Any, place: int) -> UsageEvent:
    try:
        return _read(said)
    except (AttributeError, KeyError, TypeError, ValueError, PlanError) as error:
        named = error.args[0] if isinstance(error, KeyError) else str(error) or "the form"
        raise SayingError(f"event {place}: {named} is missing, or not as it has to be") from None


def _read(said: Mapping[str, Any]) -> UsageEvent:
    if said["specversion"] != "1.0":
        raise ValueError("`specversion`")
    if said["type"] != TYPE:
        raise ValueError("`type`")
    if not all(_ATTRIBUTE.fullmatch(name) or name == "data_base64" for name in said):
        raise ValueError("the name of an attribute")
    data = said["data"]
    corrects = data.get("corrects")
    quantity = _quantity(data["quantity"])
    if (quantity < 0) is not (corrects is not None):
        raise ValueError("`data.corrects`")
    return UsageEvent(
        source=_text(said["source"], "`source`", _LONGEST),
        id=_text(said["id"], "`id`", _LONGEST),
        subscription=_text(said["subject"], "`subject`", _SUBJECT),
        quantity=quantity,
        at=_time(said.get("time")),
        corrects=None if corrects is None else _corrected(corrects),
        body_hash=_hash(said),
    )


def _corrected(said: Mapping[str, Any]) -> tuple[str, str]:
    return _text(said["source"], "`data.corrects`", _LONGEST), _text(said["id"], "`data.corrects`", _LONGEST)


def _text(value: Any, name: str, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise ValueError(name)
    return value


def _quantity(value: Any) -> int:
    if type(value) is not int or value == 0 or abs(value) > _MOST_UNITS:
        raise ValueError("`data.quantity`")
    return value


def _time(value: Any) -> int | None:
    """Return a time of RFC 3339 in Unix seconds."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(_text(value, "`time`", 40))
        if found.tzinfo is None or not 0 <= (seconds := found.timestamp()) < 2**33:
            raise ValueError  # noqa: TRY301 - one message for all of it
    except (OverflowError, ValueError):
        raise ValueError("`time`") from None
    return int(seconds)


def _hash(said: Mapping[str, Any]) -> str:
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
