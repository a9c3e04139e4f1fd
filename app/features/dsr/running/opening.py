"""What runs are carried out with on this node, out of its settings: keys, objects, the log, the stores.

Owns which stores there are: those of this service, and those that an operator describes.
"""

import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, cast

from app import activation, keys, log_scan
from app.access_report import AccessReport, access_report, naming
from app.db import open_engine, reading
from app.features.dsr.running.acting import Means
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.exporting import Exports
from app.features.dsr.running.kept_person import RunPersons
from app.features.dsr.running.own_tables import own_stores
from app.features.dsr.running.receipts import RECEIPT
from app.features.dsr.running.rows import RunRow
from app.features.dsr.running.run import Requests
from app.features.dsr.running.third_parties import Detector, NameDetector, PatternDetector
from app.features.dsr.store import RequestsStore
from app.features.dsr.vault import KeyVault
from app.index.errors import IndexingError
from app.kek_opening import open_keks
from app.node_log import record_now
from app.objects import open_objects
from app.pdp.bundle import load_snapshot
from app.pdp.enforce import Permit
from app.pdp.errors import BundleError
from app.pep import CONTROL
from app.privacy.concealer import PATIENCE
from app.privacy.consent_store import ConsentStore
from app.privacy.detached import Detached
from app.privacy.detection import names, patterns, recogniser_file
from app.privacy.erasure import Erasure, Ground
from app.privacy.holds import standing
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.privacy.persons import KeptPersons
from app.privacy.redaction.names_lane import NamesLane, command
from app.privacy.redaction.store import RedactionStore
from app.privacy.stores import stores_file
from app.privacy.stores.evidence_store import EvidenceStore
from app.privacy.stores.registry import Registry
from app.privacy.stores.store import Described, Person, PersonalStore
from app.privacy.stores.stores_file import Context
from app.privacy.stores.suppression import Suppression
from app.privacy.subject_keys import LIFETIME
from app.settings import Settings
from evidence.reader import Reader
from evidence.record import Record, leaf
from evidence.store import open_store

_SETTLE: Final = LIFETIME + PATIENCE + 1  # seconds until nobody has a destroyed key, or a payload under it on its way


class Node:
    """A node's keys and places, opened once for a process."""

    def __init__(self, settings: Settings) -> None:
        """Open them.

        Raises:
            KeyFileError, DatabaseUrlError, ObjectsError: they cannot be opened.
        """
        self.settings = settings
        self.lookup = keys.load(settings.keys).lookup
        self.table = KeyTable(open_engine(settings.key_store), Keks(open_keks(settings).load))
        self.index = open_engine(settings.index, durable=False)
        self.objects = open_objects(settings.objects)
        self.detached = Detached(self.objects, tuple(settings.payloads))
        self.erasure = Erasure(self.table, self.detached, self.lookup, settle=lambda: time.sleep(_SETTLE))
        self.record = partial(record_now, settings)
        self.suppression = Suppression(self.objects, self.lookup)

    def exports(self, detector: Detector) -> Exports:
        """Return the exports, out of which `detector` keeps other persons."""
        return Exports(self.table, self.detached, self.lookup, detector=detector)

    def records(self, subject: str) -> Iterator[Record]:
        """Yield the records that name a pseudonym: the whole log is read.

        Raises:
            EvidenceError: the log does not hold, or the store does not answer.
        """
        return log_scan.naming(self._log(), self.settings.journals, subject)

    def recorded(self, request: str) -> Iterator[tuple[Record, str]]:
        """Yield the receipts of a request that are in the log, each with its leaf hash: the whole log is read.

        Raises:
            EvidenceError: the log does not hold, or the store does not answer.
        """
        for found, data in log_scan.naming_bytes(self._log(), self.settings.journals, request):
            if (found.type, found.body.get("request")) == (RECEIPT, request):
                yield found, leaf(data)

    def _log(self) -> Reader:
        store = open_store(self.settings.store, read_only=True)
        return Reader(store, keys.load_verifier(self.settings.keys))

    def accesses(self, person: Person) -> Mapping[str, Any]:
        """Return who was let see what of a person, as the index has it; nobody, where the log does not know them.

        Raises:
            RunError: `failed`, the index, or the policies that say how accesses are named, cannot be asked now.
            ConsentError: the policies do not say it.
        """
        if person.subject is None:
            return AccessReport(subject="", accesses=(), whole=True).document()
        tenants = (CONTROL.tenant, person.tenant)
        try:
            said = naming(load_snapshot(activation.active(self.settings.bundles)))
            return access_report(self.index, person.subject, tenants, said).document()
        except (BundleError, IndexingError, OSError) as error:
            raise RunError("failed", "who saw what of the person cannot be found out now") from error

    def registry(self, permit: Permit, ground: Ground | None = None) -> Registry:
        """Return every store there is, as `permit` may write to it.

        Raises:
            StoresFileError: what the operator describes cannot be read.
        """
        evidence = EvidenceStore(
            table=self.table,
            detached=self.detached,
            lookup_key=self.lookup,
            erasure=self.erasure,
            record=self.record,
            records=self.records,
            ground=ground or Ground.CONSENT_WITHDRAWN,
        )
        own = own_stores(permit, CONTROL.tenant, stores_key(self.lookup))
        redaction = RedactionStore(permit, KeptPersons(self.table, self.lookup))
        requests = RequestsStore(permit, KeyVault(self.table, self.lookup))
        region = self.settings.region
        consents = ConsentStore(permit, region="" if region is None else region.value)
        return Registry([*described(self.settings, self.lookup), redaction, requests, consents, *own, evidence])

    def close(self) -> None:
        """Let go of the key store and of the index."""
        self.table.engine.dispose()
        self.index.dispose()


