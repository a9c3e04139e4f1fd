"""A year in which everything was done as it should be: the records that the service would have left of it.

Seeds of deviations change what was recorded, before it is written; so chains hold unless a seed breaks them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evidence.form import time_text
from frameworks.control_test import Every, Kind
from frameworks.statements import ATTEST, COUNTERSIGN, INSPECT
from frameworks.testing import Row
from tests.frameworks.rows import CHAIN, START, Written, decision, person

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
OTHER = "018f0000000000000002"
STEP = {Every.MONTH: 30, Every.QUARTER: 90, Every.YEAR: 180}
BUNDLES = [f"{number:064x}" for number in range(20)]

RESOURCES = {
    "http.request": "~route", "platform.grant_access": "~account", "platform.keep_access": "~account",
    "platform.set_password": "~account", "platform.use_session": "~session", "session.open": "~officer",
    "marketplace.verify": "~developer", "platform.store_data": "dataset", "policies.open_change": "branch",
    "replay.revoke_consent": "consent", "marketplace.payout": "payout", "marketplace.refund": "order",
    "voice.approve": "approval_request", "voice.execute": "command", "studio.manage": "workspace",
    "policies.view": "policies", "studio.use_component": "component", "privacy.consent": "person",
    "privacy.transfer": "export", "privacy.view": "person", "privacy.process": "person", "privacy.reveal": "person",
    "dsr.collect": "dsr_request", "dsr.fulfil": "dsr_request", "dsr.handle": "dsr_request",
    "dsr.submit": "dsr_request", "dsr.view": "dsr_queue",
}  # fmt: skip
ORDINARY = (
    "http.request", "marketplace.delist", "marketplace.deprecate", "marketplace.feature", "marketplace.payout",
    "marketplace.publish", "marketplace.purchase", "marketplace.refund", "marketplace.update", "marketplace.verify",
    "platform.grant_access", "platform.keep_access", "platform.set_password", "platform.store_data",
    "platform.use_session", "policies.view", "replay.archive", "replay.delete", "replay.export_training",
    "replay.record", "replay.replay", "replay.reveal_pii", "replay.revoke_consent", "replay.view", "replay.what_if",
    "session.open", "session.close", "studio.comment", "studio.debug", "studio.deploy", "studio.edit",
    "studio.manage", "studio.run", "studio.sandbox", "studio.use_component", "studio.view", "voice.approve",
    "voice.execute", "privacy.consent", "privacy.process", "privacy.reveal", "privacy.transfer", "privacy.view",
    "dsr.collect", "dsr.fulfil", "dsr.handle", "dsr.submit", "dsr.view", "marketplace.register", "marketplace.agree",
    "marketplace.draft", "marketplace.sign", "marketplace.price", "marketplace.meter", "marketplace.invoice",
    "marketplace.order", "marketplace.settle", "marketplace.install", "marketplace.review", "marketplace.moderate",
    "marketplace.support", "marketplace.measure", "marketplace.promote", "marketplace.identify", "marketplace.expire",
    "marketplace.rescan", "marketplace.yank", "marketplace.quarantine", "marketplace.appeal", "marketplace.reinstate",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One record before it is written."""

    at: datetime
    kind: str
    body: dict
    tenant: str = "default"
    chain: str = CHAIN

    @property
    def action(self):
        return self.body.get("action")

    @property
    def about(self):
        """Return the id of the resource, where it shows one."""
        return (self.body.get("resource") or {}).get("id")


def on(day, hours=0.0):
    """Return a time of the year."""
    return START + day * DAY + hours * HOUR


def did(action, at, subject="ann", resource=None, **more):
    """Return the record of a decision."""
    kind = RESOURCES.get(action, "thing")
    chain = OTHER if (action or "").startswith(("http", "studio")) else CHAIN
    return Entry(
        at, "decision", decision(action, subject, resource or (kind, f"{kind.lstrip('~')}-1"), **more), chain=chain
    )


def job(action, at, name, resource):
    """Return the record of what a job asked for."""
    entry = did(action, at, resource=resource)
    return replace(entry, body={**entry.body, "subject": {"type": "job", "ref": person(name)}})


def said(kind, at, **body):
    """Return a record of the service's own."""
    return Entry(at, kind, body, tenant="system")


