"""The scan of a real node directory: drift is injected, found by the next scan, healed where it blocks, and told of."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from app import activation, keys, status
from app.alert_targets import alert_targets
from app.alerts.rows import AlertDeliveryRow, AlertRow
from app.db import reading
from app.features.policies.drift.comparing import Declared, Kind
from app.features.policies.drift.drift_job import DriftJob, Undeclared, board, scan
from app.features.policies.drift.healing import Healer, HealingError, NoChanges, heal, question
from app.features.policies.drift.scanning import compared, running
from app.features.policies.errors import RepositoryError
from app.features.policies.git.publication import CURRENT, publish
from app.jobs.job import JobError
from app.loaded import loaded
from app.objects import open_objects
from app.pdp.admission import admit
from app.pdp.bundle import load
from app.pep import CONTROL
from app.scheduling import Asked
from app.settings import Settings
from tests.pdp.shop import stocked

COMMIT = "c" * 40
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LATER = 60.0
GIT = {"OMEGA_ALERTS": "slack=/nowhere"}


class Git:
    """Declares what it is given, as `declaring` would. `error` makes it fail."""

    def __init__(self, bundle):
        self.value = Declared(commit=COMMIT, bundle=bundle, head=COMMIT, activated=3_600.0)
        self.error, self.past = None, ()

    def declared(self, now):  # noqa: ARG002
        if self.error:
            raise self.error
        return self.value

    def overrides(self, now):  # noqa: ARG002
        return self.past


class Changes:
    """Keeps what it is to show for review."""

    def __init__(self):
        self.opened, self.error = [], None

    def open_foreign(self, base, files, reason):
        if self.error:
            raise self.error
        self.opened.append((base, files, reason))
        return "drift/1"


class Node:
    """A node's directory with a bundle in force and published, one worker, and the job that looks at it."""

    def __init__(self, path, gating):
        self.bundle = load(stocked_in(path / "policies"), f"git:{COMMIT}")
        self.settings = Settings.from_environment({"OMEGA_DATA": str(path / "node"), **GIT})
        self.settings.data.mkdir(mode=0o700)
        self.now, self.gating = NOW.timestamp(), gating
        self.put(self.bundle)
        publish(self.bundle, open_objects(self.settings.bundle_store), self.key())
        self.git, self.changes, self.pauses = Git(self.bundle), Changes(), []
        self.say(self.bundle)

    def key(self):
        return keys.ensure_bundle_key(self.settings.keys)

    @property
    def bundles(self):
        return self.settings.bundles

    def put(self, bundle):
        """Have a bundle in force, for long enough."""
        self.bundles.mkdir(mode=0o700, exist_ok=True)
        activation.snapshot_path(self.bundles, bundle.digest).write_bytes(bundle.snapshot())
        (self.bundles / "active").write_text(bundle.digest)

    def say(self, bundle, **changes):
        """Have a worker say what it has loaded, just now."""
        status.say(self.settings, status.SERVICE, {"workers": 1, "processes": [], "url": "", "since": 0})
        told = {
            "number": 0,
            "bundle": bundle.digest,
            "engine": bundle.engine,
            "loaded": loaded(bundle, 0),
            "checks": {},
        }
        status.say(self.settings, "worker-0", told | changes)

    def job(self, **settings):
        asked = Asked(self.gating.pdp)
        return DriftJob(
            replace(self.settings, **settings),
            self.git,
            Healer(self.settings, asked.enforce, self.changes),
            node="n1",
            note=lambda kind, body: self.gating.pdp.note(kind, CONTROL, body),
            clock=lambda: datetime.now(UTC).timestamp() + LATER,
            random=lambda size: f"{len(self.records())}" * size,
            pause=self.pauses.append,
        )

    def records(self):
        return [(kind, body) for kind, body in self.gating.records if kind.startswith("policy.drift")]

    def actions(self):
        return [(body["action"], body["result"]["allow"]) for kind, body in self.gating.records if kind == "decision"]


def stocked_in(path):
    stocked(path)
    return path


@pytest.fixture
def node(tmp_path, gating, product, monkeypatch):  # noqa: ARG001 - it is open meanwhile
    monkeypatch.setattr(status, "_SILENT", 10 * LATER)  # the clock of the scan goes ahead
    monkeypatch.setattr(activation, "admit_apart", admit)  # another process takes as long as all the rest
    return Node(tmp_path, gating)


def run(node, **settings):
    """Run the job as the scheduler does; return what it says and the kinds that it found."""
    from tests.features.policies.scanning_run import made  # noqa: PLC0415

    said = made(node, node.job(**settings))
    kind, body = node.records()[-1]
    return said, kind, sorted({each["kind"] for each in body["findings"]})


def alerts():
    with reading() as session:
        return session.exec(select(AlertRow)).all(), session.exec(select(AlertDeliveryRow)).all()


