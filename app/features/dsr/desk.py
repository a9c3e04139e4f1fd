"""What the pages of this feature work with: the vault, the runs, the time, the key that signs; and what policies say.

Knows no page. A node opens one (`opened`); an application without a node has none, and says so.
"""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol

from flask import Flask, current_app
from sqlmodel import Session

from app.addresses import Networks
from app.decision_plane.buckets import Buckets, Rate
from app.errors import problem
from app.features.dsr.clocks import DAY
from app.features.dsr.errors import DsrDataError
from app.features.dsr.retention import Spans
from app.features.dsr.vault import Vault
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit
from app.peer import client_address, neighbours
from app.pep import RefusedError
from evidence.keys import SigningKey

_EXTENSION: Final = "omega.dsr"
_ADDRESSES: Final = 10_000
_HOUR: Final = 3_600


class Runs(Protocol):
    """Has requests carried out: `app.features.dsr.running.run`."""

    def begin(self, session: Session, request_id: str, permit: Permit, *, now: int) -> None:
        """See `run.begin`."""

    def close(self, session: Session, request_id: str, *, now: int) -> None:
        """See `run.close`."""

    def wake(self) -> None:
        """Have what was begun be carried out at once."""

    def progress(self, request_id: str) -> tuple[Any, ...]:
        """See `run.progress`."""

    def export_of(self, request_id: str) -> bytes:
        """Return the archive that was made for the person.

        Raises:
            RunError: there is none, or its time has ended.
            KeyStoreError, ObjectsError, KeyFileError, DatabaseUrlError: it cannot be had now.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why a request may be refused: which kinds, and the provision of each law."""

    code: str
    kinds: tuple[str, ...]
    laws: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyData:
    """What of the policy data this feature reads; `of_address`, `of_request`: how often somebody may ask or enter."""

    grounds: tuple[Ground, ...]
    methods: tuple[str, ...]
    extension_reasons: tuple[str, ...]
    second_person: frozenset[str]
    export_days: int
    kept: Spans
    of_address: Rate
    of_request: Rate

    def grounds_for(self, kind: str, law: str) -> tuple[Ground, ...]:
        """Return the grounds there are for a request of this kind by this law."""
        return tuple(each for each in self.grounds if kind in each.kinds and law in each.laws)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is worked with.

    Attributes:
        vault: seals what persons say, and opens it.
        runs: carries requests out.
        note: puts a record into the log.
        signer: the log's key, which signs certificates.
        secret: what codes are hashed with.
        public_url: the origin that people know.
        now: Unix seconds.
        addresses: how often each address has asked, and how often something was entered for each request.
        mails: whether letters to persons are sent.
        proxies: the networks of those whose X-Forwarded-For is believed.
    """

    vault: Vault
    runs: Runs
    note: Callable[[str, Mapping[str, Any]], None]
    signer: SigningKey
    secret: bytes = field(repr=False)
    public_url: str
    now: Callable[[], float]
    addresses: Buckets
    mails: bool = False
    proxies: Networks = ()

    def time(self) -> int:
        """Return Unix seconds."""
        return int(self.now())


def code_key(secret: bytes) -> bytes:
    """Return what codes are hashed with, given the secret of the application."""
    return hmac.new(secret, b"dsr codes", "sha256").digest()


def buckets(ticks: Callable[[], float]) -> Buckets:
    """Return the buckets for addresses; `ticks` are seconds of a clock that only grows."""
    return Buckets(ticks, _ADDRESSES)


def install(app: Flask, desk: Desk | None) -> None:
    """Have the pages of `app` work with `desk`."""
    app.extensions[_EXTENSION] = desk


def desk() -> Desk:
    """Return what the application that answers works with.

    Raises:
        RefusedError: it has no node (503).
    """
    found: Desk | None = current_app.extensions[_EXTENSION]
    if found is None:
        raise RefusedError(problem("data_unavailable"))
    return found


def limit_address(peer: str, forwarded: Sequence[str], rate: Rate) -> None:
    """Count what an address asks, or of IPv6 its network: many may share it. Kept nowhere, and hashed in memory.

    Args:
        peer: who is connected to us.
        forwarded: the values of all headers X-Forwarded-For, in their order.
        rate: how often it may.

    Raises:
        RefusedError: it asks too often (429).
    """
    _count(neighbours(client_address(peer, forwarded, desk().proxies)), rate)


def limit_request(identifier: str, rate: Rate) -> None:
    """Count what is entered for one request, from wherever it comes.

    Raises:
        RefusedError: it is too often (429).
    """
    _count(f"request {identifier}", rate)


def _count(whose: str, rate: Rate) -> None:
    if desk().addresses.take(hmac.new(desk().secret, whose.encode(), "sha256").hexdigest(), rate).wait:
        raise RefusedError(problem("too_many_requests"))


def policy_data(bundle: Bundle) -> PolicyData:
    """Return what `bundle` says.

    Raises:
        DsrDataError: it has not the form that it needs.
    """
    return _parsed(bundle.data)


@lru_cache(4)
def _parsed(text: str) -> PolicyData:
    try:
        data = json.loads(text)["data_subjects"]
        return PolicyData(
            grounds=tuple(
                Ground(code=code, kinds=tuple(each["kinds"]), laws=MappingProxyType(dict(each["laws"])))
                for code, each in sorted(data["grounds"].items())
            ),
            methods=tuple(data["methods"]),
            extension_reasons=tuple(data["extension_reasons"]),
            second_person=frozenset(data["second_person"]),
            export_days=int(data["export_days"]),
            kept=_spans(data["kept_days"]),
            of_address=_rate(data["limits"]["address"]),
            of_request=_rate(data["limits"]["request"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DsrDataError("the policies in force have no usable `data_subjects`") from error


def _spans(stated: Mapping[str, Any]) -> Spans:
    return Spans(ended=_number(stated["ended"]) * DAY, unverified=_number(stated["unverified"]) * DAY)


def _rate(stated: Mapping[str, Any]) -> Rate:
    return Rate(per_second=_number(stated["per_hour"]) / _HOUR, burst=_number(stated["at_once"]))


def _number(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError
    return value
