"""Recorded decisions made again by the decision plane, which tells a verdict.

The portal itself holds no keys of persons, so it cannot open what was asked, and is never told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

import httpx
from flask import Flask, current_app

from app.errors import problem
from app.pdp.errors import UnrecordedError
from app.pep import RefusedError

SECONDS: Final = 30.0
"""How long an answer may take."""

_EXTENSION: Final = "omega.auditor_portal.replayer"
_OK: Final = 200
_TOLD: Final = {403: "forbidden", 404: "not_found", 503: "overloaded"}


class Verdict(StrEnum):
    """What deciding once more showed."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_REPRODUCIBLE = "not_reproducible"
    KEY_DESTROYED = "key_destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How a decision came out when it was made again; `differences` names members of its result."""

    verdict: Verdict
    differences: tuple[str, ...]


class Replayer(Protocol):
    """Has decisions made again."""

    def replay(self, decision_id: str) -> Replayed:
        """Have one made again.

        Raises:
            RefusedError: it is not done, or not now.
        """


class RemoteReplayer:
    """Asks the decision plane at `url`, with the token that `token` returns. For many threads."""

    def __init__(self, url: str, token: Callable[[], str], *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=SECONDS, transport=transport, trust_env=False)
        self._url, self._token = url, token

    def __reduce__(self) -> tuple[object, ...]:
        """Go to another process as whom it asks: connections stay where they are."""
        return RemoteReplayer, (self._url, self._token)

    def replay(self, decision_id: str) -> Replayed:
        """See `Replayer`."""
        try:
            answer = self._client.post(
                f"/v1/decisions/{decision_id}/replay", headers={"authorization": f"Bearer {self._token()}"}
            )
            if answer.status_code == _OK:
                return _replayed(answer.json())
        except (httpx.HTTPError, UnrecordedError, ValueError, KeyError, TypeError) as error:
            raise RefusedError(problem("data_unavailable")) from error
        raise RefusedError(problem(_TOLD.get(answer.status_code, "data_unavailable")))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


def install(app: Flask, replayer: Replayer) -> None:
    """Have the pages of `app` ask `replayer`."""
    app.extensions[_EXTENSION] = replayer


def replayer() -> Replayer:
    """Return whom the application that answers asks.

    Raises:
        RefusedError: nobody.
    """
    found: Replayer | None = current_app.extensions.get(_EXTENSION)
    if found is None:
        raise RefusedError(problem("data_unavailable"))
    return found


def _replayed(told: Any) -> Replayed:
    """Read an answer.

    Raises:
        ValueError, KeyError, TypeError: it has not its form.
    """
    differences = tuple(told["differences"])
    if not all(isinstance(each, str) for each in differences):
        raise ValueError
    return Replayed(verdict=Verdict(told["verdict"]), differences=differences)
