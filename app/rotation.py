"""Giving the log another key: the statement into the store, then the files of the node. docs/operating.md, "Keys".

Every step can be the last one before a crash: until the statement is in the store the old key signs; from then on the
new one does, and running this again finishes. Knows nothing of who may ask for it, and of the service's lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app import keys
from evidence import form, key_history, note
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import CHECKPOINT_KEY, Checkpointer
from evidence.errors import AlreadyWrittenError
from evidence.key_history import KeyHistory, Reason, Statement
from evidence.keys import SigningKey
from evidence.record import Draft
from evidence.store import WormStore


class RotationError(Exception):
    """The log keeps its key; the message says what has to be done first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Everything that a rotation needs to know of a node.

    Attributes:
        directory: of the key files.
        store: of the log.
        retention: how long statement and checkpoint are kept.
        clock: gives the time.
        record: puts `key.rotated` into the log; after a crash it may be called a second time.
    """

    directory: Path
    store: WormStore
    retention: timedelta
    clock: Callable[[], datetime]
    record: Callable[[Draft], object]

    def run(self, reason: Reason) -> KeyHistory:
        """Rotate, or finish a rotation that was interrupted; return the history as it is then.

        Nobody else may seal meanwhile: neither the service of this node nor another one.

        Raises:
            EvidenceError: the log does not hold, or the store does not answer; then run this again.
            KeyFileError: the key files are not in order.
            RotationError: the key of this node is not the log's, or a leftover is not to be trusted.
        """
        finished = keys.finish_rotation(self.directory)
        node = keys.load(self.directory)
        history = KeyHistory.load(self.store, node.log.verifier)
        if finished:
            return history
        left = keys.load_next_log_key(self.directory)
        if left is None or history.newest != left.verifier:
            self._refuse(history, node.log, left, reason)
            head = self._publish(node.log, history)
            history = self._state(node.log, keys.make_next_log_key(self.directory), history, head, reason)
        self.record(_draft(history.statements[-1]))
        keys.adopt_next_log_key(self.directory)
        return history

    def _refuse(self, history: KeyHistory, own: SigningKey, left: SigningKey | None, reason: Reason) -> None:
        if history.newest != own.verifier:
            raise RotationError(
                f"the log's key is {history.newest.id.hex()}, and this node's is {own.verifier.id.hex()}:"
                f" copy `{keys.LOG_KEY}` and `{keys.LOG_VERIFIER_KEY}` from the node that has it;"
                " if none has, somebody else used the old key"
            )
        if left is not None and reason is Reason.COMPROMISED:
            raise RotationError(
                f"`{self.directory / keys.NEXT_LOG_KEY}` was left by a rotation that never came into force, and may"
                " have been taken with the other: remove it, and run this again"
            )

    def _publish(self, own: SigningKey, history: KeyHistory) -> Checkpoint | None:
        """Publish a checkpoint over every seal there is; return the newest one."""
        Checkpointer(self.store, own, history=history, retention=self.retention, clock=self.clock).publish()
        published = [key for key in self.store.keys("log/checkpoints/") if CHECKPOINT_KEY.fullmatch(key)]
        if not published:
            return None
        return history.verify_checkpoint(self.store.get(published[-1], limit=note.MAX_NOTE))

    def _state(
        self, own: SigningKey, following: SigningKey, history: KeyHistory, head: Checkpoint | None, reason: Reason
    ) -> KeyHistory:
        """Write the statement; return the history with it."""
        now = self.clock()
        time = form.time_text(now)
        key, data = key_history.rotate(own, following, history=history, head=head, reason=reason, time=time)
        try:
            self.store.put(key, data, retain_until=now + self.retention)
        except AlreadyWrittenError as error:
            # Ours of an earlier try, which landed late; or somebody else has the old key, and was faster.
            if KeyHistory.load(self.store, own.verifier).newest != following.verifier:
                raise RotationError(
                    f"`{key}` was written by somebody else: treat the old key as compromised"
                ) from error
        return KeyHistory.load(self.store, own.verifier)


def _draft(statement: Statement) -> Draft:
    body = {
        "number": statement.number,
        "previous_key": str(statement.previous_key),
        "key": str(statement.key),
        "size": statement.size,
        "reason": str(statement.reason),
    }
    return Draft(type="key.rotated", tenant="system", body=body)
