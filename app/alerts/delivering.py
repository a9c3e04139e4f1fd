"""The round in which targets are told what waits: each beside the others, so that one that hangs delays none.

Told at least once: who dies between telling and saying so tells again, under the same id.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from app.alert_targets import AlertTarget
from app.alerts.outbox import Delivery, Outbox, Waiting
from app.alerts.sending import Send, SendError, send
from app.pdp.enforce import Permit

_LOG = logging.getLogger(__name__)
_THREADS: Final = 8
_NOBODY: Final = "target_gone"


class Deliverer:
    """Tells `targets` what waits in `outbox`."""

    def __init__(
        self,
        outbox: Outbox,
        targets: Iterable[AlertTarget],
        *,
        send: Send = send,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Tell by `send`; `clock` returns Unix seconds."""
        self._outbox, self._send, self._clock = outbox, send, clock
        self._targets = {target.name: target for target in targets}

    def idle(self) -> bool:
        """Return whether there is nothing to tell."""
        return self._outbox.empty(self._clock())

    def deliver(self, permit: Permit, stopping: Callable[[], bool]) -> Mapping[str, int]:
        """Tell everything that is to be told now, unless `stopping`; return how many of each outcome there were.

        A target that does not take one alert is not bothered with the next in this round.
        """
        waiting: dict[str, list[Waiting]] = {}
        for each in self._outbox.waiting(self._clock()):
            waiting.setdefault(each.target, []).append(each)
        count = dict.fromkeys(("delivered", "waiting", "dead"), 0)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="alert") as threads:
            told = threads.map(lambda name: self._tell(permit, name, waiting[name], stopping), waiting)
            for outcome in (outcome for outcomes in told for outcome in outcomes):
                count[outcome.value] += 1
        return count

    def _tell(
        self, permit: Permit, name: str, waiting: Sequence[Waiting], stopping: Callable[[], bool]
    ) -> list[Delivery]:
        outcomes: list[Delivery] = []
        target = self._targets.get(name)
        for each in waiting:
            if stopping():
                break
            try:
                self._send_to(target, each)
            except SendError as error:
                _LOG.warning("%s is not told of %s: %s", name, each.alert.id, error.code)
                outcomes.append(self._outbox.failed(permit, each, error.code, self._clock(), hopeless=error.hopeless))
                if not error.hopeless:
                    break
            else:
                self._outbox.told(permit, each)
                outcomes.append(Delivery.DELIVERED)
        return outcomes

    def _send_to(self, target: AlertTarget | None, waiting: Waiting) -> None:
        if target is None:
            raise SendError(_NOBODY, hopeless=True)
        self._send(target, waiting.alert, self._clock())
