"""Callers that keep asking over keep-alive connections, and remember every answer."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Self
from urllib.parse import urlsplit

from tests.pdp.evaluating import ROOT

_AGAIN = 0.05  # seconds until a caller whose connection broke tries again
_IDLE = 2.0  # seconds without a question after which a connection is not used again; the service closes it after five
PUBLISH = json.loads((ROOT / "examples" / "publish.json").read_text())

Question = tuple[str, bytes]
"""What the test calls it, and the body."""


def question(tag: str, changed: dict[str, Any] | None = None, **facts: Any) -> Question:
    """Return the example of a release that may be published, with other members, and other facts about it."""
    asked = PUBLISH | (changed or {})
    resource = asked["resource"]
    asked = asked | {"resource": resource | {"properties": resource["properties"] | facts}}
    return tag, json.dumps(asked).encode()


def person(number: int) -> dict[str, Any]:
    """Return the subject of the example as somebody else."""
    return {"subject": PUBLISH["subject"] | {"id": f"dev-{number}"}}


ALLOWED = question("allowed")
DENIED = question("denied", tests={"coverage_percent": 12})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One acknowledged decision."""

    tag: str
    decision_id: str
    leaf: str
    allow: bool
    context: dict[str, Any]


class Load:
    """So many callers asking one question after the other. As a context: they stop with it, after their answers."""

    def __init__(self, url: str, token: str, questions: Iterator[Question] | None = None, *, callers: int = 8) -> None:
        self._address = urlsplit(url).hostname, urlsplit(url).port
        self._token = token
        self._questions = cycle([ALLOWED, DENIED]) if questions is None else questions
        self._callers = callers
        self._stopping = False
        self._progress = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.answers: list[Answer] = []
        self.refused: Counter[str] = Counter()
        self.refused_by_tag: Counter[tuple[str, str]] = Counter()
        self.broken = 0

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._ask()) for _ in range(self._callers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def more(self, number: int) -> None:
        """Return when that many more decisions are acknowledged, or when the questions have run out."""
        wanted = len(self.answers) + number
        while len(self.answers) < wanted and not all(task.done() for task in self._tasks):
            self._progress.clear()
            await self._progress.wait()

    async def _ask(self) -> None:
        try:
            while not self._stopping:
                try:
                    await self._keep_asking()
                except (OSError, asyncio.IncompleteReadError):
                    self.broken += 1
                    await asyncio.sleep(_AGAIN)
                else:
                    return
        finally:
            self._progress.set()

    async def _keep_asking(self) -> None:
        reader, writer = await asyncio.open_connection(*self._address)
        answered = time.monotonic()
        try:
            for tag, body in self._questions:
                if time.monotonic() - answered > _IDLE:  # on a busy machine this process may have waited for long
                    writer.close()
                    reader, writer = await asyncio.open_connection(*self._address)
                writer.write(self._request(body))
                status, document = await read_answer(reader)
                answered = time.monotonic()
                self._note(tag, status, document)
                if self._stopping:
                    return
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _request(self, body: bytes) -> bytes:
        return (
            f"POST /access/v1/evaluation HTTP/1.1\r\nhost: omega\r\nauthorization: Bearer {self._token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body

    def _note(self, tag: str, status: int, document: dict[str, Any]) -> None:
        if status != 200:
            problem = f"{status} {document.get('type')}"
            self.refused[problem] += 1
            self.refused_by_tag[tag, f"{problem} {str(document.get('detail')).partition(':')[0]}"] += 1
            return
        context = document["context"]
        self.answers.append(
            Answer(
                tag=tag,
                decision_id=context["decision_id"],
                leaf=context["evidence"]["leaf_hash"],
                allow=document["decision"],
                context=context,
            )
        )
        self._progress.set()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    """Return status and document of one HTTP/1.1 response."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in fields if field)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(status.split()[1]), json.loads(body)