def every_day():
    for day in range(365):
        for hours in (6, 18):
            yield said("policy.drift_clean", on(day, hours), node="n1", findings=[], healed=False)
        yield job("policies.scan_drift", on(day, 6), "policies.scan_drift", ("node", "n1"))
        for hour, name in enumerate(("evidence.expire", "alerts.deliver")):
            yield job("policies.run_job", on(day, hour), name, ("job", name))
        yield did("platform.verify_backup", on(day, 3), "watch", ("store", "main"))
        yield said("control.tested", on(day, 4), test="drift-detection/mended", outcome="effective")
    for day in range(10, 365, 21):
        yield said("storage.probe", on(day), level="L3", tried=9, accepted=[])


def ordinary():
    for month in range(12):
        for number, action in enumerate(ORDINARY):
            yield did(action, on(30 * month + 5, number / 4), ("ann", "bob", "eve")[month % 3])
        yield did("studio.run", on(30 * month + 6), allow=False, failed=["within_budget"])
        yield replace(did("studio.run", on(30 * month + 6, 1)), body=unknown())
        yield said("session.refused", on(30 * month + 7), reason="state")
        yield said("request.refused", on(30 * month + 7, 1), caller="shop", reason="malformed", suppressed=0)
        yield said("request.throttled", on(30 * month + 7, 2), caller="shop", limit="per_second", suppressed=3)
        yield said("token.issued", on(30 * month + 7, 3), caller="shop", token_id="t1", expires="x", key="k")  # noqa: S106 - a name


def unknown():
    return decision(None, allow=False, diagnostics=[{"code": "unknown_action", "path": ""}])


def changes():
    """Each month a change of policies: opened, checked, approved by two, merged, in force."""
    for month in range(12):
        at, change = on(30 * month + 12, 9), str(month + 1)
        yield did("policies.open_change", at, "ann", ("branch", f"b{change}"))
        checks = dict.fromkeys(("admission", "owners", "tests"), "passed")
        yield said("policy.change_checked", at + 5 * MINUTE, change=month + 1, checks=checks, commit="c", decision="d")
        yield did("policies.comment", at + 6 * MINUTE, "bob", ("change_request", change))
        for hours, who in ((1, "bob"), (2, "eve")):
            yield did("policies.approve", at + hours * HOUR, who, ("change_request", change))
        yield did("policies.merge", at + 3 * HOUR, "dan", ("change_request", change))
        yield did("policies.activate", at + 3.1 * HOUR, "dan", ("commit", f"{month:040x}"))
        yield said(
            "policy.activated", at + 3.2 * HOUR,
            bundle=BUNDLES[month + 1], previous=BUNDLES[month], revision=f"git:{month}", engine="regorus/1",
        )  # fmt: skip
    yield did("policies.roll_back", on(100), "dan", ("commit", "0" * 40))
    yield did("policies.withdraw", on(101), "ann", ("change_request", "99"))


def healed():
    """Something foreign was found, which let nothing more happen, and was mended at once."""
    finding = {"kind": "module", "place": "rego/x.rego", "declared": "", "found": "", "blocking": False}
    yield said("policy.drift_found", on(200, 6.1), node="n1", findings=[finding], healed=True)
    yield job("policies.heal", on(200, 6.11), "policies.scan_drift", ("policies", "policies"))
    yield said("policy.drift_clean", on(200, 6.3), node="n1", findings=[], healed=False)


def overrides():
    """Twice something had to be deployed outside its window; once the glass was broken."""
    for number, day in enumerate((60, 240)):
        grant = ("override", f"o{number}")
        yield did("policies.request_override", on(day, 8), "ann", grant)
        yield did("policies.approve_override", on(day, 9), "bob", grant)
        yield did("policies.approve_override", on(day, 10), "eve", grant)
        yield used(grant[1], on(day, 11))
        yield did("policies.revoke_override", on(day, 20), "bob", grant)
    glass = ("override", "g0")
    yield did("policies.break_glass", on(150, 2), "ann", glass)
    yield did("policies.confirm_break_glass", on(150, 2) + 10 * MINUTE, "bob", glass)
    yield used("g0", on(150, 3))
    yield did("policies.review_break_glass", on(152, 2), "eve", glass)


def used(grant, at, who="ann"):
    """Return a deployment outside its window under an override."""
    overridden = [{"gate": "in_change_window", "id": grant}]
    return did("studio.deploy", at, who, ("workflow", "w1"), failed=["in_change_window"], overrides=overridden)


