"""OPA's own engine in a process of its own; each line it reads is a message, each line it writes the answer.

`python -m app.pdp.opa_process PARENT ENGINE`. The engine is OPA's library (`*.so`), or the program `opa`. The library
brings the runtime of Go, which starts threads and may not be forked; so it is loaded here and nowhere else. The program
is run as a server on a socket without a file, which only this machine can reach, and ends with this process.

    {"load": {"modules": {path: source}, "data": {...}}}                -> {"loaded": true} or {"error": why}
    {"evaluate": path, "needed": [path, ...], "inputs": [JSON text, ...]} -> {"answers": [answer, ...]}

`needed` are the modules that have a say in the answer, null for all: the library compiles its modules anew for
each path. An answer is `{"value": ...}`, `{"undefined": true}` or `{"error": why}`.
"""

import ctypes
import http.client
import json
import os
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from app.pdp.lifeline import end_with_parent

_FALLIBLE: Final[dict[str, list[Any]]] = {
    "OpaAddPolicy": [ctypes.c_char_p, ctypes.c_char_p],
    "OpaAddData": [ctypes.c_char_p, ctypes.c_char_p],
    "OpaEvalDocument": [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int],
}
_SERVER: Final = ("run", "--server", "--skip-version-check", "--log-level", "error", "--addr")
_SHOWN: Final = 300
_START: Final = 30.0  # seconds until the server has to answer
_PAUSE: Final = 0.02
_BATCH: Final = 100  # inputs in one query


class _Opa(Protocol):
    def load(self, modules: Mapping[str, str], data: Any) -> dict[str, Any]: ...

    def evaluate(self, path: str, needed: Sequence[str] | None, texts: Sequence[str]) -> list[dict[str, Any]]: ...


class Library:
    """The library, with one engine in it."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.OpaNew.restype = ctypes.c_uint64
        self._library.OpaDestroy.argtypes = [ctypes.c_uint64]
        self._library.OpaFreeString.argtypes = [ctypes.c_void_p]
        for name, arguments in _FALLIBLE.items():
            function = getattr(self._library, name)
            function.argtypes, function.restype = [ctypes.c_uint64, *arguments], ctypes.c_void_p
        self._engine = 0
        self._modules: Mapping[str, str] = {}
        self._data: Any = {}
        self._loaded: Sequence[str] = ()

    def load(self, modules: Mapping[str, str], data: Any) -> dict[str, Any]:
        """Begin anew with these modules and data; return the answer to send."""
        self._modules, self._data = modules, data
        errors = self._begin(list(modules))
        return {"error": json.dumps(errors)} if errors else {"loaded": True}

    def evaluate(self, path: str, needed: Sequence[str] | None, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return what the document at `data.<path>` is for each input."""
        files = list(self._modules) if needed is None else needed
        if files != self._loaded:
            self._begin(files)
        return [self._evaluated(path, text) for text in texts]

    def _begin(self, files: Sequence[str]) -> list[Any]:
        """Have an engine with some of the modules; return what it says against them."""
        if self._engine:
            self._library.OpaDestroy(self._engine)
        self._engine, self._loaded = self._library.OpaNew(), files
        said = [self._call("OpaAddPolicy", file.encode(), self._modules[file].encode()) for file in files]
        said.append(self._call("OpaAddData", b"", json.dumps(self._data).encode()))
        return [each["error"] for each in said if each.get("error")]

    def _evaluated(self, path: str, text: str) -> dict[str, Any]:
        said = self._call("OpaEvalDocument", path.encode(), text.encode(), 0, 0)
        if said.get("error"):
            return {"error": said["error"].get("message", "")[:_SHOWN]}
        rows = said.get("result")
        return {"value": rows[0]["expressions"][0]["value"]} if rows else {"undefined": True}

    def _call(self, name: str, *arguments: Any) -> dict[str, Any]:
        pointer = getattr(self._library, name)(self._engine, *arguments)
        try:
            said: dict[str, Any] = json.loads(ctypes.string_at(pointer))
        finally:
            self._library.OpaFreeString(pointer)
        return said


