"""What consents and the officers' pages work with: keys of persons, who signs, the index, the stores, regions.

Opened when it is first wanted; a page that cannot have it says so.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from flask import Flask, current_app
from sqlalchemy import Engine

from app.db import DatabaseUrlError
from app.errors import problem
from app.index.errors import IndexingError
from app.pep import CONTROL, RefusedError, bundle_in_force
from app.privacy.consent import ConsentError
from app.privacy.errors import KeyStoreError, PrivacyError
from app.privacy.persons import Nobody, Persons
from app.privacy.purposes import Purpose, purposes
from app.privacy.stores.store import Described
from app.service_caller import service_caller

_EXTENSION: Final = "omega.privacy.office"
_LOG: Final = logging.getLogger(__name__)
_T = TypeVar("_T")


def _nowhere() -> Engine:
    raise DatabaseUrlError("there is no index")


def _unsigned(_: str) -> bytes:
    raise KeyStoreError("there is no key to sign with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What is worked with.

    Attributes:
        persons: pseudonyms and keys.
        sign: returns a text that ends in a newline as a note under the log's key.
        log: the name of the log.
        index: returns the index of the log; raises `DatabaseUrlError` where there is none.
        stores: returns what each store with personal data says of itself.
        homes: the region of each tenant that has one.
        region: of this node; empty where it has none.
        now: Unix seconds.
    """

    persons: Persons = field(default_factory=Nobody)
    sign: Callable[[str], bytes] = _unsigned
    log: str = ""
    index: Callable[[], Engine] = _nowhere
    stores: Callable[[], Iterable[Described]] = tuple
    homes: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    now: Callable[[], float]


def install(app: Flask, office: Office) -> None:
    """Have the pages of `app` work with `office`."""
    app.extensions[_EXTENSION] = office


def office() -> Office:
    """Return what the application that answers works with."""
    found: Office = current_app.extensions[_EXTENSION]
    return found


def now() -> int:
    """Return Unix seconds."""
    return int(office().now())


def tenant() -> str:
    """Return for whose platform the request is: the service's tenant, or that of this node's officers."""
    caller = service_caller()
    return CONTROL.tenant if caller is None else caller.tenant


def known_purposes() -> Mapping[str, Purpose]:
    """Return the purposes of the policies in force.

    Raises:
        RefusedError: they have none that can be used.
    """
    return found(lambda: purposes(bundle_in_force()))


def found(look: Callable[[], _T]) -> _T:
    """Return what `look` finds.

    Raises:
        RefusedError: it finds nothing (404), it cannot be what was said (400), it changed (409), or it fails (503).
    """
    try:
        return look()
    except ConsentError as error:
        codes = {"unknown": "not_found", "recalled": "conflict", "changed": "conflict", "purposes": "data_unavailable"}
        codes["controller"] = "data_unavailable"
        raise RefusedError(problem(codes.get(error.code, "malformed_request"), str(error))) from error
    except (PrivacyError, DatabaseUrlError, IndexingError) as error:
        _LOG.error("a page about personal data cannot be shown: %s", type(error).__name__)
        raise RefusedError(problem("data_unavailable")) from error


def malformed(name: str) -> RefusedError:
    """Return the refusal of a request in which `name` is not as it has to be."""
    return RefusedError(problem("malformed_request", f"`{name}` is missing, or not as it has to be"))


def text(said: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a text that was sent.

    Raises:
        RefusedError: it is none, and there is no default.
    """
    value = said.get(name) or default
    if not isinstance(value, str):
        raise malformed(name)
    return value
