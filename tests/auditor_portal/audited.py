"""A portal over a small sealed log: four controls, decisions of October, and everything done at once or when told."""

import hmac
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import frameworks.collection
from app.read_only import open_read_only
from app.settings import Settings
from auditor_portal import product as reading
from auditor_portal import workshop as shops
from auditor_portal.beside import Beside
from auditor_portal.deciding import PORTAL
from auditor_portal.product import Product
from auditor_portal.workshop import Workshop
from evidence.reader import Reader
from evidence.record import Draft
from evidence.stores.local import LocalStore
from frameworks import control
from frameworks.collection import shipped
from tests.auditor_portal.portal import (
    ENGAGEMENT,
    auditor,
    engagement,
    firm,
    served,
    signed_in,
    takes_part,
)
from tests.evidence.sealing import KEY, Node
from tests.frameworks.rows import decision

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
HOME = f"/e/{ENGAGEMENT}"

CONTROLS = """
controls:
  - id: access-review
    title: who keeps access is reviewed
    owner: security_officer
    severity: high
    frequency: event
    criteria: [soc2/CC6.2, hipaa/164.308(a)(4)]
    rules: [platform.keep_access/reviewed]
    tests:
      - id: access-review/reviewed
        kind: machine
        title: nobody keeps access unreviewed
        every: day
        stale_after: 2
        population: {types: [decision], actions: [platform.keep_access]}
        check: {each: [{path: body.result.failed, lacks: reviewed}]}
      - id: access-review/attested
        kind: attestation
        title: the list was reviewed
        every: quarter
        stale_after: 100
        role: security_officer
        second_role: ciso
        statement: the list was reviewed
      - id: access-review/inspected
        kind: inspection
        title: accounts are looked at
        every: year
        stale_after: 400
        instruction: three accounts are looked at
      - id: access-review/kept
        kind: machine
        title: the store keeps what it is given
        every: day
        stale_after: 2
        population: {configuration: store}
        check: {none: true}
  - id: reviews
    title: reviews are allowed
    owner: security_officer
    severity: low
    frequency: day
    criteria: [soc2/CC6.3]
    tests:
      - id: reviews/allowed
        kind: machine
        title: what is asked is allowed
        every: day
        stale_after: 2
        population: {types: [decision], actions: [platform.keep_access]}
        check: {each: [{path: body.result.allow, equals: true}]}
  - id: glass
    title: nobody breaks the glass
    owner: ciso
    severity: critical
    frequency: event
    criteria: [soc2/A1.1]
    tests:
      - id: glass/broken
        kind: machine
        title: nobody broke it
        every: day
        stale_after: 2
        population: {actions: [platform.break_glass]}
        check: {none: true}
  - id: elsewhere
    title: something of another framework
    owner: ciso
    severity: low
    frequency: event
    criteria: [hipaa/164.308(a)(4)]
    tests:
      - id: elsewhere/broken
        kind: machine
        title: nobody broke it
        every: day
        stale_after: 2
        population: {actions: [platform.break_glass]}
        check: {none: true}
"""
ASKED = "platform.keep_access"
FAILING = {7}


def collected(_own=None):
    """Return the shipped frameworks, and the controls above alone."""
    found = {each.id: each for each in control.parse("house.yaml", CONTROLS)}
    return replace(shipped(), controls=MappingProxyType(found))


def sealed_log(directory, count=60):
    """Return a node whose decisions of October are sealed in a directory, and its store."""
    directory.mkdir()
    node = Node(directory / "journals", store=LocalStore(directory / "store"), count=20)
    node.spread(map(decided, range(count)), START, END)
    return node


def decided(number):
    """Return a decision: one of those that failed, or not, and one in ten of another tenant."""
    failed = ["reviewed"] if number in FAILING else []
    tenant = "default" if number % 10 else "somebody-else"
    body = decision(ASKED, f"p{number % 7}", allow=not failed, failed=failed)
    return Draft(type="decision", tenant=tenant, body=body)


def positions(node, tenant="default"):
    """Return where the decisions of a tenant stand."""
    found = [each for each in node.records() if each.tenant == tenant and each.body.get("action") == ASKED]
    return [each.position.decision_id for each in found]


def others():
    """Return another firm with an engagement, and an auditor in it."""
    return (
        firm("other"),
        auditor("b", "other"),
        engagement("other-2026", "other"),
        takes_part("b", "other", "other-2026"),
    )


def posted(browser, path, data=None, who=("a.lee@acme.example", "acme"), **options):
    """Send a form with the token of an auditor's session, without a page that it stands on."""
    session = signed_in(*who).session.encode()
    token = hmac.new(bytes(32), b"csrf " + session, "sha256").hexdigest()
    return browser.post(path, {"csrf": token} | (data or {}), csrf_from="/nowhere", **options)


class Gated:
    """Does jobs when it is told to, each on the thread that asked."""

    def __init__(self):
        self.may, self.begun = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, job, told):
        told(1, 4)
        self.begun.release()
        assert self.may.acquire(timeout=30)
        return job(told)


def at_once(job, told):
    return job(told)


def vouching(node, around):
    """Return what gets the log's word as the portal's decision point would record it, in this log."""

    def vouch(permit, manifest, report):
        thing = dict(permit.request.resource.properties["object"])
        thing |= {"kind": "workpaper", "sha256": manifest, "report": report}
        facts = dict(permit.request.resource.properties) | {"object": thing}
        asked = replace(permit.request, resource=replace(permit.request.resource, properties=facts))
        around.pdp.enforce(asked, PORTAL)
        body = [each for kind, each in around.records if kind == "decision"][-1]
        [position] = node.write(body)
        node.step(flush=True)
        return Reader(node.store, KEY.verifier).prove(position)

    return vouch


@contextmanager
def audited(url, node, directory, monkeypatch, *rows, launch=at_once, **beside):
    """Run a portal over the log of `node`; `shop` is its workshop. `directory` has `product.db`."""
    monkeypatch.setattr(frameworks.collection, "load", collected)
    store = str(node.path.parent / "store")
    settings = Settings.from_environment({"OMEGA_DATA": str(directory / "data"), "OMEGA_STORE": store})
    tables = open_read_only(f"sqlite:///{directory / 'product.db'}")
    with served(url, *rows) as portal:
        found = Product(
            settings=settings,
            index=tables,
            product=tables,
            store=node.store,
            reader=Reader(node.store, KEY.verifier),
            verifier=KEY.verifier,
        )
        reading.install(portal.app, lambda: found)
        portal.shop = Workshop(
            beside=Beside(launch, **beside),
            files=directory / "files",
            now=portal.clock,
            vouch=vouching(node, portal.around),
        )
        shops.install(portal.app, portal.shop)
        yield portal
        assert portal.shop.beside.join(30)
    tables.dispose()