def described(settings: Settings, key: bytes) -> tuple[PersonalStore, ...]:
    """Return the stores that the operator describes.

    Raises:
        StoresFileError: the file cannot be read.
    """
    if settings.privacy_stores is None:
        return ()
    return stores_file.load(settings.privacy_stores, Context(key=stores_key(key)))


def descriptions(settings: Settings) -> tuple[Described, ...]:
    """Return what every store says of itself, for the record of processing (GDPR, article 30).

    Raises:
        StoresFileError: the file of stores cannot be read.
        KeyFileError, DatabaseUrlError, ObjectsError: the node cannot be opened.
    """
    node = Node(settings)
    try:
        return tuple(each.described for each in node.registry(cast("Permit", None)).all())  # who writes is refused
    finally:
        node.close()


def stores_key(lookup_key: bytes) -> bytes:
    """Return the key of the hashes that stand in stores, which is good for nothing else."""
    return hmac.digest(lookup_key, b"omega stores/1", "sha256")


def means(node: Node, requests: Requests, detector: Detector | None = None) -> Means:
    """Return what runs on this node are carried out with.

    Raises:
        RecogniserError: see `detector_of`.
    """
    return Means(
        requests=requests,
        registry=node.registry,
        kept=RunPersons(node.table, node.lookup),
        exports=node.exports(detector or detector_of(node.settings)),
        accesses=node.accesses,
        erasure=node.erasure,
        suppression=node.suppression,
        held=partial(standing, node.table),
        record=node.record,
        recorded=node.recorded,
        key=lambda: keys.load(node.settings.keys).log,
        clock=time.time,
    )


def detector_of(settings: Settings) -> Detector:
    """Return what finds other persons in exports: patterns, and names in a process of its own where that is wanted.

    Raises:
        RecogniserError: what the installation says of detection cannot be used.
    """
    own = recogniser_file.load(settings.detection)
    if settings.names:
        lane = NamesLane(command(settings.names_memory, settings.detection))
        return NameDetector(lane, tuple(own.languages or names.MODELS))
    return PatternDetector(partial(patterns.load, own.recognisers, phone_regions=own.phone_regions))


def archive_of(request_id: str, exports: Exports, now: Callable[[], float] = time.time) -> bytes:
    """Return the archive that was made for the person of a request.

    Raises:
        RunError: `unknown`, there is none; `gone`, its time has ended; `keys`, the person was erased since.
        KeyStoreError, ObjectsError: it cannot be had now.
    """
    with reading() as session:
        row = session.get(RunRow, request_id)
    if row is None or row.archive is None:
        raise RunError("unknown", "nothing was exported for this request")
    if row.archive_until is None or row.archive_until <= now():
        raise RunError("gone", "what was exported was there for seven days, and is deleted")
    return exports.open(row.archive)
