"""The feature on a node: its key store, its runs, its log's key. Opened with the process, closed with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine
from sqlmodel import Session

from app import keys
from app.addresses import Networks
from app.alert_targets import AlertTarget
from app.db import open_engine
from app.features.dsr.desk import Desk, Runs, buckets
from app.features.dsr.running import run
from app.features.dsr.running.exporting import Exports
from app.features.dsr.running.opening import archive_of
from app.features.dsr.running.third_parties import NoDetector
from app.features.dsr.vault import KeyVault, Vault
from app.kek_opening import open_keks
from app.objects import open_objects
from app.pdp.enforce import Permit
from app.privacy.detached import Detached
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.settings import Settings
from evidence.keys import SigningKey


class OfNode:
    """The runs of a node. `Runs`."""

    def __init__(self, directory: Path, exports: Exports) -> None:
        """Wake the jobs of the node whose data lie in `directory`; open archives with `exports`."""
        self._directory, self._exports = directory, exports

    def begin(self, session: Session, request_id: str, permit: Permit, *, now: int) -> None:
        """See `run.begin`."""
        run.begin(session, request_id, permit, now=now)

    def close(self, session: Session, request_id: str, *, now: int) -> None:
        """See `run.close`."""
        run.close(session, request_id, now=now)

    def wake(self) -> None:
        """See `run.wake`."""
        run.wake(self._directory)

    def progress(self, request_id: str) -> tuple[Any, ...]:
        """See `run.progress`."""
        return run.progress(request_id)

    def export_of(self, request_id: str) -> bytes:
        """See `archive_of`."""
        return archive_of(request_id, self._exports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a node has for this feature."""

    vault: Vault
    runs: Runs
    signer: SigningKey
    engine: Engine | None = field(default=None, repr=False)
    proxies: Networks = ()
    mails: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Open it.

        Raises:
            KeyFileError, DatabaseUrlError, ObjectsError: keys or key store cannot be had.
        """
        node = keys.load(settings.keys)
        engine = open_engine(settings.key_store)
        table = KeyTable(engine, Keks(open_keks(settings).load))
        detached = Detached(open_objects(settings.objects), tuple(settings.payloads))
        runs = OfNode(settings.data, Exports(table, detached, node.lookup, detector=NoDetector()))
        return cls(
            vault=KeyVault(table, node.lookup),
            runs=runs,
            signer=node.log,
            engine=engine,
            proxies=settings.trusted_proxies,
            mails=mail_of(settings) is not None,
        )

    def close(self) -> None:
        """Let go of the key store."""
        if self.engine is not None:
            self.engine.dispose()

    def desk(
        self,
        *,
        note: Callable[[str, Mapping[str, Any]], None],
        secret: bytes,
        public_url: str,
        now: Callable[[], float],
        ticks: Callable[[], float],
    ) -> Desk:
        """Return what pages work with; see `Desk`."""
        return Desk(
            vault=self.vault,
            runs=self.runs,
            note=note,
            signer=self.signer,
            secret=secret,
            public_url=public_url,
            now=now,
            addresses=buckets(ticks),
            proxies=self.proxies,
            mails=self.mails,
        )


def mail_of(settings: Settings) -> AlertTarget | None:
    """Return the mail server of the alerts, the first there is: letters to persons go through it, too."""
    return next((each for each in settings.alerts if each.mail is not None), None)
