"""A log that auditors look through, its index, the policies that decided, and a portal that shows them."""

from contextlib import contextmanager
from datetime import timedelta

from app import schema
from app.db import open_engine
from app.errors import problem
from app.pep import RefusedError
from app.settings import Settings
from auditor_portal import product, replaying
from auditor_portal.product import Product
from auditor_portal.replaying import Replayed, Verdict
from evidence.keys import VerifierKey
from evidence.reader import Reader
from tests.auditor_portal.portal import ENGAGEMENT, auditor, engagement, firm, served, takes_part
from tests.evidence.logs import SIGNER, START, WITNESS, timestamp
from tests.features.gating import shipped
from tests.index.logged import BOB, Logged, body, denied

KEY = VerifierKey.parse(SIGNER.key_file.decode())
PERIOD = {"period_start": "2026-11-01T00:00:00.000000Z", "period_end": "2026-12-01T00:00:00.000000Z"}
RECORDS = f"/e/{ENGAGEMENT}/records"
ACTION, GATES = "studio.view", ("authorised",)

_POLICY = {"bundle": shipped().digest, "revision": "git:" + "ab" * 20, "engine": "e"}
_OURS = {"caller": "portal", "resource": {"type": "engagement", "id": ENGAGEMENT}, "policy": _POLICY}


def allowed(**more):
    return body(
        action=ACTION, policy=_POLICY, result={"allow": True, "passed": list(GATES), "failed": [], **_NOTHING}, **more
    )


_NOTHING = {"violations": [], "obligations": [], "diagnostics": []}
RECORDED = {
    "a decision": ("default", "decision", 0),
    "a denial": ("default", "decision", 1),
    "another denial": ("default", "decision", 2),
    "a decision of another tenant": ("other", "decision", 0),
    "what was done for this engagement": ("default", "decision", 3),
    "what was done for another engagement": ("default", "decision", 4),
    "policies put in force": ("system", "policy.activated", 5),
    "a decision after the period": ("default", "decision", 0),
}
"""Tenant, type and which body, of each record behind the one that opens the chain."""

SEEN = [name for name in RECORDED if "another tenant" not in name and "another eng" not in name and "after" not in name]
HIDDEN = [name for name in RECORDED if name not in SEEN]


def _bodies():
    failed = {"allow": False, "passed": [], "failed": list(GATES), **_NOTHING}
    return [
        allowed(),
        body(action=ACTION, policy=_POLICY, result=failed, subject={"type": "user", "ref": BOB}),
        denied("signed", subject={"type": "user", "ref": BOB}),
        allowed(**_of(_OURS)),
        allowed(**_of(_OURS | {"resource": {"type": "engagement", "id": "iso-2026"}})),
        {"bundle": shipped().digest, "revision": _POLICY["revision"], "engine": "e", "previous": None},
    ]


def _of(more):
    return {name: value for name, value in more.items() if name != "policy"}


class Browsed(Logged):
    """The log: one chain with the records of `RECORDED`."""

    def __init__(self):
        super().__init__()
        chain, bodies = self.chain(), _bodies()
        for name, (tenant, kind, number) in RECORDED.items():
            self.log.time = START + timedelta(days=30 if "after" in name else 0, seconds=len(chain.lines))
            chain.append(kind, tenant=tenant, body=bodies[number])
        self.publish()

    def id_of(self, name):
        return f"{self.log.chains[0].id}-{['the beginning of the chain', *RECORDED].index(name)}"

    def anchor(self):
        """Have an authority and a witness vouch for the checkpoint."""
        key = "log/checkpoints/000000000000.note"
        text = self.log.objects[key].decode().partition("\n\n")[0] + "\n"
        self.log.objects["log/timestamps/000000000000.tsr"] = timestamp(self.log.objects[key])
        name = f"log/cosignatures/000000000000-{WITNESS.witness_id.hex()}.txt"
        self.log.objects[name] = WITNESS.cosignature(text, 1_800_000_000)
        self.store_all()


class Again:
    """A `Replayer`: answers what a test says, and knows what it was asked."""

    def __init__(self):
        self.asked, self.told = [], Replayed(verdict=Verdict.SAME, differences=())

    def replay(self, decision_id):
        self.asked.append(decision_id)
        if isinstance(self.told, str):
            raise RefusedError(problem(self.told))
        return self.told


@contextmanager
def browsing(log, tmp_path, portal_url, *rows):
    """Run a portal that shows `log`; `portal.again` is what makes decisions again."""
    settings = Settings.from_environment({"OMEGA_DATA": str(tmp_path / "node")})
    settings.bundles.mkdir(parents=True)
    (settings.bundles / f"{shipped().digest}.json").write_bytes(shipped().snapshot())
    engine = open_engine(f"sqlite:///{tmp_path / 'index.db'}", durable=False)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    log.indexer(engine).catch_up()
    people = rows or (firm(), auditor(), engagement(**PERIOD), takes_part())
    found = Product(
        settings=settings,
        index=engine,
        product=engine,
        store=log.store,
        reader=Reader(log.store, KEY),
        verifier=KEY,
    )
    with served(portal_url, *people) as portal:
        product.install(portal.app, lambda: found)
        portal.again = Again()
        replaying.install(portal.app, portal.again)
        yield portal
    engine.dispose()
