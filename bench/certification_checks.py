"""How a PDP is asked over HTTP, and what the scenario of `bench.certification` holds its answers to."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

SECONDS = 10
Wanted = bool | None
PERMIT, DENY, EITHER = True, False, None


class FailedError(Exception):
    """A PDP does not do what the scenario asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a PDP sent back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """Return the JSON object of a success."""
        expect(self.status == 200, f"status {self.status}, want 200")
        kind = self.headers.get("content-type", "")
        expect(kind.partition(";")[0].strip() == "application/json", f"content type `{kind}`")
        try:
            value = json.loads(self.body)
        except ValueError:
            raise FailedError("the body is no JSON") from None
        if not isinstance(value, dict):
            raise FailedError("the body is no JSON object")
        return value


class Pdp:
    """A PDP under test, at an origin."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._at = urlsplit(self.url)
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Answer:
        """Ask with GET, and with no token."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """Post a value as JSON, or bytes as they are. `content_type` and `x_request_id` stand for headers."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._ask("POST", path, data, {"content-type": "application/json"} | self._headers | given)

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connect = HTTPSConnection if self._at.scheme == "https" else HTTPConnection
        connection = connect(self._at.hostname or "", self._at.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=told, body=answer.read())
        except (OSError, HTTPException) as error:
            raise FailedError(f"no answer: {type(error).__name__}") from None
        finally:
            connection.close()


def expect(holds: bool, said: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise FailedError with `said` unless it holds."""
    if not holds:
        raise FailedError(said)


def decided(answer: Answer, wanted: Wanted) -> None:
    """Hold a single decision to its form (2.3), and to `wanted` if that is one."""
    verify_decision(answer.document(), wanted)


def verify_decision(document: Any, wanted: Wanted = EITHER) -> None:
    """Hold one decision object to its form, and to `wanted` if that is one."""
    expect(isinstance(document, dict) and isinstance(document.get("decision"), bool), "no boolean `decision`")
    expect(isinstance(document.get("context", {}), dict), "`context` is no object")
    expect(wanted is None or document["decision"] is wanted, f"decision {document['decision']}, want {wanted}")


def evaluated(answer: Answer, wanted: Sequence[Wanted]) -> None:
    """Hold the decisions of a batch to their form (3.3), their number, their order, and their values."""
    found = answer.document().get("evaluations")
    if not isinstance(found, list):
        raise FailedError("no list `evaluations`")
    expect(len(found) == len(wanted), f"{len(found)} evaluations, want {len(wanted)}")
    for each, decision in zip(found, wanted, strict=True):
        verify_decision(each, decision)


def found(answer: Answer, wanted: Sequence[Mapping[str, str]], kind: str | None = None) -> None:
    """Hold the results of a search to their form, to the `kind` that was asked for, and to those that must be there."""
    document = answer.document()
    results = document.get("results")
    if not isinstance(results, list):
        raise FailedError("no list `results`")
    names = {"type", "id"} if kind else {"name"}
    for each in results:
        expect(isinstance(each, dict) and all(isinstance(each.get(name), str) for name in names), "a result lacks form")
        expect(kind is None or each["type"] == kind, "a result of another type")
    told = [{name: each[name] for name in names} for each in results]
    expect(all(each in told for each in wanted), f"{told}, want at least {list(wanted)}")
    verify_page(document)


def verify_page(document: Mapping[str, Any]) -> None:
    """Hold `page` to its form, where there is one (4.5.3)."""
    page = document.get("page", {"next_token": ""})
    expect(isinstance(page, dict) and isinstance(page.get("next_token"), str), "`page` lacks a string `next_token`")
    numbers = (page.get(name, 0) for name in ("count", "total"))
    expect(all(isinstance(each, int) for each in numbers), "`count` or `total` is no number")


def nothing(answer: Answer) -> None:
    """Hold a search to having no results."""
    expect(answer.document().get("results") == [], "results where none are")


def refused(answer: Answer) -> None:
    """Hold an answer to being Bad Request."""
    expect(answer.status == 400, f"status {answer.status}, want 400")


def asking(check: Callable[[Answer], None], path: str, body: Any, **headers: str) -> Callable[[Pdp], None]:
    """Return what posts `body` and checks the answer."""
    return lambda pdp: check(pdp.post(path, body, **headers))


def allows(wanted: Wanted) -> Callable[[Answer], None]:
    """Return a check of one decision."""
    return lambda answer: decided(answer, wanted)


def many(*wanted: Wanted) -> Callable[[Answer], None]:
    """Return a check of the decisions of a batch."""
    return lambda answer: evaluated(answer, wanted)


def lists(*wanted: Mapping[str, str], kind: str | None = None) -> Callable[[Answer], None]:
    """Return a check of results."""
    return lambda answer: found(answer, wanted, kind)
