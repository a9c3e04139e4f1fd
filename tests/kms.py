"""A key management service for tests: moto's, on a free port of 127.0.0.1, in a thread.

Moto keeps keys and unwraps under them as AWS does, but goes on unwrapping under a key that is to be deleted, and knows
no permissions. There `Kms` answers in its place, with the errors that AWS documents.
"""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

REGION = "eu-central-1"


@dataclass(slots=True)
class Kms:
    """A service, what it was asked, and what it is to answer instead of moto."""

    moto: Any
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failing: dict[str, tuple[int, str]] = field(default_factory=dict)  # by operation: status and error code
    going: set[str] = field(default_factory=set)  # ids of keys that are to be deleted
    gone: set[str] = field(default_factory=set)  # ids of those that are

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request, as WSGI has it."""
        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        operation, question = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], json.loads(data)
        self.asked.append((operation, question))
        refusal = self._refusal(operation, question)
        if refusal is None:
            return self.moto(environ | {"wsgi.input": io.BytesIO(data)}, start_response)
        status, code = refusal
        start_response(f"{status} No", [("content-type", "application/x-amz-json-1.1")])
        return [json.dumps({"__type": code, "message": "personal or secret"}).encode()]

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which boto3 finds it."""
        named = {"AWS_ENDPOINT_URL_KMS": self.url, "AWS_CONFIG_FILE": "/nowhere"}
        return named | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def operations(self) -> list[str]:
        """Return what it was asked to do, and forget it."""
        operations = [operation for operation, _ in self.asked]
        self.asked.clear()
        return operations

    def _refusal(self, operation: str, question: dict[str, Any]) -> tuple[int, str] | None:
        key = str(question.get("KeyId", "")).rpartition("/")[2]
        if operation in self.failing:
            return self.failing[operation]
        if key in self.gone:
            return 400, "NotFoundException"
        if operation == "Decrypt" and key in self.going:
            return 400, "KMSInvalidStateException"
        if operation == "ScheduleKeyDeletion":
            self.going.add(key)
        return None


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_kms() -> Iterator[Kms]:
    """Run a service that has no keys yet."""
    from moto.backends import get_backend  # noqa: PLC0415 - half a second
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

    for region in get_backend("kms").values():
        for backend in region.values():
            backend.reset()
    kms = Kms(DomainDispatcherApplication(create_backend_app))
    with make_server("127.0.0.1", 0, kms, threaded=True, request_handler=_Silent) as server:
        kms.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield kms
        finally:
            server.shutdown()
            serving.join()
