"""Residence: who is answered where, and that no byte of a person comes to rest in another region."""

import json
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from a2wsgi import WSGIMiddleware

from app import activation, db, identity, keys, schema
from app.control_plane import ControlPlane
from app.features.privacy.office import Office
from app.kek_opening import open_keks
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.privacy.persons import KeptPersons
from app.regions import Region, Residence
from tests.decision_plane.asking import JSON, body, received
from tests.features.serving import Served
from tests.node import prepared, sealed
from tests.pdp.deciding import Engines
from tests.pdp.shop import CALLERS, FILES, written
from tests.working import started, work

NOW = 1_795_356_000
PAIR = {"home": ["EU"], "place": "US", "since": "2026-11-22T14:00:00Z", "until": "2026-11-22T14:00:01Z"}
PLANTED = "erika.mustermann@example.eu"


def data(**pair):
    return json.dumps({"residency": {"processing": {"x": PAIR | pair}}})


@pytest.mark.parametrize(
    ("region", "home", "said", "admitted"),
    [
        pytest.param("EU", "EU", "{}", True, id="at home"),
        pytest.param("US", "EU", "{}", False, id="elsewhere"),
        pytest.param(None, "EU", "{}", True, id="a node without a region"),
        pytest.param("US", None, "{}", True, id="a tenant without a home"),
        pytest.param("US", "EU", data(), True, id="a pair that is permitted"),
        pytest.param("UK", "EU", data(), False, id="another place"),
        pytest.param("US", "UK", data(), False, id="another home"),
        pytest.param("US", "EU", data(since="2026-11-22T14:00:01Z"), False, id="not yet"),
        pytest.param("US", "EU", data(until="2026-11-22T14:00:00Z"), False, id="no more"),
        pytest.param("US", "EU", data(until=None), True, id="without an end"),
        pytest.param("US", "EU", data(since=None), False, id="without a beginning"),
        pytest.param("US", "EU", data(since="2026-01-01"), False, id="a time without a zone"),
        pytest.param("US", "EU", data(home=None), False, id="a pair without a home"),
        pytest.param("US", "EU", "[", False, id="no JSON"),
        pytest.param("US", "EU", '{"residency": {"processing": [1]}}', False, id="another form"),
        pytest.param("US", "EU", '{"residency": {"processing": {"x": 1}}}', False, id="a pair that is none"),
    ],
)
def test_who_is_answered_where(region, home, said, admitted):
    homes = {} if home is None else {"acme": Region(home)}
    residence = Residence(region=None if region is None else Region(region), homes=homes)
    assert residence.admits("acme", said, NOW) is admitted
    assert residence.admits("globex", said, NOW)


def node(path, region):
    """Return the settings of a node in a region, which all tenants know."""
    tenants = path / "tenants.json"
    tenants.write_text(json.dumps({name: {"region": "EU"} for name in ("acme", "default")}))
    made = prepared(
        path,
        OMEGA_REGION=region,
        OMEGA_REGION_OBJECTS=f"EU={path / 'eu-objects'},US={path / 'us-objects'}",
        OMEGA_TENANTS=str(tenants),
        OMEGA_INLINE_BYTES="0",
    )
    callers = CALLERS | {"studio": CALLERS["marketplace"] | {"tenant": "acme"}}
    written(made.policies, FILES | {"data/callers.json": json.dumps(callers)})
    activation.activate(made.policies, made.bundles)
    return made


@contextmanager
def consents(settings, worker, plane):
    """Yield a control plane with the node's own tables and key store, behind the worker's own edge."""
    held = db.open_engine(settings.product)
    schema.upgrade(held, schema.PRODUCT_MIGRATIONS)
    key_store = db.open_engine(settings.key_store)
    persons = KeptPersons(KeyTable(key_store, Keks(open_keks(settings).load)), keys.load(settings.keys).lookup)
    with db.product(held):
        made = Served(office=Office(persons=persons, sign=str.encode, now=time.time))
        wsgi = WSGIMiddleware(made.app, workers=1)

        async def application(scope, receive, send):
            await wsgi({**scope, "http_version": "1.1"}, receive, send)

        opened = SimpleNamespace(largest=lambda *_: 4_096, application=application)
        yield ControlPlane(lambda: opened, lambda: "r1", plane.caller, worker._admitted)
        wsgi.executor.shutdown()
    key_store.dispose()


async def status(app, path, headers, data=b""):
    """Return how an application answers: to a GET where nothing is sent."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": data}

    async def send(message):
        sent.append(message)

    lines = [*headers, (b"content-length", str(len(data)).encode()), (b"host", b"127.0.0.1:8420")]
    scope = {"type": "http", "method": "POST" if data else "GET", "path": path, "query_string": b"", "headers": lines}
    await app(scope, receive, send)
    return sent[0]["status"]


def ask_both(settings, monkeypatch):
    """Ask one node as a service of a European tenant; return the codes, and what the node counted."""
    token = identity.issue(
        keys.load(settings.keys).token,
        subject="studio", tenant="acme", issuer=settings.origin, lifetime=60, now=time.time(),
    )  # fmt: skip
    headers = [(b"authorization", f"Bearer {token}".encode()), JSON]
    question = json.loads(body())
    question["subject"]["id"] = PLANTED
    grant = {"person": {"type": "user", "id": PLANTED}, "purpose": "security", "evidence": EVIDENCE}

    async def does(worker, plane):
        decision = await received(plane, json.dumps(question).encode(), headers=headers)
        with consents(settings, worker, plane) as control:
            consent = await status(control, "/privacy/consents/withdraw", headers, json.dumps(grant).encode())
            page = await status(control, "/privacy/people", [JSON])
        numbers = await received(plane, method="GET", path="/metrics", client=("127.0.0.1", 1))
        counted = [line for line in numbers.body.decode().splitlines() if "wrong_region" in line]
        return [decision.status, consent, page, sum(float(line.split()[-1]) for line in counted)]

    async def starting(found, snapshot):
        policies = await started(found, snapshot)
        policies.evaluators.evaluate = Engines(policies.bundle).evaluate
        return policies

    monkeypatch.setattr("app.worker.start_policies", starting)
    return work(settings, does)


EVIDENCE = {"method": "form", "reference": "form/2026-17", "sha256": "0" * 64}


def count(settings, name, table):
    engine = db.open_engine(getattr(settings, name))
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 - our own
    engine.dispose()
    return found


def test_no_byte_of_a_european_lands_in_the_united_states(tmp_path, monkeypatch):
    for name in ("eu", "us"):
        (tmp_path / name).mkdir()
    eu, us = node(tmp_path / "eu", "EU"), node(tmp_path / "us", "US")
    before = {each: each.read_bytes() for each in (tmp_path / "us").rglob("*") if each.is_file()}
    assert ask_both(eu, monkeypatch) == [200, 201, 403, 0]
    assert ask_both(us, monkeypatch) == [421, 421, 421, 3]
    sealed(eu)
    sealed(us)
    assert before
    files = [each for each in (tmp_path / "us").rglob("*") if each.is_file()]
    assert [each.name for each in files if PLANTED.encode() in each.read_bytes()] == []
    assert count(eu, "key_store", "subject_key") > 0
    assert count(us, "key_store", "subject_key") == 0
    assert (count(eu, "product", "consent_event"), count(us, "product", "consent_event")) == (1, 0)
    assert list((tmp_path / "eu" / "eu-objects").rglob("psn_*"))
    assert not (tmp_path / "us" / "us-objects").exists()
    assert b'"acme"' not in b"".join(each.read_bytes() for each in us.journals.rglob("*") if each.is_file())
