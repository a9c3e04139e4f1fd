"""What others say of checkpoints: time stamps and cosignatures in the store, each checked as it is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from auditor_portal.trail.checks import Check, Outcome, checked
from evidence import cosignature, form, timestamp_form
from evidence.anchor_check import COSIGNATURE_KEY, TIMESTAMP_KEY, AnchorCheck, Trust
from evidence.checkpointer import checkpoint_key
from evidence.inventory import AuditedStore
from evidence.note import MAX_NOTE

TIMESTAMPS: Final = "log/timestamps/"
COSIGNATURES: Final = "log/cosignatures/"
_LOOKED_AT: Final = (64, 4_096)  # checkpoints behind the newest among which the newest anchor is looked for first


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What somebody else says of a checkpoint. `check` says whether that was believed; `time` is None if it says none.

    `key` is its key in the store, `name` who said it: a witness's name, or nothing for a time stamp.
    """

    kind: str
    number: int
    key: str
    name: str
    time: str | None
    check: Check


class Anchors:
    """The anchors in one store. Every method raises `StoreError` where the store does not answer."""

    def __init__(self, objects: AuditedStore, trust: Trust) -> None:
        """Read `objects`; `trust` says whom to believe."""
        self._objects, self._trust = objects, trust

    def between(self, first: int, last: int) -> dict[int, list[Anchor]]:
        """Return what others say of the checkpoints from `first` to `last`, each checked."""
        found: dict[int, list[Anchor]] = {}
        for key in self._keys(first, last):
            found.setdefault(_number(key), []).append(self._anchor(key, _number(key)))
        return found

    def newest(self, prefix: str, newest: int) -> Anchor | None:
        """Return the newest anchor below a prefix, of a log whose newest checkpoint is `newest`."""
        for most in (*_LOOKED_AT, newest + 1):
            first = max(0, newest + 1 - most)
            keys = self._objects.store.keys(prefix, after=f"{prefix}{first - 1:012}~" if first else "")
            known = [key for key in keys if TIMESTAMP_KEY.fullmatch(key) or COSIGNATURE_KEY.fullmatch(key)]
            if known:
                number = _number(known[-1])
                anchors = [self._anchor(key, number) for key in known if _number(key) == number]
                return next((each for each in anchors if each.check.outcome is Outcome.HOLDS), anchors[-1])
        return None

    def _keys(self, first: int, last: int) -> list[str]:
        found = []
        for prefix, form_of in (("log/timestamps/", TIMESTAMP_KEY), ("log/cosignatures/", COSIGNATURE_KEY)):
            for key in self._objects.store.keys(prefix, after=f"{prefix}{first - 1:012}~" if first else ""):
                if (match := form_of.fullmatch(key)) is None:
                    continue  # strangers are the verifier's business
                if int(match[1]) > last:
                    break
                found.append(key)
        return found

    def _anchor(self, key: str, number: int) -> Anchor:
        check = AnchorCheck(
            trust=self._trust,
            read=lambda at: self._objects.read(checkpoint_key(at), MAX_NOTE, "unexpected-object"),
            sizes={number: 0},
        )
        if TIMESTAMP_KEY.fullmatch(key):
            return self._timestamp(key, number, check)
        return self._cosignature(key, number, check)

    def _timestamp(self, key: str, number: int, check: AnchorCheck) -> Anchor:
        what = "a time stamp (RFC 3161) over the bytes of this checkpoint, by an authority that is trusted here"

        def take() -> str:
            check.take_timestamp(key, number, self._objects.read(key, timestamp_form.MAX_TIMESTAMP, "malformed-anchor"))
            assert check.timestamped is not None  # noqa: S101 - it was taken
            return check.timestamped.time

        time, made = checked(what, take)
        if time is not None and check.timestamped is not None and not check.timestamped.verified:
            made = Check(what=what, outcome=Outcome.UNCHECKED, said="by whom: no certificates are set here")
        return Anchor(kind="time stamp", number=number, key=key, name="", time=time, check=made)

    def _cosignature(self, key: str, number: int, check: AnchorCheck) -> Anchor:
        what = "a cosignature of this checkpoint, by a witness that is known here"

        def take() -> tuple[str, str]:
            data = self._objects.read(key, cosignature.MAX_LINE, "malformed-anchor")
            check.take_cosignature(key, number, key[-12:-4], data)
            line = cosignature.parse(data)
            return line.name, form.time_text(line.time)

        found, made = checked(what, take)
        name, time = found or ("", None)
        if found is not None and (check.cosigned is None or not check.cosigned.verified):
            made = Check(what=what, outcome=Outcome.UNCHECKED, said="its key is not set here")
        return Anchor(kind="cosignature", number=number, key=key, name=name, time=time, check=made)


def delay(sealed_at: str, time: str) -> float:
    """Return how many seconds after a seal something was said; both are times of the log."""
    return (datetime.fromisoformat(time) - datetime.fromisoformat(sealed_at)).total_seconds()


def _number(key: str) -> int:
    """Return the number of the checkpoint that an anchor's key names."""
    return int(key.rpartition("/")[2][:12])
