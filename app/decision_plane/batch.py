"""The evaluations request of the OpenID AuthZEN Authorization API 1.0, section 7.1: many questions in one message.

Owns defaults, semantics, and which of many questions is none. Decides nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.model import EvaluationRequest
from app.pdp.request import as_request
from app.pdp.strict_json import parse

MOST: Final = 100
"""Questions in one message."""

MAX_BATCH_BYTES: Final = 1 << 20
"""Size of the message; each question in it stays within the limit of a request."""

_REQUIRED: Final = {"subject": ("type", "id"), "action": ("name",), "resource": ("type", "id"), "context": ()}


class Semantic(StrEnum):
    """When to stop (section 7.1.2.1)."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"

    @property
    def until(self) -> bool | None:
        """Return the decision that settles it, or None where every question is asked."""
        return {Semantic.DENY_ON_FIRST_DENY: False, Semantic.PERMIT_ON_FIRST_PERMIT: True}.get(self)


Item = EvaluationRequest | MalformedRequestError | TooLargeError
"""A question, or why it is none: that denies this one alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Many questions, in order, and when to stop."""

    items: tuple[Item, ...]
    semantic: Semantic


def parse_batch(data: bytes) -> Batch | None:
    """Return the questions in `data`; None where there is no list of them, or an empty one: then it is one question.

    Raises:
        MalformedRequestError: it is no I-JSON, or the message as a whole is none. Codes: as those of
            `request.parse_request`, and `too_many_evaluations`, `unknown_semantic`.
        TooLargeError: it has more than 1 MiB.
    """
    message = parse(data, max_bytes=MAX_BATCH_BYTES)
    if type(message) is not dict:
        raise MalformedRequestError("member_type", "the request must be an object")
    items = message.get("evaluations", [])
    if type(items) is not list:
        raise MalformedRequestError("member_type", "`evaluations` must be a list")
    if not items:
        return None
    if len(items) > MOST:
        raise MalformedRequestError("too_many_evaluations", f"`evaluations` has more than {MOST} items")
    defaults = {name: message[name] for name in _REQUIRED if name in message}
    return Batch(items=tuple(_item(each, defaults) for each in items), semantic=_semantic(message))


def _semantic(message: dict[str, Any]) -> Semantic:
    options = message.get("options", {})
    if type(options) is not dict:
        raise MalformedRequestError("member_type", "`options` must be an object")
    try:
        return Semantic(options.get("evaluations_semantic", Semantic.EXECUTE_ALL))
    except ValueError:
        known = ", ".join(Semantic)
        raise MalformedRequestError("unknown_semantic", f"`options/evaluations_semantic` is one of {known}") from None


def _item(item: Any, defaults: dict[str, Any]) -> Item:
    try:
        return as_request(_whole(item, defaults))
    except (MalformedRequestError, TooLargeError) as error:
        return error


def _whole(item: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """Return `item` with what it leaves to the defaults.

    An entity of the item stands in the place of the whole default. Only what an entity cannot do without, its type,
    id or name, is taken from there if it is missing; properties never are (certification scenario, c-3-2-7).
    """
    if type(item) is not dict:
        raise MalformedRequestError("member_type", "an item of `evaluations` must be an object")
    whole = dict(defaults)
    for name in _REQUIRED.keys() & item.keys():
        own, default = item[name], defaults.get(name)
        if type(own) is dict and type(default) is dict:
            own = {each: default[each] for each in _REQUIRED[name] if each in default} | own
        whole[name] = own
    return whole
