"""What a witness does with a request: judge it against what it has seen, remember, cosign. In this order.

Knows no HTTP; `app/witness/asgi.py` does.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock

from app.keys import KeyFileError
from app.witness.heads import Heads
from evidence.cosignature import WitnessSigner
from evidence.errors import (
    ForkedLogError,
    InconsistentLogError,
    MalformedError,
    UnknownLogError,
    WitnessConflictError,
)
from evidence.form import time_text
from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.witness import AddCheckpoint, judge, origin_and_tree

_LOG = logging.getLogger(__name__)
_LARGEST = 1_024  # bytes of a verifier key's file


class Witness:
    """One witness; any number of threads may use it."""

    def __init__(
        self,
        signer: WitnessSigner,
        logs: Mapping[str, Sequence[VerifierKey]],
        heads: Heads,
        clock: Callable[[], datetime],
    ) -> None:
        """Keep what is needed.

        Args:
            signer: the witness's key.
            logs: of each origin the keys it is trusted under.
            heads: what was seen.
            clock: the time that cosignatures say.
        """
        self._signer, self._logs, self._heads, self._clock = signer, logs, heads, clock
        self._one_at_a_time = Lock()

    def add_checkpoint(self, body: bytes) -> bytes:
        """Return the cosignature line for the checkpoint in `body`; what was seen is on disk by then.

        Raises:
            MalformedError: `body` is no request, or its sizes cannot be (400).
            UnknownLogError: the witness was not told of this log (404).
            UntrustedLogError: no key it was told of signed the checkpoint (403).
            WitnessConflictError: the request does not start from what was seen (409).
            ForkedLogError: the log shows another tree of the size that was seen (409).
            InconsistentLogError: the tree does not continue what was seen (422).
            HeadsError: what was seen cannot be read or written (503).
        """
        request = AddCheckpoint.parse(body)
        signed = Note.parse(request.note)
        origin = origin_and_tree(signed.text).origin
        if origin not in self._logs:
            raise UnknownLogError(f"no log `{origin}` is known here")
        with self._one_at_a_time:  # so that at the time a cosignature says, nothing newer was cosigned
            self._remember(origin, request, signed)
            return self._signer.sign(signed.text, self._clock())

    def _remember(self, origin: str, request: AddCheckpoint, signed: Note) -> None:
        """Judge a request, and have what it shows on disk."""
        seen = self._heads.read(origin)
        try:
            head = judge(request, self._logs[origin], seen, signed)
        except (ForkedLogError, InconsistentLogError) as error:
            _LOG.error("%s: %s; its signed checkpoint is kept", error.code, error)
            self._heads.keep_refused(origin, error.code, request.note, time_text(self._clock()))
            raise
        if head != seen and not self._heads.advance(seen, head, request.note):
            raise WitnessConflictError(self._heads.read(origin).size)  # another process was faster


def load_logs(directory: Path) -> dict[str, tuple[VerifierKey, ...]]:
    """Return the verifier keys in `directory`, one in each file that ends in `.vkey`, by the origin they sign for.

    Raises:
        KeyFileError: there is none, or a file cannot be read or is no verifier key of a log.
    """
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for path in sorted(directory.glob("*.vkey")):
        try:
            with path.open("rb") as file:
                key = VerifierKey.parse(file.read(_LARGEST).decode("ascii", errors="replace"))
        except OSError as error:
            raise KeyFileError(f"`{path}` cannot be read: {error.strerror}") from error
        except MalformedError as error:
            raise KeyFileError(f"`{path}` is not the verifier key of a log: {error}") from error
        logs[key.origin] = (*logs.get(key.origin, ()), key)
    if not logs:
        raise KeyFileError(f"no log to witness: put its verifier key into `{directory}`, in a file that ends in .vkey")
    return logs
