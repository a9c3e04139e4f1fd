"""The last step: attack copies of the log, and show what both verifiers say."""

import re
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app import keys
from demo.attacks import Attack, attacks
from demo.commands import Commands
from demo.log_copy import LogCopy
from demo.screen import Column
from demo.stage import CHECKPOINT, COPY, KEY, Stage

_VERIFIERS = ("omega evidence verify", "verify_evidence.py")
_COLUMNS = (
    Column(title="done to a copy of the store"),
    Column(title="asked", width=21),
    Column(title="the log alone", width=20),
    Column(title="with the kept checkpoint", width=20),
)
_SEQ = re.compile(r"[0-9a-f]{20}-([0-9]+)")
_NUMBERED = re.compile(r".*/(segment|seal|leave|checkpoint)s/0*([0-9]+)[-.].*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one verifier said: the code of its finding and the place, both empty where all holds."""

    code: str
    place: str

    def __str__(self) -> str:
        """Return it as one cell of a table."""
        return f"found: {self.code}, {self.place}" if self.code else "all holds"


Row = tuple[Verdict, Verdict]  # without and with the kept checkpoint
