"""The jobs of one node as a process: asks for each run, and leads where no other node does.

Has a decision point and a chain of its own, so that nothing here delays a decision. May be killed at any time: what it
left is made again. Jobs are run only under policies that know them.
"""

import asyncio
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app import activation, db, keys, logs, schema, status, upkeep_jobs
from app.alerts.outbox import Outbox
from app.audits.database import open_portal, portal_data
from app.blocking_pdp import BlockingPdp
from app.core_dumps import refuse_core_dumps
from app.db import DatabaseUrlError, open_engine, reading, writing
from app.features.ai_act.watch_job import ClockWatch
from app.features.dsr.carrying_out import means_of
from app.features.dsr.letters_job import LettersJob
from app.features.dsr.opening import mail_of
from app.features.dsr.running.fulfilment_job import FulfilmentJob
from app.features.dsr.vault import KeyVault
from app.features.dsr.watch_job import ClockWatch as RequestWatch
from app.features.frameworks.control_job import ControlJob
from app.features.frameworks.events import IndexEvents
from app.features.frameworks.machine import NodeMachine
from app.features.marketplace.billing.invoice_job import InvoiceJob
from app.features.marketplace.billing.provider import open_provider
from app.features.marketplace.fraud.watch_job import FraudWatch
from app.features.marketplace.lifecycle.advisor import SnapshotAdvisor
from app.features.marketplace.lifecycle.award_job import AwardJob
from app.features.marketplace.lifecycle.job_steps import Means
from app.features.marketplace.lifecycle.reconcile_job import IndexDecisions, ReconcileJob
from app.features.marketplace.lifecycle.rescan_job import RescanJob
from app.features.marketplace.lifecycle.trade import MarketTrade
from app.features.marketplace.lifecycle.watch_job import LifeWatch
from app.features.marketplace.market_data import table as market_table
from app.features.marketplace.sales.sales_jobs import SalesJobs
from app.features.marketplace.sales.selling import till_of
from app.features.policies.changes import resuming
from app.features.policies.changes.opening import open_board
from app.features.policies.changes.patching import Patcher
from app.features.policies.drift.declaring import GitDeclaring, open_declaring
from app.features.policies.drift.drift_job import Declaring, DriftJob
from app.features.policies.drift.foreign import ForeignText
from app.features.policies.drift.healing import ForeignChanges, Healer, NoChanges
from app.features.policies.drift.stating import DirectoryDeclaring
from app.features.policies.errors import PoliciesError
from app.features.policies.remedies import remedies as policies_remedies
from app.features.privacy.names_job import NamesJob
from app.features.session.remedies import remedies as session_remedies
from app.jobs import requests
from app.jobs.job import RUN_JOB, Job, Scope
from app.jobs.leadership import FileLock, Lock, PostgreSqlLock, lead
from app.jobs.ledger import Ledger
from app.jobs.rows import JobRunRow
from app.jobs.running import Runner
from app.jobs.scheduler import scheduling
from app.kek_opening import open_keks
from app.objects import ObjectsError, open_objects
from app.pdp.bundle import load_snapshot
from app.pdp.enforce import Permit
from app.pdp.errors import BundleError, PdpError
from app.pdp.lifeline import end_with_parent
from app.pdp.model import EvaluationRequest
from app.pdp_opening import PdpOpening
from app.pep import CONTROL
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.privacy.persons import KeptPersons
from app.privacy.redaction.documents import Documents
from app.privacy.redaction.names_lane import NamesLane, command
from app.remediation import table
from app.settings import Settings, SettingsError
from evidence.chain import utc_now
from evidence.errors import EvidenceError
from frameworks import collection
from frameworks.errors import FrameworksError

_LOG = logging.getLogger(__name__)
_LOOK: Final = 0.5  # seconds between two looks at the policies, at what is wanted, at whether to end
_SAY: Final = 1.0  # second between two words on how jobs stand
_DEAD: Final = 20  # letters shown
_ODD: Final = re.compile(r"[^a-z0-9._:/+-]")


