"""Where work beside the requests reads: values that can be sent to another process, which opens what they name itself.

Nothing here can write: the store is opened read-only, and no key of the log is known but its verifier.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.control_testing.errors import ControlTestingError
from app.reporting.errors import ReportError
from app.reporting.sealed_store import SealedStore
from auditor_portal.beside import WorkError
from evidence.errors import EvidenceError
from evidence.keys import VerifierKey
from evidence.store import open_store
from frameworks import collection
from frameworks.collection import Collection
from frameworks.errors import FrameworksError

SCRATCH: Final = ".scratch-"
"""What directories begin with in which a job keeps populations while it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a job reads.

    Attributes:
        store: the evidence store's URL.
        verifier: the log's verifier key.
        frameworks: the operator's own frameworks and controls, or None.
    """

    store: str
    verifier: str
    frameworks: Path | None

    def log(self) -> SealedStore:
        """Open the store, to read."""
        return SealedStore(open_store(self.store, read_only=True), VerifierKey.parse(self.verifier))

    def collection(self) -> Collection:
        """Return frameworks and controls."""
        return read_collection(self.frameworks)


def read_collection(own: Path | None) -> Collection:
    """Return the frameworks and controls that are shipped, with the operator's own, if any.

    Raises:
        FrameworksError: the operator's own cannot be read.
    """
    return collection.load(own)


@contextmanager
def told_as_work() -> Iterator[None]:
    """Tell what can be wrong with log, controls and period as what it means to who asked.

    Raises:
        WorkError: instead of what says it in its own words.
    """
    try:
        yield
    except EvidenceError as error:
        raise WorkError(f"{error.code}: the log does not hold here, or does not answer") from error
    except (ReportError, ControlTestingError, FrameworksError) as error:
        raise WorkError(str(error)[:300]) from error
