"""A node whose policies drift in tests: its directory, a worker that says things, and the job that scans it."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

from sqlmodel import select

from app import activation, keys, replacing, status
from app.alerts.rows import AlertDeliveryRow, AlertRow
from app.db import reading
from app.features.policies.drift.comparing import Declared, Finding, Kind
from app.features.policies.drift.drift_job import DriftJob
from app.features.policies.drift.healing import Healer
from app.features.policies.git.publication import CURRENT, publish
from app.jobs.job import Run
from app.loaded import loaded
from app.objects import open_objects
from app.pdp.bundle import load
from app.pdp.model import Entity, EvaluationRequest
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


def made(node, job):
    request = EvaluationRequest(
        subject=Entity(type="job", id="policies.scan_drift", properties={}),
        action="policies.scan_drift",
        resource=Entity(type="node", id="n1", properties={}),
        context={"by": "schedule"},
    )
    permit = node.gating.pdp.enforce(request, CONTROL)
    return dict(job.run(Run(permit=permit, scheduled_for=0, missed=0, attempt=1, stopping=lambda: False)))


def run(node, **settings):
    """Run the job as the scheduler does; return what it says and the kinds that it found."""
    said = made(node, node.job(**settings))
    kind, body = node.records()[-1]
    return said, kind, sorted({each["kind"] for each in body["findings"]})


def alerts():
    with reading() as session:
        return session.exec(select(AlertRow)).all(), session.exec(select(AlertDeliveryRow)).all()


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


def replaced(node):
    """Return the workers that the supervisor is to replace, in this process's number, and take them."""
    found = list(replacing.take(node.settings))
    assert {pid for _, pid in found} <= {os.getpid()}
    assert [name for name, _ in found] == node.records()[-1][1]["replaced"]
    return [name for name, _ in found]


def more(node):
    """Have the worker say that it has loaded a module more."""
    told = loaded(node.bundle, 0)
    node.say(node.bundle, loaded={**told, "modules": {**told["modules"], "rego/shop/give.rego": "f" * 64}})


def finding():
    return Finding(kind=Kind.EDITED_BUNDLE, place="active", mended=True)