class Asked:
    """Asks the decision point in the name of the control plane; see `app.jobs.running.Asking`."""

    def __init__(self, pdp: BlockingPdp) -> None:
        self.pdp = pdp

    def enforce(self, request: EvaluationRequest) -> Permit:
        """See `app.jobs.running.Asking`."""
        return self.pdp.enforce(request, CONTROL)


def node_name(settings: Settings) -> str:
    """Return what this node is called where nodes share a database: by host and directory."""
    name = f"{socket.gethostname()}:{settings.data}".lower()
    return _ODD.sub("-", name)[-96:].lstrip("._:/+-")


def known(settings: Settings) -> bool:
    """Return whether the policies in force know jobs at all."""
    try:
        bundle = load_snapshot(activation.active(settings.bundles))
    except (BundleError, OSError):
        return False
    return RUN_JOB in bundle.actions


def registered(settings: Settings, pdp: BlockingPdp, node: str, ledger: Ledger, outbox: Outbox) -> list[Job]:
    """Return every job there is.

    Raises:
        PoliciesError, SettingsError: the policy repository cannot be used.
        DatabaseUrlError: the index cannot be used.
        FrameworksError: the controls cannot be read.
    """
    declares, enforce = declaring(settings), Asked(pdp).enforce
    healer = Healer(settings, enforce, _foreign(settings, declares, enforce))
    note = partial(_note, pdp)
    collected = collection.load(settings.frameworks)
    drift = DriftJob(settings, declares, healer, node=node, note=note)
    controls = ControlJob(
        collected.controls,
        NodeMachine(settings),
        table([*policies_remedies(settings, declares, healer), *session_remedies()]),
        criteria=collected.criteria,
        enforce=enforce,
        note=note,
        targets=[each.name for each in settings.alerts],
        events=IndexEvents(open_engine(settings.index), CONTROL.tenant),
    )
    checks = resuming.job(open_board(settings, pdp, utc_now))
    clocks = ClockWatch(lambda: pdp.policies.bundle, [each.name for each in settings.alerts], note=note)
    means = cache(lambda: means_of(settings))
    fulfilment = FulfilmentJob(means, enforce)
    targets = [each.name for each in settings.alerts]
    requests_watch = RequestWatch(
        targets, lambda: pdp.policies.bundle, note=note, held=lambda subject: means().held(subject)
    )
    return [
        *upkeep_jobs.jobs(settings, ledger, outbox, note=note),
        checks,
        drift.job(),
        *controls.jobs(),
        clocks.job(),
        fulfilment.job(),
        *_names(settings, enforce),
        requests_watch.job(),
        FraudWatch(lambda: pdp.policies.bundle, targets).job(),
        InvoiceJob(enforce).job(),
        *_market(settings, pdp, enforce),
        *_letters(settings),
    ]


def _market(settings: Settings, pdp: BlockingPdp, enforce: Callable[[EvaluationRequest], Permit]) -> list[Job]:
    """Return the jobs that watch over the life of listings, and over what decisions about them had as effect."""
    targets = [each.name for each in settings.alerts]
    means = Means(bundle=lambda: pdp.policies.bundle, enforce=enforce, targets=targets)
    till = till_of(open_provider(settings).payments, means.bundle, enforce, targets=targets)
    return [
        *SalesJobs(till, enforce, lambda: market_table(means.bundle(), "thresholds")).jobs(),
        LifeWatch(means).job(),
        AwardJob(means, MarketTrade()).job(),
        RescanJob(means, SnapshotAdvisor(settings.advisories, open_objects(settings.objects))).job(),
        ReconcileJob(means, IndexDecisions(open_engine(settings.index))).job(),
    ]


def _names(settings: Settings, enforce: Callable[[EvaluationRequest], Permit]) -> list[Job]:
    """Return the job that looks for names, where somebody wants that."""
    if not settings.names:
        return []
    table = KeyTable(open_engine(settings.key_store), Keks(open_keks(settings).load))
    documents = Documents(KeptPersons(table, keys.load(settings.keys).lookup), now=time.time)
    lane = partial(NamesLane, command(settings.names_memory, settings.detection))
    return [NamesJob(documents, enforce, lane, now=time.time).job()]


