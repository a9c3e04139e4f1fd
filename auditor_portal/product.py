"""What pages read beside the portal's own tables: the index, the product's tables, the evidence store.

Nothing can be written through it: the databases are opened read-only, the store refuses, and of keys there is the log's
verifier alone. Opened when a page first needs it, once for a process; a page that cannot have it says so (503).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from flask import Flask, current_app, g
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from app import keys
from app.db import DatabaseUrlError
from app.errors import Problem, problem
from app.index.errors import IndexUnavailableError
from app.pages import answer
from app.pep import RefusedError
from app.read_only import open_read_only
from app.settings import Settings
from evidence.errors import EvidenceError, StoreError
from evidence.keys import VerifierKey
from evidence.reader import Reader
from evidence.store import WormStore, open_store

UNOPENED: Final = (keys.KeyFileError, DatabaseUrlError, EvidenceError, OSError)
"""What opening raises where something is not there."""

_LOG = logging.getLogger(__name__)
_EXTENSION: Final = "omega.auditor_portal.product"
_UNREADABLE: Final = (OperationalError, ProgrammingError, IndexUnavailableError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What may be read.

    Attributes:
        settings: of this process; `frameworks` has the operator's own, if any.
        index: the index of the log (`app.index`), read-only.
        product: the control plane's tables (`app.db.ProductRow`), read-only.
        store: the evidence store, which refuses to be written to.
        reader: finds and proves records in it; for many threads.
        verifier: the log's key, as this portal was given it.
    """

    settings: Settings
    index: Engine
    product: Engine
    store: WormStore
    reader: Reader
    verifier: VerifierKey

    @property
    def bundles(self) -> Path:
        """Return the directory of the policies that decided, by digest; it may be missing."""
        return self.settings.bundles

    @property
    def policy_mirror(self) -> Path:
        """Return the mirror of the policy repository; it may be missing."""
        return self.settings.policy_mirror

    def close(self) -> None:
        """Let go of the databases."""
        self.index.dispose()
        self.product.dispose()


def open_product(settings: Settings) -> Product:
    """Open all of it; databases are connected to when they are asked.

    Raises:
        KeyFileError: there is no verifier key.
        EvidenceError: the store cannot be opened.
        DatabaseUrlError: a database cannot be one.
    """
    verifier = keys.load_verifier(settings.keys)
    store = open_store(settings.store, read_only=True)
    own = settings.portal.database
    return Product(
        settings=settings,
        index=open_read_only(own or settings.index),
        product=open_read_only(own or settings.product),
        store=store,
        reader=Reader(store, verifier),
        verifier=verifier,
    )


class Late:
    """Opens when it is first asked, and again when that failed. For many threads."""

    def __init__(self, opening: Callable[[], Product]) -> None:
        self._open, self._opened, self._opening = opening, list[Product](), Lock()

    def __call__(self) -> Product:
        """Return it.

        Raises:
            KeyFileError, EvidenceError, DatabaseUrlError: see `open_product`.
        """
        with self._opening:
            if not self._opened:
                self._opened.append(self._open())
            return self._opened[0]

    def close(self) -> None:
        """Let go of what was opened."""
        for each in self._opened:
            each.close()


def install(app: Flask, found: Callable[[], Product]) -> None:
    """Have the pages of `app` read what `found` returns, and say so where that does not answer."""
    app.extensions[_EXTENSION] = found
    for error in _UNREADABLE:
        app.register_error_handler(error, _unreadable)
    app.register_error_handler(StoreError, lambda error: _without(problem("store_unavailable", error.code)))
    app.register_error_handler(EvidenceError, _damaged)


def product() -> Product:
    """Return what the application that answers may read.

    Raises:
        RefusedError: it cannot be opened now (503).
    """
    found: Callable[[], Product] = current_app.extensions[_EXTENSION]
    try:
        return found()
    except UNOPENED as error:
        _LOG.error("what pages show cannot be opened: %s", error)
        raise RefusedError(problem("data_unavailable")) from error


def _unreadable(error: Exception) -> ResponseReturnValue:
    """Say that a database does not answer; what it says of itself may quote a request."""
    _LOG.error("a database does not answer: %s", type(error).__name__)
    return _without(problem("data_unavailable"))


def _damaged(error: EvidenceError) -> ResponseReturnValue:
    _LOG.error("the log does not hold: %s", error)
    return _without(problem("evidence_damaged", error.code))


def _without(found: Problem) -> ResponseReturnValue:
    """Answer without asking again who it is for: that stands in a database, too."""
    g.setdefault("auditor", None)
    return answer(found)
