"""Both clients against the decision plane itself, or against answers that a test makes up; no socket."""

import asyncio
import json

import httpx

from omega_client import AsyncClient, Client, Entity

GROCER = Entity(type="grocer", id="g-1")
FACTS = {"ripe": True, "grams": 80, "described": True}
APPLE = Entity(type="fruit", id="apple-1", properties=FACTS)
UNRIPE = Entity(type="fruit", id="apple-1", properties=FACTS | {"ripe": False})
URL = "http://127.0.0.1:8420/"

DENIED = {
    "decision": False,
    "context": {
        "decision_id": "01a203ec17c0f73dc8f6-3",
        "reasons": [{"id": "ripe", "message": "m", "severity": "high", "enforcement": "blocking", "controls": ["a/b"]}],
        "obligations": [],
        "diagnostics": [{"code": "fact_type", "path": "resource"}],
        "policy": {"revision": "r1", "bundle": "b"},
        "evidence": {"chain": "01a203ec17c0f73dc8f6", "seq": 3, "leaf_hash": "ab" * 32, "durability": "journal"},
    },
}


def answered(*, decision=True, **context):
    """Return an answer, some of its context changed; what is None is taken out."""
    members = DENIED["context"] | context
    return {"decision": decision, "context": {name: value for name, value in members.items() if value is not None}}


def said(*answers):
    """Return what answers so, one after the other, and a list of what it was asked."""
    left, asked = list(answers), []

    def handle(request):
        asked.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)
        return httpx.Response(200, content=answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    return handle, asked


def busy(after="1"):
    """Return a 503 that says when to come back."""
    document = {"type": "urn:omega:problem:overloaded", "title": "t", "status": 503}
    return httpx.Response(503, json=document, headers={"retry-after": after} if after is not None else {})


class Planes:
    """Answers as the decision plane does."""

    def __init__(self, plane):
        self._plane = plane

    def __call__(self, request):
        return asyncio.run(self.later(request))

    async def later(self, request):
        """Answer on the loop that is running: engines stay on their thread."""
        answer = await self._plane.asking(
            request.content,
            path=request.url.path,
            method=request.method,
            headers=[(name.lower(), value) for name, value in request.headers.raw],
            query=request.url.query,
        )
        return httpx.Response(answer.status, content=answer.body, headers=list(answer.headers.items()))


class Blocking:
    """Asks with the client that waits."""

    def __init__(self, handle, **options):
        self.slept = []
        options = {"transport": httpx.MockTransport(handle), "sleep": self.slept.append, "jitter": lambda: 0} | options
        self.client = Client(URL, options.pop("token", "a-token"), **options)

    def __getattr__(self, name):
        return getattr(self.client, name)


class Looping:
    """Asks with the client that is on a loop, one loop for each question."""

    def __init__(self, handle, **options):
        self.slept = []

        async def sleep(seconds):
            self.slept.append(seconds)

        async def on_the_loop(request):
            await request.aread()
            return await handle.later(request) if isinstance(handle, Planes) else handle(request)

        options = {"transport": httpx.MockTransport(on_the_loop), "sleep": sleep, "jitter": lambda: 0} | options
        self.client = AsyncClient(URL, options.pop("token", "a-token"), **options)

    def __getattr__(self, name):
        async def asked(*args, **kwargs):
            return await getattr(self.client, name)(*args, **kwargs)

        return lambda *args, **kwargs: asyncio.run(asked(*args, **kwargs))