def _letters(settings: Settings) -> list[Job]:
    """Return the job that sends mail to persons, where there is a mail server."""
    if (target := mail_of(settings)) is None:
        return []
    table = KeyTable(open_engine(settings.key_store), Keks(open_keks(settings).load))
    vault = KeyVault(table, keys.load(settings.keys).lookup)
    return [LettersJob(target, vault, clock=time.time).job()]


def _note(pdp: BlockingPdp, kind: str, body: Mapping[str, Any]) -> None:
    pdp.note(kind, CONTROL, body)


def _foreign(settings: Settings, declares: Declaring, enforce: Callable[[EvaluationRequest], Permit]) -> ForeignChanges:
    if settings.policy_repository is None or not isinstance(declares, GitDeclaring):
        return NoChanges()
    patcher = Patcher(
        mirror=settings.policy_mirror, url=settings.policy_repository, environment=settings.git_environment
    )
    return ForeignText(declares.repository, patcher, declares.repository.tree, enforce, utc_now)


def opened_product(settings: Settings) -> AbstractContextManager[Engine]:
    """Return a context in which `writing` and `reading` mean the control plane's database, its tables up to date.

    Raises:
        DatabaseUrlError, SchemaError: it cannot be used.
    """
    engine = open_engine(settings.product)
    try:
        schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
    finally:
        engine.dispose()
    return db.product(open_engine(settings.product))


def declaring(settings: Settings) -> Declaring:
    """Return who knows what is declared.

    Raises:
        PoliciesError: the policy repository cannot be used.
    """
    return DirectoryDeclaring(settings) if settings.policy_repository is None else open_declaring(settings)


