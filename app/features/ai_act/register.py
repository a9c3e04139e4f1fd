"""What the routes of this feature share: the time, what is in force, what was sent, and how refusals look."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from flask import Flask, current_app

from app.errors import problem
from app.features.ai_act.errors import AiActError
from app.features.ai_act.node_records import Records
from app.features.ai_act.policy_data import PolicyData, policy_data
from app.pdp.bundle import Bundle
from app.pep import RefusedError, Resource, bundle_in_force

_EXTENSION: Final = "omega.ai_act"
_T = TypeVar("_T")
SYSTEM: Final = re.compile(r"[a-z0-9][A-Za-z0-9._:+-]{0,110}")
"""The ids of systems: those of a contract, as far as they can stand in the path of a URL."""


def install(app: Flask, records: Records) -> None:
    """Have the conformity files of `app` say of the log what `records` knows."""
    app.extensions[_EXTENSION] = records


def records() -> Records:
    """Return what the application that answers knows of its log."""
    found: Records = current_app.extensions[_EXTENSION]
    return found


def now() -> int:
    """Return the time of the machine's clock, in Unix seconds."""
    return int(datetime.now(UTC).timestamp())


def bundle() -> Bundle:
    """Return the policies in force."""
    return bundle_in_force()


def data() -> PolicyData:
    """Return what the policies in force say as data.

    Raises:
        RefusedError: nothing that can be used.
    """
    return found(lambda: policy_data(bundle()))


def looked_at(place: str) -> Resource:
    """Return the register, or what of it is looked at, as policies see it."""
    return Resource(type="ai_register", id=place, properties={})


def found(look: Callable[[], _T]) -> _T:
    """Return what `look` finds.

    Raises:
        RefusedError: it finds nothing, or it cannot be done.
    """
    try:
        return look()
    except AiActError as error:
        codes = {"unknown": "not_found", "changed": "conflict", "data": "control_unavailable"}
        raise RefusedError(problem(codes[error.code], str(error))) from error


def malformed(name: str) -> RefusedError:
    """Return the refusal of a request in which `name` is not as it has to be."""
    return RefusedError(problem("malformed_request", f"`{name}` is missing, or not as it has to be"))


def facts_of(action: str) -> Any:
    """Return the contract of what is said when `action` is asked for."""
    return bundle().actions[action].contract.schema["properties"]["context"]