def test_a_clean_scan_is_a_record_too(node):
    said, kind, kinds = run(node)
    assert (said, kind, kinds) == ({"findings": 0, "healed": False, "workers": 1}, "policy.drift_clean", [])
    assert node.actions() == [("policies.scan_drift", True)]
    assert node.records()[0][1]["declared"] == {"commit": COMMIT, "bundle": node.bundle.digest}
    assert alerts() == ([], [])
    assert board()[0]["findings"] == []


def other(node, tmp_path):
    """Return the policies with a gate opened."""
    sell = node.bundle.files["rego/shop/sell.rego"].replace("ripe == true", "ripe != 7")
    return stocked(tmp_path / "other", {"rego/shop/sell.rego": sell})


def told_of_another_bundle(node, tmp_path):
    node.put(other(node, tmp_path))
    node.say(other(node, tmp_path))


def edited_on_the_disk(node, _):
    path = activation.snapshot_path(node.bundles, node.bundle.digest)
    value = json.loads(path.read_bytes())
    value["modules"]["rego/shop/give.rego"] = "package shop.give\n"
    path.write_text(json.dumps(value))


def no_digest(node, _):
    (node.bundles / "active").write_text("nothing")


def edited_as_published(node, _):
    objects = open_objects(node.settings.bundle_store)
    data = bytearray(objects.get(CURRENT, limit=1 << 25))
    data[len(data) // 2] ^= 1
    objects.delete(CURRENT)
    objects.put(CURRENT, bytes(data))
    edited_on_the_disk(node, None)


@pytest.mark.parametrize(
    ("inject", "kinds", "shown"),
    [
        (told_of_another_bundle, [Kind.FOREIGN_MODULE], ["rego/shop/sell.rego"]),
        (edited_on_the_disk, [Kind.EDITED_BUNDLE, Kind.FOREIGN_MODULE], ["rego/shop/give.rego"]),
        (no_digest, [Kind.EDITED_BUNDLE, Kind.STALE_WORKER], None),
        (edited_as_published, [Kind.EDITED_BUNDLE, Kind.FOREIGN_MODULE], ["rego/shop/give.rego"]),
    ],
    ids=["another bundle", "a module added on the disk", "no digest", "what is published is edited as well"],
)
def test_what_is_foreign_is_found_and_healed_by_one_scan(node, tmp_path, inject, kinds, shown):
    inject(node, tmp_path)
    said, kind, found = run(node)
    assert (said["healed"], kind) == (True, "policy.drift_found")
    assert set(found) <= set(map(str, kinds))
    assert str(kinds[0]) in found
    assert node.actions() == [("policies.scan_drift", True), ("policies.heal", True)]
    assert [sorted(files) for _, files, _ in node.changes.opened] == ([shown] if shown else [])
    assert (node.bundles / "active").read_text() == node.bundle.digest
    node.say(node.bundle)
    said, kind, found = run(node)
    assert (kind, found) == ("policy.drift_clean", [])


def test_the_same_drift_is_told_of_once(node):
    node.say(node.bundle, engine="regorus/0.1")
    assert run(node)[2] == ["engine_mismatch"]
    assert run(node)[2] == ["engine_mismatch"]
    assert len(alerts()[0]) == len(alerts()[1]) == 1
    node.say(node.bundle)
    run(node)
    node.say(node.bundle, engine="regorus/0.1")
    run(node)
    rows, deliveries = alerts()
    assert [row.severity for row in rows] == ["critical", "critical"]
    assert rows[0].summary == "policies differ from what is declared (engine_mismatch); NOT healed"
    assert {each.target for each in deliveries} == {"slack nowhere"}
    assert node.changes.opened == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"refused": ("d" * 40, "unsigned"), "head": "d" * 40}, "unsigned_commit"),
        ({"refused": ("d" * 40, "unknown_signer"), "head": "d" * 40}, "unknown_commit"),
        ({"decided": False}, "change_outside_window"),
        ({"head": "d" * 40}, "unsynced"),
    ],
    ids=["unsigned", "unknown signer", "outside a window", "not yet in force"],
)
def test_what_git_says_is_found_and_not_healed(node, change, kind):
    node.git.value = replace(node.git.value, **change)
    said, _, kinds = run(node)
    assert (said["healed"], kinds) == (False, [kind])
    assert node.actions() == [("policies.scan_drift", True)]


def test_a_worker_that_went_on_with_other_policies(node, tmp_path):
    foreign = other(node, tmp_path)
    activation.snapshot_path(node.bundles, foreign.digest).write_bytes(foreign.snapshot())
    node.say(foreign)
    assert run(node)[2] == ["stale_worker"]


