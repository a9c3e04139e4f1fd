"""The job that sends letters to persons, through the mail server that alerts have. Sent at least once, as alerts are.

There is no such job where no target of alerts is a mail server: officers hand on codes then, and persons keep the
address of their request.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.alert_targets import AlertTarget
from app.alerts.outbox import Delivery
from app.alerts.sending import SendError, send_mail
from app.features.dsr import letters
from app.features.dsr.errors import VaultError
from app.features.dsr.letter import message
from app.features.dsr.texts import texts
from app.features.dsr.vault import Vault
from app.jobs.job import Job, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit

NAME: Final = "dsr.send_letters"
_LOG: Final = logging.getLogger(__name__)
_SECONDS: Final = 5

SendMail = Callable[[AlertTarget, str, bytes], None]
"""Sends a message to an address, or raises `SendError`: `app.alerts.sending.send_mail`."""


class LettersJob:
    """Sends what waits by `target`, a mail server."""

    def __init__(
        self,
        target: AlertTarget,
        vault: Vault,
        *,
        clock: Callable[[], float],
        send: SendMail = send_mail,
    ) -> None:
        """Open addresses with `vault`; `clock` returns Unix seconds."""
        self._target, self._vault, self._send, self._clock = target, vault, send, clock

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="send mail to persons about their requests",
            schedule=Every(seconds=_SECONDS),
            run=self.run,
            idle=lambda: letters.empty(self._now()),
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Write of what is new, and send what waits; return how many letters there were of each outcome."""
        letters.tell_news(run.permit, self._now())
        count = dict.fromkeys((each.value for each in Delivery), 0)
        for request, number in letters.waiting(self._now()):
            if run.stopping():
                break
            count[self._tell(run.permit, request, number).value] += 1
        return count

    def _tell(self, permit: Permit, request: str, number: int) -> Delivery:
        try:
            self._post(letters.opened(request, number, self._vault))
        except VaultError as error:
            return letters.failed(permit, request, number, error.code, self._now())
        except SendError as error:
            _LOG.warning("a letter about %s is not sent: %s", request, error.code)
            return letters.failed(permit, request, number, error.code, self._now(), hopeless=error.hopeless)
        letters.sent(permit, request, number)
        return Delivery.DELIVERED

    def _post(self, found: letters.Waiting | None) -> None:
        if found is None:
            raise SendError("nobody", hopeless=True)
        mail = self._target.mail
        assert mail is not None  # noqa: S101 - it is a mail server
        self._send(self._target, found.letter.to, message(found.letter, texts(found.language), mail.sender))

    def _now(self) -> int:
        return int(self._clock())
