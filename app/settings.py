"""Everything an operator may set, read once from the environment. Nothing else reads it.

Each field's comment says what goes wrong with a bad value; docs/operating.md lists them for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

from app import addresses
from app import setting_forms as forms
from app.addresses import Networks
from app.alert_targets import AlertTarget, alert_targets
from app.portal_settings import PortalSettings
from app.regions import Region
from app.setting_forms import SettingsError, Witness
from evidence.store import Level

__all__ = ["LogForm", "MetricsFor", "Plane", "PortalSettings", "Settings", "SettingsError", "Witness"]

_MOST_DAYS = 36_500
_GIT_FINDS = ("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY")
_PROJECT = Path(__file__).resolve().parents[1]


class Plane(StrEnum):
    """What a node can run."""

    DECISION = "decision"
    CONTROL = "control"
    BACKGROUND = "background"
    JOBS = "jobs"
    PORTAL = "portal"


class LogForm(StrEnum):
    """How a line of the service's log is written."""

    TEXT = "text"
    JSON = "json"


class PaidBy(StrEnum):
    """Who moves money on the marketplace."""

    NONE = "none"  # nobody: it is booked as made outside
    STRIPE = "stripe"


class MetricsFor(StrEnum):
    """Who is answered at /metrics."""

    OFF = "off"
    LOOPBACK = "loopback"
    TOKEN = "token"  # noqa: S105 - a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One node's settings."""

    data: Path  # journals, keys, bundles; lost with it: what is not sealed yet, and all keys
    tenants: Path | None  # lists who has policies or a retention class of its own; without it nobody has
    policies: Path  # read at start and by `omega policy`; what is in force is a copy of what was admitted
    store: str  # a directory or s3://bucket/prefix; on the data disk it shares that disk's fate
    store_immutable: bool  # the flag on each file of a directory; where it cannot be set, nothing starts
    require: Level | None  # what the store has to be shown to be; without it, a lax store is merely reported
    origin: str  # names the log for ever; changed, every verifier refuses what comes after
    host: str  # 127.0.0.1 unless TLS ends in front: tokens cross the wire
    port: int
    public_url: str | None  # what clients are told to ask at; with another one, they refuse what we say of ourselves
    idp_issuers: Mapping[str, str | Path | None]  # where each has its keys: whoever writes there can be any client
    idp_audience: str  # of their tokens: with a name that others have too, tokens for them are taken
    oidc_issuer: str | None  # says who officers are: whoever runs it can be any of them
    oidc_client_id: str
    oidc_credential: Path | None  # a file: what is in the environment, every child process has
    oidc_groups_claim: str  # of the ID token; another one, and nobody has a role
    trusted_proxies: Networks  # they say which certificate a client has: all is believed
    workers: int  # decision workers: each has its own chain and evaluators
    evaluators: int  # of each worker; one alone would let every slow request delay all others
    deadline: float  # seconds until an evaluation is denied; too long, and one rule can occupy an evaluator
    memory: int  # bytes an evaluator may take; too little denies honest requests
    machine: bool  # decide on the fast path where it is proved equal; off, every decision costs several times as much
    shadow: float  # share of the fast path's answers that is computed again; none, and a difference stays unseen
    in_flight: int  # requests a worker takes at once; beyond it callers get 503 instead of a long wait
    seal_age: float  # seconds a record may wait in the journal: what the loss of its disk can cost
    spool: int  # bytes of each chain that may wait for the store; beyond them callers get 503
    spool_age: float  # seconds they may wait; longer, and the loss of the disk costs more than anybody planned
    disk_free: int  # bytes to be left on the journals' disk; less, and the next write may fail half way
    sync_deadline: float  # seconds a sync may take; a disk that hangs would hang every caller
    locked_deadline: float  # seconds a caller waits until a record is in the store; then 503
    heartbeat: float  # seconds of silence until a seal says so; longer, and silence looks like absence
    checkpoint: float  # seconds between checkpoints; proofs of a record wait that long
    retention: Mapping[str, timedelta]  # of each class; a store with Object Lock lets nobody shorten it
    tsa: str | None  # URL of a time-stamp authority; without any anchor, whoever has the key can rewrite unseen
    tsa_roots: Path | None  # certificates it must be below; without them anybody's answer is kept as a time stamp
    witnesses: tuple[Witness, ...]  # who cosigns checkpoints; a key that is not theirs, and nothing is cosigned
    anchor: float  # seconds between two anchors of one kind; how far back the log can be rewritten unseen
    witness_name: str  # names this machine as a witness for ever; changed, its key files are refused
    witness_host: str  # where `omega witness serve` listens: beyond loopback, TLS has to end in front
    witness_port: int
    kek: str  # `files`, or awskms://region: who wraps the subjects' keys; changed without a rotation, none is found
    database: str | None = field(repr=False)  # PostgreSQL, for all nodes; another one knows nobody's keys
    index_days: int  # how far back decisions are found by search; the database grows with it
    region: Region | None  # where this node stores and processes; without it, tenants of every region are answered
    objects: str  # a directory or s3://bucket/prefix, never below the store: what stands here has to be deletable
    inline: int  # bytes of a request that stand in its record; beyond what a record takes there is no decision
    payloads: Mapping[str, timedelta]  # how long detached payloads of each class are kept; replay ends with them
    opa: Path | None  # OPA's program or library, where it is installed; without it policies get no second opinion
    opinion_inputs: int  # made for each action; few, and the engines may differ where nobody looked
    opinion_seconds: float  # for a second opinion; too few, and good policies are refused
    drain: float  # seconds between SIGTERM and the end, for balancers to notice; shorter, and callers are cut off
    log_form: LogForm  # JSON for machines, text for people; the wrong one, and nobody finds what was said
    metrics_for: MetricsFor  # numbers of the whole node; shown to all, they tell who is busy with what
    otlp_metrics: bool  # whether OTEL_* says where metrics go: one process more
    otlp_interval: float  # seconds between two exports of metrics
    otlp_traces: bool  # whether OTEL_* says where traces go: each sampled decision costs more
    policy_repository: str | None  # the Git remote whose signed commits alone are put in force; none: a directory is
    policy_branch: str  # of it; another one, and what nobody approved may be put in force
    bundle_store: str  # a directory or s3://bucket/prefix for what is in force, signed; never below the store
    git_environment: Mapping[str, str] = field(repr=False)  # of ours, what Git's processes find: how to reach a remote
    jobs: bool  # run what is due at times; off, nothing is swept and nobody looks for drift
    drift: int  # seconds between two scans for drift; longer, and what is foreign decides longer
    alerts: tuple[AlertTarget, ...]  # who is told of drift and of emergencies; nobody, and it stands in the log alone
    portal: PortalSettings  # of the auditor portal, which runs where it has a URL
    privacy_stores: Path | None  # describes where else persons are; without it, requests do not reach them there
    names: bool  # look for names in texts; off, a purpose that needs them cannot be had, and on, a process has a model
    detection: Path | None  # recognisers, languages and fields of your own; without it, none but ours
    names_memory: int  # bytes that this process may take; too little, and documents stay sealed
    frameworks: Path | None  # frameworks, controls, texts of one's own; another's, and scores say what nobody meant
    payments: PaidBy  # who moves money on the marketplace; none, and payments are booked as made outside
    stripe_key: Path | None  # a file: what is in the environment, every child process has
    stripe_signing: Path | None  # a file: whoever reads it can say that anything was paid
    stripe_url: str | None  # where Stripe's API is, if elsewhere; whoever answers there is given the key

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: a value has not its form.
        """
        read = forms.Reader(environment)
        data = read.value("OMEGA_DATA", "var", forms.directory)
        store = read.value("OMEGA_STORE", str(data / "store"), forms.store)
        apart = partial(forms.objects, log=store)
        region = read.value("OMEGA_REGION", "", forms.region)
        regional = read.value("OMEGA_REGION_OBJECTS", "", partial(forms.regional, region=region))
        public_url = read.value("OMEGA_PUBLIC_URL", "", addresses.public_url)
        issuers = read.value("OMEGA_IDP_ISSUERS", "", addresses.issuers)
        return cls(
            data=data,
            public_url=public_url,
            idp_issuers=issuers,
            idp_audience=read.value("OMEGA_IDP_AUDIENCE", public_url or "", lambda text: forms.audience(text, issuers)),
            oidc_issuer=read.value("OMEGA_OIDC_ISSUER", "", addresses.issuer),
            oidc_client_id=read.value("OMEGA_OIDC_CLIENT_ID", "omega", forms.word),
            oidc_credential=read.value("OMEGA_OIDC_CLIENT_SECRET_FILE", "", forms.path),
            oidc_groups_claim=read.value("OMEGA_OIDC_GROUPS_CLAIM", "groups", forms.word),
            trusted_proxies=read.value("OMEGA_TRUSTED_PROXIES", "", addresses.networks),
            policies=read.value("OMEGA_POLICIES", str(_PROJECT / "policies"), forms.directory),
            tenants=read.value("OMEGA_TENANTS", "", forms.path),
            store=store,
            store_immutable=read.value("OMEGA_STORE_IMMUTABLE", "no", forms.yes),
            require=read.value("OMEGA_REQUIRE", "", forms.level),
            origin=environment.get("OMEGA_ORIGIN", "omega.localhost/log"),
            host=read.value("OMEGA_HOST", "127.0.0.1", forms.host),
            port=read.number("OMEGA_PORT", 8420, 0, 65_535),
            workers=read.number("OMEGA_WORKERS", 1, 1, 256),
            evaluators=read.number("OMEGA_EVALUATORS", 2, 1, 64),
            deadline=read.number("OMEGA_DEADLINE_MS", 250, 1, 60_000) / 1000,
            memory=read.number("OMEGA_EVALUATOR_MEMORY_MIB", 256, 32, 65_536) << 20,
            machine=read.value("OMEGA_MACHINE", "yes", forms.yes),
            shadow=read.number("OMEGA_SHADOW_PERMILLE", 10, 0, 1_000) / 1_000,
            in_flight=read.number("OMEGA_IN_FLIGHT", 1_024, 1, 65_536),
            seal_age=read.number("OMEGA_SEAL_AGE_MS", 2_000, 10, 3_600_000) / 1000,
            spool=read.number("OMEGA_SPOOL_MIB", 1_024, 1, 1 << 20) << 20,
            spool_age=read.number("OMEGA_SPOOL_MINUTES", 15, 1, 10_080) * 60.0,
            disk_free=read.number("OMEGA_DISK_FREE_MIB", 64, 0, 1 << 20) << 20,
            sync_deadline=read.number("OMEGA_SYNC_DEADLINE_MS", 5_000, 10, 600_000) / 1000,
            locked_deadline=read.number("OMEGA_LOCKED_DEADLINE_MS", 10_000, 10, 600_000) / 1000,
            heartbeat=float(read.number("OMEGA_HEARTBEAT_S", 600, 1, 86_400)),
            checkpoint=read.number("OMEGA_CHECKPOINT_MS", 10_000, 10, 3_600_000) / 1000,
            retention=read.value("OMEGA_RETENTION", "std7y=2555,hipaa6y=2192,aiact1y=366", forms.retention),
            tsa=read.value("OMEGA_TSA_URL", "", forms.url),
            tsa_roots=read.value("OMEGA_TSA_ROOTS", "", forms.path),
            witnesses=read.value("OMEGA_WITNESSES", "", forms.witnesses),
            witness_name=environment.get("OMEGA_WITNESS_NAME", "omega.localhost/witness"),
            witness_host=read.value("OMEGA_WITNESS_HOST", "127.0.0.1", forms.host),
            witness_port=read.number("OMEGA_WITNESS_PORT", 8421, 0, 65_535),
            anchor=float(read.number("OMEGA_ANCHOR_S", 600, 1, 86_400)),
            kek=read.value("OMEGA_KEK", forms.KEK_FILES, forms.kek),
            database=read.database("OMEGA_DATABASE"),
            index_days=read.number("OMEGA_INDEX_DAYS", 90, 1, _MOST_DAYS),
            region=region,
            objects=read.value("OMEGA_OBJECTS", regional.get(region) or str(data / "objects"), apart),
            inline=read.number("OMEGA_INLINE_BYTES", 16_384, 0, 24_576),
            payloads=read.value("OMEGA_PAYLOAD_RETENTION", "request=2555,export=7", forms.retention),
            opa=forms.opa(environment.get("OMEGA_OPA", "opa"), environment.get("PATH", "")),
            opinion_inputs=read.number("OMEGA_OPINION_INPUTS", 1_000, 0, 100_000),
            opinion_seconds=float(read.number("OMEGA_OPINION_S", 120, 1, 3_600)),
            drain=float(read.number("OMEGA_DRAIN_S", 5, 0, 300)),
            log_form=read.value("OMEGA_LOG", LogForm.TEXT, lambda text: forms.one_of(LogForm, text)),
            metrics_for=read.value("OMEGA_METRICS", MetricsFor.LOOPBACK, lambda text: forms.one_of(MetricsFor, text)),
            otlp_metrics=forms.exported("METRICS", environment),
            otlp_interval=read.number("OTEL_METRIC_EXPORT_INTERVAL", 60_000, 100, 3_600_000) / 1000,
            otlp_traces=forms.exported("TRACES", environment),
            policy_repository=read.value("OMEGA_POLICY_REPOSITORY", "", addresses.git_remote),
            policy_branch=read.value("OMEGA_POLICY_BRANCH", "main", addresses.git_branch),
            bundle_store=read.value("OMEGA_BUNDLE_STORE", str(data / "published"), apart),
            git_environment={name: environment[name] for name in _GIT_FINDS if name in environment},
            jobs=read.value("OMEGA_JOBS", "yes", forms.yes),
            drift=read.number("OMEGA_DRIFT_S", 30, 1, 86_400),
            alerts=read.value("OMEGA_ALERTS", "", alert_targets),
            portal=PortalSettings.read(read),
            privacy_stores=read.value("OMEGA_PRIVACY_STORES", "", forms.path),
            names=read.value("OMEGA_NAMES", "no", forms.yes),
            detection=read.value("OMEGA_DETECTION", "", forms.path),
            names_memory=read.number("OMEGA_NAMES_MEMORY_MIB", 1_024, 512, 65_536) << 20,
            frameworks=read.value("OMEGA_FRAMEWORKS", "", forms.path),
            payments=read.value("OMEGA_PAYMENTS", PaidBy.NONE, lambda text: forms.one_of(PaidBy, text)),
            stripe_key=read.value("OMEGA_STRIPE_KEY_FILE", "", forms.path),
            stripe_signing=read.value("OMEGA_STRIPE_WEBHOOK_SECRET_FILE", "", forms.path),
            stripe_url=read.value("OMEGA_STRIPE_URL", "", addresses.public_url),
        )

    def changed(self, given: Mapping[str, str]) -> "Settings":
        """Return these settings with what a command line says of OMEGA_HOST, OMEGA_PORT and OMEGA_WORKERS.

        Raises:
            SettingsError: a value has not its form.
        """
        read = forms.Reader(given)
        return replace(
            self,
            host=read.value("OMEGA_HOST", self.host, forms.host),
            port=read.number("OMEGA_PORT", self.port, 0, 65_535),
            workers=read.number("OMEGA_WORKERS", self.workers, 1, 256),
        )

    @property
    def places(self) -> Mapping[str, str]:
        """Return the variables that name places, none of them relative: for a process that starts elsewhere."""
        return {
            "OMEGA_DATA": str(self.data),
            "OMEGA_POLICIES": str(self.policies),
            "OMEGA_TENANTS": str(self.tenants or ""),
            "OMEGA_STORE": self.store,
            "OMEGA_OBJECTS": self.objects,
            "OMEGA_OIDC_CLIENT_SECRET_FILE": str(self.oidc_credential or ""),
            "OMEGA_STRIPE_KEY_FILE": str(self.stripe_key or ""),
            "OMEGA_STRIPE_WEBHOOK_SECRET_FILE": str(self.stripe_signing or ""),
            "OMEGA_PORTAL_TOKEN_FILE": str(self.portal.token or ""),
            "OMEGA_BUNDLE_STORE": self.bundle_store,
            "OMEGA_DETECTION": str(self.detection or ""),
            "OMEGA_PRIVACY_STORES": str(self.privacy_stores or ""),
            "OMEGA_TSA_ROOTS": str(self.tsa_roots or ""),
            "OMEGA_IDP_ISSUERS": " ".join(
                issuer if place is None else f"{issuer}={place}" for issuer, place in self.idp_issuers.items()
            ),
        }

    @property
    def policy_mirror(self) -> Path:
        """Return the directory of the mirror of the policy repository."""
        return self.data / "policies.git"

    @property
    def advisories(self) -> Path:
        """Return the file of known vulnerabilities that releases of the marketplace are held against."""
        return self.data / "advisories.gz"

    @property
    def anchored(self) -> bool:
        """Return whether anybody is to vouch for checkpoints."""
        return self.tsa is not None or bool(self.witnesses)

    @property
    def keys(self) -> Path:
        """Return the directory of the node's key files."""
        return self.data / "keys"

    @property
    def witness(self) -> Path:
        """Return the directory of what `omega witness serve` keeps: its key, what it has seen, whom it trusts."""
        return self.data / "witness"

    @property
    def assertions(self) -> Path:
        """Return the file of the assertions that clients used: for all workers of the node."""
        return self.data / "assertions.db"

    @property
    def journals(self) -> Path:
        """Return the directory of the node's journals."""
        return self.data / "journal"

    @property
    def status(self) -> Path:
        """Return the directory in which processes say how they stand."""
        return self.data / "status"

    @property
    def bundles(self) -> Path:
        """Return the directory of admitted bundles."""
        return self.data / "bundles"

    @property
    def numbers(self) -> Path:
        """Return the directory where each process of the node leaves its numbers, for /metrics."""
        return self.data / "metrics"

    @property
    def key_store(self) -> str:
        """Return the database URL of the subjects' keys."""
        return self.database or f"sqlite:///{self.data / 'subject_keys.db'}"

    @property
    def product(self) -> str:
        """Return the database URL of the control plane's tables."""
        return self.database or f"sqlite:///{self.data / 'product.db'}"

    @property
    def audits(self) -> str:
        """Return the database URL of audits: firms, engagements, and what auditors write."""
        return self.database or f"sqlite:///{self.data / 'portal.db'}"

    @property
    def index(self) -> str:
        """Return the database URL of the log's index."""
        return self.database or f"sqlite:///{self.index_file}"

    @property
    def index_file(self) -> Path:
        """Return the file of the index where it is one: its own, so that it is in nobody's way."""
        return self.data / "index.db"