def test_a_module_added_to_a_running_worker(node):
    told = loaded(node.bundle, 0)
    node.say(node.bundle, loaded={**told, "modules": {**told["modules"], "rego/shop/give.rego": "f" * 64}})
    said, _, kinds = run(node)
    assert (kinds, said["healed"]) == (["foreign_module"], False)


def test_an_override_past_its_time_and_a_worker_that_is_gone(node):
    node.git.past = ("ovr-1",)
    (node.settings.status / "worker-0.json").unlink()
    assert run(node)[2] == ["override_past_its_time", "stale_worker"]


def test_without_a_service_or_git_only_the_directory_is_looked_at(node):
    status.forget(node.settings)
    found = scan(node.settings, Undeclared(), datetime.now(UTC))
    assert (found.findings, found.document()["declared"]) == ((), None)
    edited_on_the_disk(node, None)
    assert [each.kind for each in scan(node.settings, Undeclared(), datetime.now(UTC)).findings] == ["edited_bundle"]
    said, _, kinds = run_undeclared(node)
    assert (kinds, said["healed"]) == (["edited_bundle"], False)


def run_undeclared(node):
    node.git = Undeclared()
    return run(node)


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"modules": 7}', None], ids=["text", "list", "odd", "gone"])
def test_a_snapshot_that_cannot_be_read(node, text):
    path = activation.snapshot_path(node.bundles, node.bundle.digest)
    path.unlink() if text is None else path.write_text(text)
    assert run(node)[0]["healed"]


def test_a_snapshot_under_the_name_of_another(node, tmp_path):
    path = activation.snapshot_path(node.bundles, node.bundle.digest)
    path.write_bytes(other(node, tmp_path).snapshot())
    said, _, kinds = run(node)
    assert (said["healed"], kinds) == (True, ["edited_bundle", "foreign_module"])
    assert [sorted(files) for _, files, _ in node.changes.opened] == [["rego/shop/sell.rego"]]


def test_healing_is_for_what_a_decision_put_in_force(node, tmp_path):
    told_of_another_bundle(node, tmp_path)
    node.git.value = replace(node.git.value, decided=False)
    said, _, kinds = run(node)
    assert (said["healed"], kinds) == (False, ["change_outside_window", "foreign_module"])
    assert node.actions()[-1] == ("policies.heal", False)


def test_what_cannot_be_healed_is_told_of(node, tmp_path, monkeypatch):
    told_of_another_bundle(node, tmp_path)
    monkeypatch.setattr(activation, "keep", lambda *_: (_ for _ in ()).throw(OSError(28, "no space")))
    said, _, _ = run(node)
    assert not said["healed"]
    assert alerts()[0][0].summary.endswith("NOT healed")


def test_a_permit_heals_what_it_was_given_for(node, tmp_path):
    declared = node.git.value
    permit = node.gating.pdp.enforce(question(declared, [finding()], "schedule"), CONTROL)
    with pytest.raises(HealingError, match="other policies"):
        heal(permit, node.settings, replace(declared, bundle=other(node, tmp_path)), [])


def finding():
    from app.features.policies.drift.comparing import Finding  # noqa: PLC0415

    return Finding(kind=Kind.EDITED_BUNDLE, place="active", mended=True)


def test_nobody_may_open_a_change_request(node, tmp_path):
    told_of_another_bundle(node, tmp_path)
    node.changes.error = RepositoryError("away")
    assert run(node)[0]["healed"]
    assert node.records()[-1][1]["change"] is None
    assert NoChanges().open_foreign(COMMIT, {}, "") is None


def test_what_is_declared_cannot_be_found_out(node):
    node.git.error = RepositoryError("the remote is away")
    with pytest.raises(JobError, match="away"):
        run(node)


def test_settings_are_held_against_what_policies_declare(node, tmp_path):
    declares = '{"settings": {"OMEGA_DEADLINE_MS": "250", "OMEGA_SHADOW_PERMILLE": "0", "OMEGA_ODD": "1"}}'
    bundle = stocked(tmp_path / "declares", {"data/runtime.json": declares})
    assert compared(bundle, node.settings) == (
        ("OMEGA_DEADLINE_MS", "250", "250"),
        ("OMEGA_ODD", "1", "not known"),
        ("OMEGA_SHADOW_PERMILLE", "0", "10"),
    )
    odd = stocked(tmp_path / "odd", {"data/runtime.json": '{"settings": []}'})
    assert compared(odd, node.settings) == ()


def test_what_runs_is_said_as_an_operator_writes_it(node):
    found = running(node.settings)
    assert Settings.from_environment({"OMEGA_DATA": str(node.settings.data), **found, **GIT}) == node.settings


def test_the_targets_are_those_of_the_settings(node):
    run(node)
    node.say(node.bundle, engine="regorus/0.1")
    run(node, alerts=alert_targets("slack=/a slack=/b"))
    assert {each.target for each in alerts()[1]} == {"slack a", "slack b"}