class Program:
    """The program `opa`, run as a server for each set of modules."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._server: subprocess.Popen[bytes] | None = None
        self._address = ""

    def load(self, modules: Mapping[str, str], data: Any) -> dict[str, Any]:
        """Begin anew with these modules and data; return the answer to send."""
        self.close()
        self._address = f"omega-opa-{secrets.token_hex(8)}"
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
            for path, source in [*modules.items(), ("data.json", json.dumps(data))]:
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(source, "utf-8")
            self._server = self._started(folder, said)
            return self._awaited(self._server, said, folder)

    def evaluate(self, path: str, _: Sequence[str] | None, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return what the document at `data.<path>` is for each input."""
        answers: list[dict[str, Any]] = []
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            answers += self._together(path, batch) or [self._evaluated(path, text) for text in batch]
        return answers

    def close(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def _started(self, folder: str, said: BinaryIO) -> "subprocess.Popen[bytes]":
        mine = os.getpid()
        return subprocess.Popen(  # noqa: S603 - the program that the operator names
            [self._path, *_SERVER, f"unix://@{self._address}", folder],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            preexec_fn=lambda: end_with_parent(mine),  # noqa: PLW1509 - one thread
        )

    def _awaited(self, server: "subprocess.Popen[bytes]", said: BinaryIO, folder: str) -> dict[str, Any]:
        ends = time.monotonic() + _START
        while time.monotonic() < ends:
            if server.poll() is not None:
                said.seek(0)
                text = said.read().decode("utf-8", "replace").replace(f"{folder.lstrip('/')}/", "").replace(folder, "")
                return {"error": " ".join(text.split())[:_SHOWN]}
            with suppress(OSError):
                if self._asked("GET", "/health", None)[0] == http.HTTPStatus.OK:
                    return {"loaded": True}
            time.sleep(_PAUSE)
        return {"error": "the server of OPA does not answer"}

    def _together(self, path: str, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return the answers to many inputs at once; nothing where one of them fails, which fails all."""
        found = "".join(f"[{json.dumps(name)}]" for name in path.split("."))
        query = f"some i, one in input.all; x := data{found} with input as one"
        body = f'{{"query":{json.dumps(query)},"input":{{"all":[{",".join(texts)}]}}}}'
        status, said = self._asked("POST", "/v1/query", body.encode())
        if status != http.HTTPStatus.OK:
            return []
        values = {row["i"]: row["x"] for row in said.get("result", [])}
        return [{"value": values[i]} if i in values else {"undefined": True} for i in range(len(texts))]

    def _evaluated(self, path: str, text: str) -> dict[str, Any]:
        body = f'{{"input":{text}}}'.encode()
        status, said = self._asked("POST", f"/v1/data/{path.replace('.', '/')}", body)
        if status != http.HTTPStatus.OK:
            return {"error": json.dumps(said)[:_SHOWN]}
        return {"value": said["result"]} if "result" in said else {"undefined": True}

    def _asked(self, method: str, path: str, body: bytes | None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(f"\0{self._address}")
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said: dict[str, Any] = json.loads(answer.read() or b"{}")
            return answer.status, said
        finally:
            connection.close()


def serve(opa: _Opa, lines: Iterable[bytes], out: BinaryIO) -> None:
    """Answer each line."""
    for line in lines:
        asked = json.loads(line)
        if "load" in asked:
            answer = opa.load(**asked["load"])
        else:
            answer = {"answers": opa.evaluate(asked["evaluate"], asked["needed"], asked["inputs"])}
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()


def main() -> None:
    """Be the process."""
    parent, engine = sys.argv[1:]
    end_with_parent(int(parent))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))  # the runtime of Go reserves much more than it uses
    serve(Library(engine) if engine.endswith(".so") else Program(engine), sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
