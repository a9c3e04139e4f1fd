"""The tests that machines make, over the log of this node and its running configuration, as the job wants them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.control_testing.errors import ControlTestingError
from app.control_testing.running import log_of, run
from app.keys import KeyFileError
from app.settings import Settings
from evidence.errors import EvidenceError
from frameworks.testing import Controlled, Period, Result


class UntestableError(Exception):
    """Nothing can be said of any test; `code` is stable. It is tried again with the next run."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Machine(Protocol):
    """Makes tests over a log."""

    def began(self) -> datetime | None:
        """Return when the log began, None where nothing of it is sealed.

        Raises:
            UntestableError: see there.
        """

    def results(self, controls: Sequence[Controlled], period: Period, now: datetime) -> Sequence[Result]:
        """Return the result of every test of `controls`.

        Raises:
            UntestableError: see there.
        """


class NodeMachine:
    """A `Machine` over what `settings` name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def began(self) -> datetime | None:
        """See `Machine`."""
        try:
            reader = log_of(self._settings).reader
            firsts = [reader.seal(chain, number) for chain, number in reader.seals() if number == 0]
        except (EvidenceError, KeyFileError) as error:
            raise UntestableError("log", str(error)) from error
        times = [seal.min_time for seal in firsts if seal is not None and seal.min_time is not None]
        return datetime.fromisoformat(min(times)) if times else None

    def results(self, controls: Sequence[Controlled], period: Period, now: datetime) -> Sequence[Result]:
        """See `Machine`."""
        try:
            return run(self._settings, controls, period, now=now)
        except (ControlTestingError, EvidenceError, KeyFileError) as error:
            raise UntestableError("log", str(error)) from error
