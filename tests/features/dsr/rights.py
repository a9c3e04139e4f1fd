"""A control plane for requests of data subjects: keys in memory, runs that are written down, a clock to move."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from app import db
from app.decision_plane.buckets import Rate
from app.features.dsr import answering, keeping
from app.features.dsr.desk import policy_data
from app.features.dsr.errors import VaultError
from app.features.dsr.keeping import Move
from app.features.dsr.opening import Opened
from app.features.dsr.request import Step
from app.features.dsr.running.errors import RunError
from app.features.dsr.vault import Sealed
from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest
from app.privacy.errors import KeyDestroyedError
from app.privacy.sealed_block import SubjectKey
from evidence.keys import SigningKey

DAY = 86_400
PRIVACY, PROTECTION, AUDITOR = "omega-privacy", "omega-data-protection", "omega-auditors"
SIGNER = SigningKey(origin="omega.localhost/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}
ASKED = {
    "kind": "access",
    "law": "gdpr",
    "language": "en",
    "email": "ada@example.com",
    "account": "usr-1",
    "name": "Ada",
}


class MemoryVault:
    """A vault in memory. `failing` has it fail."""

    def __init__(self):
        self.keys, self.holds, self.failing = {}, {}, False

    def _refuse(self):
        if self.failing:
            raise VaultError("the key store is away")

    def seal(self, tenant, kind, identifier, text, place):
        self._refuse()
        key = self.keys.get((tenant, kind, identifier))
        if key is None:
            name = f"{len(self.keys):032x}"
            key = SubjectKey(subject=f"psn_{name}", kid=f"k_{name}", key=bytes(32))
            self.keys[tenant, kind, identifier] = key
        return Sealed(subject=key.subject, block=key.seal(text, place=place))

    def open(self, subject, block, place):
        self._refuse()
        for key in self.keys.values():
            if key.subject == subject:
                return key.open(block, place=place)
        raise KeyDestroyedError("erased")

    def held(self, subject):
        self._refuse()
        return frozenset(self.holds.get(subject, ()))

    def hold(self, person, reason, record):
        subject = self.keys[person].subject
        self.holds.setdefault(subject, set()).add(reason)
        record(SimpleNamespace(type="legal_hold", body={"subject": subject, "reason": reason, "state": "set"}))

    def release(self, person, reason, record):
        subject = self.keys[person].subject
        self.holds.get(subject, set()).discard(reason)
        record(SimpleNamespace(type="legal_hold", body={"subject": subject, "reason": reason, "state": "released"}))

    def destroy(self, *person):
        del self.keys[person]


class WrittenRuns:
    """Runs that do nothing: what was begun is written down."""

    def __init__(self):
        self.begun, self.closed, self.woken, self.done, self.archives = [], [], 0, {}, {}

    def begin(self, session, request_id, permit, *, now):  # noqa: ARG002 - as it is called
        self.begun.append(request_id)

    def close(self, session, request_id, *, now):  # noqa: ARG002 - as it is called
        self.closed.append(request_id)

    def wake(self):
        self.woken += 1

    def progress(self, request_id):
        return self.done.get(request_id, ())

    def export_of(self, request_id):
        try:
            return self.archives[request_id]
        except KeyError:
            raise RunError("gone", "its time has ended") from None


def receipt(store, step="erase", **more):
    facts = {"state": "done", "count": 3, "code": "", "reason": "", "left": (), "attempts": 1, "receipt": "c-1-9"}
    return SimpleNamespace(**({"store": store, "step": step} | facts | more))


def permit(identifier="dsr-1", action="dsr.fulfil", by=("job", "dsr.fulfil"), **facts):
    subject = Entity(type=by[0], id=by[1], properties={})
    resource = Entity(type="dsr_request", id=identifier, properties=facts)
    asked = EvaluationRequest(subject=subject, action=action, resource=resource, context={})
    return Permit(request=asked, decision_id="c-0-1", decision=Decision(allow=True), bundle="b", revision="r")


class Rights:
    """A control plane, persons and officers at it."""

    def __init__(self, control, url, vault, runs):
        self.control, self.vault, self.runs = control, vault, runs
        self._engine = db.open_engine(url)
        control.around.pdp._pdp._clock = lambda: datetime.fromtimestamp(self.now(), UTC)

    def now(self):
        return int(self.control.clock.seconds)

    def limit(self, monkeypatch, **rates):
        """Have policy data permit so many things at once, by what is limited, and then hardly any more."""
        found = {name: Rate(per_second=0.01, burst=burst) for name, burst in rates.items()}
        monkeypatch.setattr(answering, "policy_data", lambda bundle: replace(policy_data(bundle), **found))

    def later(self, *, days=0, seconds=0):
        self.control.clock.seconds += days * DAY + seconds

    def officer(self, name, *groups):
        """Return the browser of somebody whose identity provider saw a second factor."""
        browser = self.control.officer(name, *(groups or (PRIVACY,)))
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE officer_session SET second_factor = 1"))
        return browser

    def ask(self, **changes):
        """Return id and key of a request that a visitor sends."""
        answer = self.control.visitor().post("/dsr/requests", ASKED | changes)
        assert answer.status_code == 303, answer.text
        identifier, _, key = answer.location.rpartition("/")[2].partition("?key=")
        return identifier, key

    def step(self, browser, identifier, step, code="", **more):
        headers = JSON | {"x-csrf-token": browser.csrf()}
        said = {"step": step, "code": code} | more
        return browser.client.post(f"/dsr/requests/{identifier}/steps", json=said, headers=headers)

    def stepped(self, browser, identifier, step, code="", **more):
        answer = self.step(browser, identifier, step, code, **more)
        assert answer.status_code == 200, answer.text
        return answer.json

    def verified(self, browser, **changes):
        """Return id and key of a request whose person was verified."""
        identifier, key = self.ask(**changes)
        self.stepped(browser, identifier, "verify", "documents")
        return identifier, key

    def move(self, identifier, *steps):
        """Have a run take steps."""
        for step in steps:
            move = Move(step=Step(step), code="", by="dsr.fulfil", at=self.now())
            keeping.move_to(permit(identifier), identifier, move)

    def close(self):
        self._engine.dispose()


def opened(vault, runs):
    return Opened(vault=vault, runs=runs, signer=SIGNER, proxies=(ip_network("10.0.0.0/8"),))


def gates(answer):
    """Return the gates that an answer says have failed."""
    assert answer.status_code == 403, answer.text
    return sorted(each["id"] for each in answer.json["gates"])
