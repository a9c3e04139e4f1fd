"""The process that looks for names, as whoever needs it knows it: started, asked, ended. Blocking.

Started when it is first asked, and again after it died; killed when an answer takes too long.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import IO, Any, Final, Self

from app.privacy.detection.finding import Finding
from app.privacy.redaction.errors import NamesError
from app.privacy.redaction.names_process import READY, FrameError, findings_in, receive, send

SECONDS: Final = 120.0
"""How long a document may take, and how long it takes until the model is loaded."""

_ENDING: Final = 5.0  # seconds
_PROJECT: Final = Path(__file__).resolve().parents[3]


def command(memory: int, detection: Path | None = None) -> list[str]:
    """Return the command of a process that looks for names.

    Args:
        memory: bytes that it takes at most.
        detection: what the installation says of detection (`recogniser_file`).
    """
    own = [] if detection is None else [str(detection.absolute())]
    return [sys.executable, "-m", "app.privacy.redaction.names_process", str(memory), *own]


class NamesLane:
    """One such process at a time. For one thread. As a context it ends the process."""

    def __init__(self, command: Sequence[str], *, seconds: float = SECONDS) -> None:
        """Run `command`, and wait `seconds` for each answer."""
        self._command, self._seconds = command, seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Return once it is ready to answer.

        Raises:
            NamesError: it does not become so.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath, "OMP_NUM_THREADS": "1"},
                cwd=_PROJECT,
                start_new_session=True,
            )
        except OSError as error:
            raise NamesError("the process that looks for names cannot be started") from error
        if self._exchange(lambda _, outgoing: receive(outgoing)) != READY:
            raise NamesError("the process that looks for names does not become ready")

    def find(self, body: Mapping[str, Any], language: str) -> tuple[Finding, ...]:
        """Return what stands in the one value of `body`.

        Raises:
            NamesError: nobody looked: it died, took too long, or cannot look through such a document.
        """
        self.start()
        asked = json.dumps({"body": dict(body), "language": language}).encode()

        def ask(incoming: IO[bytes], outgoing: IO[bytes]) -> bytes:
            send(incoming, asked)
            return receive(outgoing)

        answer = self._exchange(ask)
        try:
            return findings_in(answer)
        except FrameError as error:
            raise NamesError("the process that looks for names cannot look through this document") from error

    def close(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        try:
            process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _exchange(self, talk: Callable[[IO[bytes], IO[bytes]], bytes]) -> bytes:
        process = self._process
        assert process is not None  # noqa: S101 - it was started
        assert process.stdin is not None  # noqa: S101 - a pipe
        assert process.stdout is not None  # noqa: S101 - a pipe
        late = Timer(self._seconds, process.kill)
        late.daemon = True
        late.start()
        try:
            return talk(process.stdin, process.stdout)
        except (OSError, FrameError) as error:
            process.kill()
            self.close()
            raise NamesError("the process that looks for names has ended, or took too long") from error
        finally:
            late.cancel()
