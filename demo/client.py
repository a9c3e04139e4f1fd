"""Asking over HTTP: one question, or many at once until the service is gone."""

import http.client
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from demo.questions import Caller

_PATIENCE = 20.0  # seconds
OK = 200
_PATH = "/access/v1/evaluation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    document: Mapping[str, Any]

    @property
    def decision_id(self) -> str | None:
        """Return under which id the decision is recorded; None where nothing was decided."""
        found = self.document.get("context", {}).get("decision_id")
        return None if found is None else str(found)

    @property
    def leaf_hash(self) -> str:
        """Return the hash of the record of a decision."""
        return str(self.document["context"]["evidence"]["leaf_hash"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Speaks to the service at `url`, with the token of each caller."""

    url: str
    tokens: Mapping[Caller, str]

    def ask(self, body: bytes, caller: Caller) -> Answer:
        """Ask for one decision."""
        connection = self.connect()
        try:
            return self.exchange(connection, body, caller)
        finally:
            connection.close()

    def find(self, decision_id: str, caller: Caller) -> Mapping[str, Any]:
        """Return what the service says to who asked for a decision: its record, status, and proof once there is one."""
        connection = self.connect()
        try:
            connection.request("GET", f"/v1/decisions/{decision_id}", headers=self._headers(caller))
            return _read(connection).document
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection, not opened yet."""
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE)

    def exchange(self, connection: http.client.HTTPConnection, body: bytes, caller: Caller) -> Answer:
        """Ask for one decision on a connection."""
        connection.request("POST", _PATH, body, self._headers(caller) | {"content-type": "application/json"})
        return _read(connection)

    def _headers(self, caller: Caller) -> dict[str, str]:
        token = self.tokens.get(caller)
        return {} if token is None else {"authorization": f"Bearer {token}"}


def _read(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    return Answer(status=response.status, document=json.loads(response.read()))


@dataclass(slots=True, kw_only=True)
class Burst:
    """Clients that ask as fast as they can until the service is gone.

    `acknowledged` maps decision id to leaf hash of every answer that came; `unanswered` counts the questions that
    got none, `refused` the answers that were no decision.
    """

    client: Client
    bodies: Sequence[bytes]  # one client each, which repeats its own
    enough: int
    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: int = 0
    refused: int = 0
    _reached: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> bool:
        """Start the clients; return once `enough` answers came, or False where they do not come."""
        for body in self.bodies:
            thread = threading.Thread(target=self._ask, args=(body,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self._reached.wait(_PATIENCE)

    def finish(self) -> None:
        """Wait until every client has seen that the service is gone."""
        for thread in self._threads:
            thread.join()

    def _ask(self, body: bytes) -> None:
        connection = self.client.connect()
        try:
            while True:
                self._take(self.client.exchange(connection, body, Caller.MARKETPLACE))
        except (OSError, http.client.HTTPException, ValueError):
            with self._lock:
                self.unanswered += 1
        finally:
            connection.close()

    def _take(self, answer: Answer) -> None:
        with self._lock:
            if answer.status != OK or answer.decision_id is None:
                self.refused += 1
                return
            self.acknowledged[answer.decision_id] = answer.leaf_hash
            if len(self.acknowledged) >= self.enough:
                self._reached.set()
