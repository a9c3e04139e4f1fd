"""The decision plane without a socket: fakes around it, and a way to ask it."""

import asyncio
import json
from dataclasses import dataclass
from itertools import chain, repeat
from urllib.parse import unquote

from app.decision_plane.asgi import DecisionPlane, Health
from app.decision_plane.http import ProblemError
from app.decision_plane.limits import Limits
from app.decision_plane.refusals import Refusals
from app.decision_plane.replay import Replayed, Verdict
from app.errors import problem
from app.pdp.explain import Trace
from app.pdp.explaining import Again, traced
from evidence.receipt import issue
from tests.evidence.sealing import KEY
from tests.pdp.deciding import NOW, Deciding, Service, deciding
from tests.pdp.shop import asked

CALLERS = {
    "a-token": Service(),
    "another": Service(tenant="other"),
    "stranger": Service(subject="stranger"),
    "a-reader": Service(subject="reader"),
    "proxy": Service(subject="proxy"),
    "foreign-proxy": Service(subject="proxy", tenant="other"),
}
BEARER = (b"authorization", b"Bearer a-token")
JSON = (b"content-type", b"application/json")
PATH = "/access/v1/evaluation"


def body(**facts):
    """Return the bytes of a request that is allowed, its facts about the fruit changed."""
    document = asked(**facts)
    del document["environment"]
    return json.dumps(document).encode()


class Shelf:
    """Finds decisions: those of the fake log, and whatever problem the test wants."""

    def __init__(self, log):
        self.log = log
        self.problem = None
        self.replaying = None  # what a replay waits for, as a test says

    async def find(self, decision_id, caller):
        if self.problem is not None:
            raise ProblemError(problem(self.problem))
        return {"id": decision_id, "tenant": caller.tenant}

    async def replay(self, decision_id, tenants):
        if self.replaying is not None:
            await self.replaying()
        if self.problem is not None or not set(tenants) & {"default", "*"}:
            raise ProblemError(problem(self.problem or "not_found"))
        return Replayed(
            decision_id=decision_id, verdict=Verdict.DIFFERS, bundle="b", revision="r", differences=("allow",)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was sent; `status` is None where nothing was."""

    status: int | None
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Return the code of the problem, having checked its form."""
        assert self.headers[b"content-type"] == b"application/problem+json"
        assert self.document["status"] == self.status
        return self.document["type"].removeprefix("urn:omega:problem:")


class Clock:
    """Seconds, as the test says."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


class Plane:
    """A decision plane over a bundle, and everything it was handed."""

    def __init__(self, bundle, *, in_flight=8, tokens=None, authenticate=None, public_url=None, **more):
        self.client = None  # address and port of whoever opens the connection
        self.bundle, self.again, self.decide_again_by = bundle, 0, None
        self.fakes: Deciding = deciding(bundle)
        self.log = self.fakes.log
        self.shelf = Shelf(self.log)
        self.clock, self.ticks = Clock(), Clock()
        self.checks = {"evaluators": True, "journal": True}
        self.app = DecisionPlane(
            self.fakes.pdp,
            authenticate=authenticate or (lambda presented: CALLERS.get(presented.token)),
            limits=Limits(self.clock),
            decisions=self.shelf,
            health=lambda: Health(checks=self.checks, bundle=bundle.digest, revision=bundle.revision),
            refusals=Refusals(self.clock),
            sign_receipt=lambda records: issue(records, KEY, NOW).decode(),
            decide_again=self.decide_again,
            in_flight=in_flight,
            tokens=tokens,
            **more,
            page_secret=b"s" * 32,
            public_url=public_url,
            ticks=self.ticks,
        )

    def decide_again(self, digest, asked):
        """Decide again as the test wants, and count it."""
        assert digest == self.bundle.digest
        self.again += 1
        return (self.decide_again_by or self.traced)(digest, asked)

    def traced(self, _, asked):
        """Decide again in this process."""
        told = asyncio.run(traced(self.bundle, asked))
        return Again(result=told["result"], trace=Trace(held=told["held"], lines=told["lines"]))

    def ask(self, *chunks, **options):
        """Ask once, on a loop of its own."""
        return asyncio.run(self.asking(*chunks, **options))

    async def asking(self, *chunks, headers=(BEARER, JSON), peer=None, **options):
        """Ask on the running loop; see `received`."""
        return await received(self.app, *chunks, headers=headers, client=peer or self.client, **options)


async def received(  # noqa: PLR0913 - what a request is made of
    app, *chunks, path=PATH, method="POST", headers=(), leaves=False, query=b"", client=None
):
    """Return what an application answers to a request in chunks.

    After a chunk that is None nothing comes, with `leaves` the caller hangs up; `client` is its address and port.
    """
    parts = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if not leaves:
        parts.append({"type": "http.request"})
    messages = chain(parts, repeat({"type": "http.disconnect"}))
    sent = []

    async def receive():
        message = next(messages)
        if message.get("body", b"") is None:
            await asyncio.Event().wait()
        return message

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query,
        "headers": headers,
        "client": client,
    }
    await app(scope, receive, send)
    return _answer(sent)


def _answer(sent):
    if not sent:
        return Answer(status=None, headers={}, body=b"")
    start, whole = sent
    assert (start["type"], whole["type"]) == ("http.response.start", "http.response.body")
    headers = dict(start["headers"])
    assert len(headers) == len(start["headers"])
    assert headers[b"cache-control"] == b"no-store"
    assert int(headers[b"content-length"]) == len(whole["body"])
    return Answer(status=start["status"], headers=headers, body=whole["body"])
