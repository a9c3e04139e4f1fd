"""What redaction over HTTP works with: keys, what finds personal data, the time; and how refusals look.

Detection is loaded when a text is first redacted: it takes seconds and memory that most processes do without.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Final, Protocol

from flask import Flask, current_app, g, request

from app.decision_plane.buckets import Buckets, Rate
from app.errors import problem
from app.pep import CONTROL, RefusedError, sent
from app.privacy.detection.errors import DocumentError
from app.privacy.detection.finding import Finding
from app.privacy.detection.hints import HINTS
from app.privacy.detection.recogniser_file import Detection
from app.privacy.errors import KeyDestroyedError, PrivacyError
from app.privacy.persons import Nobody, Persons
from app.privacy.redaction.documents import Documents
from app.privacy.redaction.errors import RedactionError
from app.privacy.redaction.reveals import Reveals
from app.privacy.sealed_block import SubjectKey
from app.service_caller import service_caller

_EXTENSION: Final = "omega.privacy.redaction"
_LOG: Final = logging.getLogger(__name__)
_SERVICES: Final = Rate(per_second=20, burst=100)  # of each service, in each process: a text costs milliseconds a KB
_MOST_SERVICES: Final = 4_096
_KIND: Final = 64  # characters of the type of a person
_ID: Final = 256


class Finder(Protocol):
    """Finds personal data."""

    def __call__(self, value: Any, *, language: str) -> tuple[Finding, ...]:
        """Return what stands in a text or any other value of JSON."""


class Patterns:
    """The pattern lane, loaded when it is first asked. `Finder`; texts are looked through one after the other."""

    def __init__(self, load: Callable[[], Finder]) -> None:
        self._load, self._lock = load, Lock()
        self._loaded: Finder | None = None

    def __call__(self, value: Any, *, language: str) -> tuple[Finding, ...]:
        """See `Finder`."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded(value, language=language)


def load_patterns(own: Detection) -> Finder:
    """Return the pattern lane, with what the installation says."""
    from app.privacy.detection import document, patterns  # noqa: PLC0415 - see the module

    detector = patterns.load(own.recognisers, phone_regions=own.phone_regions)
    hints = {**HINTS, **own.hints}

    def find(value: Any, *, language: str) -> tuple[Finding, ...]:
        return document.find_in(value, detector, hints=hints, language=language)

    return find


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What is worked with.

    Attributes:
        persons: pseudonyms and keys.
        find: the pattern lane.
        names: whether this platform looks for names.
        now: Unix seconds.
        ticks: seconds of a clock that only grows.
    """

    persons: Persons = field(default_factory=Nobody)
    find: Finder = field(default_factory=lambda: Patterns(partial(load_patterns, Detection())))
    names: bool = False
    now: Callable[[], float]
    ticks: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """What is made of `Redaction` once for an application."""

    given: Redaction
    documents: Documents
    reveals: Reveals
    buckets: Buckets


def install(app: Flask, given: Redaction) -> None:
    """Have `app` redact with what is given."""
    documents = Documents(given.persons, now=given.now)
    app.extensions[_EXTENSION] = _Open(
        given=given,
        documents=documents,
        reveals=Reveals(given.persons, documents, now=given.now),
        buckets=Buckets(given.ticks, _MOST_SERVICES),
    )


def documents() -> Documents:
    """Return the documents of the application that answers."""
    return _opened().documents


def reveals() -> Reveals:
    """Return the requests to reveal of the application that answers."""
    return _opened().reveals


def looks_for_names() -> bool:
    """Return whether names are looked for at all."""
    return _opened().given.names


def find(value: Any, language: str) -> tuple[Finding, ...]:
    """Return what the pattern lane finds in a value.

    Raises:
        RefusedError: the document is too deep or too large to be looked through.
    """
    with refusals():
        return _opened().given.find(value, language=language)


def key_of(said: Mapping[str, Any]) -> SubjectKey:
    """Return the key of the person that `person` names: its `type` and `id`.

    Raises:
        RefusedError: it names nobody, or the key store does not answer.
    """
    named = said.get("person")
    kind, identifier = (named.get(each) for each in ("type", "id")) if isinstance(named, dict) else (None, None)
    if not isinstance(kind, str) or not 0 < len(kind) <= _KIND:
        raise malformed("person.type")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= _ID:
        raise malformed("person.id")
    with refusals():
        return _opened().given.persons.key(CONTROL.tenant, kind, identifier)


def said() -> Mapping[str, Any]:
    """Return what was sent; of a service, JSON alone.

    Raises:
        RefusedError: it is none.
    """
    if "said" not in g:
        if service_caller() is not None and not request.is_json:
            raise RefusedError(problem("malformed_request", "a service sends JSON"))
        g.said = sent()
    found: Mapping[str, Any] = g.said
    return found


def limit() -> None:
    """Count a request of a service for work that takes its time.

    Raises:
        RefusedError: it is one too many.
    """
    caller = service_caller()
    if caller is not None and _opened().buckets.take((caller.tenant, caller.subject), _SERVICES).wait:
        raise RefusedError(problem("too_many_requests"))


def malformed(name: str) -> RefusedError:
    """Return the refusal of a request in which `name` is not as it has to be."""
    return RefusedError(problem("malformed_request", f"`{name}` is missing, or not as it has to be"))


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what goes wrong with personal data into a refusal. No message quotes any."""
    try:
        yield
    except KeyDestroyedError as error:
        raise RefusedError(problem("not_found", "the person was erased, and what was sealed with them")) from error
    except (RedactionError, DocumentError) as error:
        raise RefusedError(problem("malformed_request", str(error))) from error
    except LookupError as error:
        raise RefusedError(problem("not_found")) from error
    except PrivacyError as error:
        _LOG.warning("personal data cannot be had: %s: %s", error.code, error)
        raise RefusedError(problem("data_unavailable")) from error


def _opened() -> _Open:
    found: _Open = current_app.extensions[_EXTENSION]
    return found