class Scheduling:
    """The jobs of a node while its process runs."""

    def __init__(self, settings: Settings, pdp: BlockingPdp) -> None:
        self._settings = settings
        self.node = node_name(settings)
        self._ledger = Ledger(reading, writing, f"{self.node}#{os.getpid()}.{int(time.time())}")
        self._outbox = Outbox(reading, writing)
        self.runner = Runner(
            registered(settings, pdp, self.node, self._ledger, self._outbox), self._ledger, Asked(pdp), node=self.node
        )
        self.leads = dict.fromkeys(Scope, False)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._said = 0.0

    def lock(self, scope: Scope) -> Lock:
        """Return what whoever runs the jobs of `scope` has to hold."""
        if scope is Scope.CLUSTER and self._settings.database is not None:
            return PostgreSqlLock(self._settings.database)
        return FileLock(self._settings.data / f"jobs.{scope}.lock")

    def start(self, abandon: Callable[[], None]) -> None:
        """Begin to lead where nobody does. `abandon` has to end the process."""
        for scope in Scope:
            thread = threading.Thread(target=self._lead, args=[scope, abandon], name=f"jobs {scope}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Begin nothing any more, and wait for what is being made, for a while."""
        self._stop.set()
        self.runner.stop()
        for thread in self._threads:
            thread.join()

    def look(self, now: float) -> None:
        """Run what a person wants to have run, and say how jobs stand."""
        for name in requests.wanted(self._settings.data):
            job = self.runner.jobs.get(name)
            if name in self.runner.busy:
                continue  # it is run once more when that has ended
            if job is None or self.leads[job.scope]:
                requests.take(self._settings.data, name)
                self._said = 0.0
            if job is not None and self.leads[job.scope]:
                threading.Thread(target=self.runner.run_now, args=[job], name=name, daemon=True).start()
        if now - self._said >= _SAY or self._said > now:
            self._said = now
            self.say()

    def say(self) -> None:
        """Say how jobs stand."""
        try:
            document = self.standing()
        except SQLAlchemyError as error:
            _LOG.warning("how jobs stand cannot be read: %s", type(error).__name__)
            return
        status.say(self._settings, status.JOBS, document)

    def standing(self) -> dict[str, Any]:
        """Return how jobs and alerts stand, as JSON values; times are Unix milliseconds."""
        letters = self._outbox.letters(_DEAD)
        return {
            "node": self.node,
            "leads": self.leads[Scope.CLUSTER],
            "jobs": sorted(self.runner.jobs),
            "denied": dict(self.runner.denied),
            "runs": [_told(row) for row in self._ledger.last_of_each()],
            "alerts": {"waiting": letters.waiting, "dead": [list(each) for each in letters.dead]},
        }

    def _lead(self, scope: Scope, abandon: Callable[[], None]) -> None:
        lock = self.lock(scope)

        def lost() -> bool:
            return not self._stop.is_set() and not lock.held()

        def work() -> Any:
            return scheduling(self.runner, scope, lost, abandon)

        try:
            lead(lock, work, self._stop, leads=partial(self.leads.__setitem__, scope))
        except Exception:
            _LOG.exception("jobs of the %s", scope)
            abandon()
            raise


def _told(row: JobRunRow) -> dict[str, Any]:
    names = ("job", "scheduled_for", "state", "attempt", "missed", "runner", "decision_id", "started_at", "ended_at")
    return {name: getattr(row, name) for name in (*names, "code", "detail")}


async def run(settings: Settings, line: socket.socket, stop: asyncio.Event) -> int:
    """Run jobs until `stop` (0), or until nothing can be decided or recorded here any more (1).

    Raises:
        KeyFileError, DatabaseUrlError, SchemaError, ObjectsError, EvidenceError, PdpError, OSError: it cannot begin.
    """
    if not await _until_known(settings, stop):
        return 0
    with ExitStack() as held:
        held.enter_context(await asyncio.to_thread(opened_product, settings))
        held.enter_context(portal_data.opened(open_portal(settings.audits)))
        opening = await PdpOpening.open(settings, line)
        made = Scheduling(settings, BlockingPdp(opening.pdp, asyncio.get_running_loop()))
        made.start(abandon)
        try:
            while not stop.is_set() and opening.failure is None:
                await opening.look()
                await asyncio.to_thread(made.look, time.time())
                await _pause(stop)
            return 0 if opening.failure is None else 1
        finally:
            await asyncio.to_thread(made.stop)
            await opening.close()


def abandon() -> None:
    """End at once: another process leads by now, and what this one still does it must not finish."""
    _LOG.error("another process may lead while a job still runs here: this one ends")
    os._exit(1)


async def _until_known(settings: Settings, stop: asyncio.Event) -> bool:
    """Return True once policies are in force that know jobs, False when it is time to stop."""
    said, seen = False, None
    while not stop.is_set():
        try:
            there = activation.active(settings.bundles)
        except BundleError:
            there = None
        if there != seen and await asyncio.to_thread(known, settings):
            return True
        seen = there
        if not said:
            _LOG.warning("jobs wait: the policies in force know no action `%s`", RUN_JOB)
            said = True
        await _pause(stop)
    return False


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), _LOOK)
    except TimeoutError:
        return


async def _main(settings: Settings, line: socket.socket) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await run(settings, line, stop)


def main() -> int:
    """Run the process: `python -m app.scheduling <parent> <its end of a line to the sealer>`."""
    refuse_core_dumps()
    end_with_parent(int(sys.argv[1]))
    logs.begin("jobs", logs.form_of(os.environ))
    with socket.socket(fileno=int(sys.argv[2])) as line:
        try:
            return asyncio.run(_main(Settings.from_environment(os.environ), line))
        except (
            SettingsError,
            keys.KeyFileError,
            DatabaseUrlError,
            schema.SchemaError,
            PdpError,
            ObjectsError,
            EvidenceError,
            PoliciesError,
            FrameworksError,
            OSError,
        ) as error:
            _LOG.error("jobs end: %s", error)
            return 1


if __name__ == "__main__":
    sys.exit(main())