def kept():
    """Yield what is kept, held, forgotten, signed."""
    for number, day in enumerate((40, 220)):
        name = person(f"gone{number}")
        keys = [f"k_{number:032x}"]
        yield said("erasure.requested", on(day), subject=name, keys=keys, ground="request")
        yield said(
            "erasure.completed", on(day + 2), subject=name, keys=keys, ground="request", payloads=1, requested="r"
        )
    yield said("legal_hold", on(50), subject=person("held"), reason="litigation", state="set")
    yield said("legal_hold", on(300), subject=person("held"), reason="litigation", state="released")
    yield said("legal_hold", on(51), key="chains/x", on=True)
    yield said("retention.extended", on(51), key="chains/x", until="2040-01-01T00:00:00.000000Z")
    yield said("key.rotated", on(180), number=1, previous_key="a", key="b", size=10, reason="rotated")


def stated(controls):
    """Yield what persons state for every test that asks for it."""
    for test in (each for control in controls for each in control.tests if each.kind is not Kind.MACHINE):
        for day in range(20, 365, STEP[test.every]):
            about = ("control_test", test.id)
            yield did(ATTEST if test.kind is Kind.ATTESTATION else INSPECT, on(day, 9), "carl", about)
            if test.second_role:
                yield did(COUNTERSIGN, on(day + 2, 9), "cora", about)


def begun():
    for chain in (CHAIN, OTHER):
        yield replace(said("chain.opened", START, version="1"), chain=chain)
        activated = {"bundle": BUNDLES[0], "previous": None, "revision": "git:0", "engine": "regorus/1"}
        yield replace(said("policy.activated", START, **activated), chain=chain)


def clean(controls):
    """Return the entries of the whole year, in the order of their times."""
    parts = (begun(), every_day(), ordinary(), changes(), healed(), overrides(), kept(), stated(controls))
    return sorted((entry for part in parts for entry in part), key=lambda entry: entry.at)


class Recorded:
    """The rows of entries, and of others that begin as they do: what is the same is written once."""

    def __init__(self, entries):
        self.entries, self._written, self._heads = entries, [], [{}]
        log = Written()
        for each in entries:
            self._written.append(_row(log, each))
            self._heads.append(dict(log.heads))

    def rows(self, entries=None):
        """Return rows as they come from the log: chain after chain."""
        entries = self.entries if entries is None else entries
        pairs = zip(entries, self.entries, strict=False)
        same = next((number for number, (one, other) in enumerate(pairs) if one is not other), len(self.entries))
        same = min(same, len(entries))
        log = Written(self._heads[same])
        written = [*self._written[:same], *(_row(log, each) for each in entries[same:])]
        return sorted(written, key=lambda row: (row.chain, row.seq))


def _row(log, entry):
    return log.row(entry.body, entry.at, kind=entry.kind, tenant=entry.tenant, chain=entry.chain)


def configured():
    """Return the rows of the configuration, as it should be."""
    return {
        "store": [
            {"kind": "assurance", "probed": True, "level": "L3", "rank": 4, "required": "L3", "age_hours": 5},
            *({"kind": "retention", "class": name, "days": days} for name, days in RETENTION.items()),
            {"kind": "payloads", "class": "request", "days": 2555},
        ],
        "keys": [{"kind": kind, "age_days": 100} for kind in ("signing", "token", "lookup")]
        + [{"kind": "kek", "generation": 1, "newest": True, "age_days": 100}],
        "callers": [
            {"kind": "caller", "caller": "shop", "tenant": "default", "actions": ["a.b"], "credentials": ["key"]}
        ],
        "jobs": [
            {"kind": "job", "job": "evidence.expire", "state": "finished", "code": None, "age_hours": 3, "failed": 0}
        ],
        "policies": [
            {"kind": "bundle", "digest": "d", "revision": "git:1", "from_repository": True, "second_opinion": True},
            {"kind": "gate", "rule": "signed", "action": "a.b", "severity": "critical", "enforcement": "blocking"},
        ],
        "settings": [{"kind": "setting", "name": "jobs", "value": True}],
    }


RETENTION = {"std7y": 2555, "hipaa6y": 2192, "aiact1y": 366}


def configuration_rows(name, documents):
    """Return documents as rows of the configuration."""
    now = time_text(START + 365 * DAY)
    return [
        Row(chain=f"configuration.{name}", seq=number, time=now, leaf=f"{number:064x}", document=each)
        for number, each in enumerate(documents)
    ]
