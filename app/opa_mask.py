"""Masks of OPA's decision log ("Masking Sensitive Data"): what is taken out of an event, or written over.

A file says them as OPA's `data.system.log.mask` gives them: JSON Pointers, or objects of `op`, `path` and `value`. They
hold for every event; conditions are for whoever writes Rego. Owns their form and what they do.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

_POINTER: Final = re.compile(r"/(?:input|result)(?:/(?:[^~/]|~[01])*)*")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_MOST: Final = 1_000
_LONGEST: Final = 1 << 20  # bytes
_FORMS: Final = (frozenset({"op", "path"}), frozenset({"op", "path", "value"}))


class MaskError(ValueError):
    """The file holds no masks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What happens at a place: it goes (`upsert` is None), or gets the one value in `upsert`."""

    pointer: str
    upsert: tuple[Any, ...] | None = None

    @property
    def names(self) -> list[str]:
        """Return the pointer's reference tokens (RFC 6901, section 4)."""
        return [name.replace("~1", "/").replace("~0", "~") for name in self.pointer.split("/")[1:]]


def parse_masks(data: bytes) -> tuple[Mask, ...]:
    """Return the masks of a JSON array.

    Raises:
        MaskError: it is none.
    """
    try:
        stated = parse(data, max_bytes=_LONGEST)
    except (MalformedRequestError, TooLargeError) as error:
        raise MaskError(str(error)) from None
    if not isinstance(stated, list) or len(stated) > _MOST:
        raise MaskError(f"masks are a list of at most {_MOST}")
    return tuple(_mask(number, each) for number, each in enumerate(stated))


def _mask(number: int, stated: Any) -> Mask:
    if isinstance(stated, str):
        return Mask(pointer=_pointer(number, stated))
    if not isinstance(stated, dict) or stated.keys() not in _FORMS:
        raise MaskError(f'mask {number}: write a pointer, or {{"op", "path"}} and perhaps "value"')
    pointer = _pointer(number, stated["path"])
    match stated["op"]:
        case "remove":
            return Mask(pointer=pointer)
        case "upsert" if "value" in stated:
            return Mask(pointer=pointer, upsert=(stated["value"],))
        case _:
            raise MaskError(f'mask {number}: "op" is `remove`, or `upsert` with a "value"')


def _pointer(number: int, stated: Any) -> str:
    if not isinstance(stated, str) or not _POINTER.fullmatch(stated):
        raise MaskError(f"mask {number}: a pointer begins with `/input` or `/result` (RFC 6901)")
    return stated


def masked(event: dict[str, Any], masks: Sequence[Mask]) -> dict[str, Any]:
    """Return the event with every mask applied, in their order; `erased` and `masked` list those that changed it.

    A mask of something that is not there does nothing; an upsert makes the objects on its way, but for the request of
    an event that has none.
    """
    event = copy.deepcopy(event)
    done: dict[str, list[str]] = {"erased": list(event.get("erased", ())), "masked": []}
    for mask in masks:
        names = mask.names
        if names[0] not in event:
            continue
        if mask.upsert is None:
            changed = _removed(event, names)
        else:
            changed = _upserted(event, names, copy.deepcopy(mask.upsert[0]))
        kind = "erased" if mask.upsert is None else "masked"
        if changed and mask.pointer not in done[kind]:
            done[kind].append(mask.pointer)
    return event | {name: pointers for name, pointers in done.items() if pointers}


def _removed(value: Any, names: list[str]) -> bool:
    for name in names[:-1]:
        found = _within(value, name)
        if not found:
            return False
        value = found[0]
    found = _within(value, names[-1])
    if found:
        del value[_step(value, names[-1])]
    return bool(found)


def _upserted(value: Any, names: list[str], new: Any) -> bool:
    for name in names[:-1]:
        found = _within(value, name)
        if not found and not isinstance(value, dict):
            return False
        value = found[0] if found else value.setdefault(name, {})
    if not isinstance(value, dict) and not _within(value, names[-1]):
        return False
    value[_step(value, names[-1])] = new
    return True


def _within(value: Any, name: str) -> tuple[Any, ...]:
    """Return what is at a name of an object or an index of a list, alone in a tuple; nothing: an empty one."""
    if isinstance(value, dict):
        return (value[name],) if name in value else ()
    if isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
        return (value[int(name)],)
    return ()


def _step(value: Any, name: str) -> Any:
    return int(name) if isinstance(value, list) else name
