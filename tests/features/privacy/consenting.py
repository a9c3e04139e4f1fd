"""A control plane with a ledger: services that ask it, officers who look, and a clock that tests move."""

import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import db, schema
from app.features.privacy.office import Office
from app.identity import SCOPE, Caller
from app.privacy.key_table import KeyTable
from app.privacy.persons import KeptPersons
from app.privacy.stores.store import Described
from evidence import note
from evidence.keys import SigningKey
from tests.features.serving import Served, product
from tests.privacy.keyring import KEK, LOOKUP

LOG = SigningKey(origin="omega.localhost/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
PRIVACY, AUDITORS, CISO = "omega-privacy", "omega-auditors", "omega-ciso"
TEXT = "We let models learn from your chats. You can take this back at any time."
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
SHOWN = {"method": "form", "reference": "form/2026-17", "sha256": "0" * 64}
ALICE, BOB = {"type": "user", "id": "alice@example.com"}, {"type": "user", "id": "bob@example.com"}
FILES = Described(
    name="files",
    title="=files of members",
    purposes=("service",),
    categories=("contact",),
    subjects=("members",),
    recipients=("support",),
    region="EU",
    retention="30 days",
    security="encrypted",
)


class Ledger:
    """A control plane, those who ask it, and the key store behind it."""

    def __init__(self, url, engine, **office):
        self.engine = engine
        self.table = KeyTable(engine, KEK)
        self.persons = KeptPersons(self.table, LOOKUP)
        self._url = url
        self._office = {"stores": lambda: (FILES,)} | office
        self.control = Served(
            office=Office(
                persons=self.persons,
                sign=lambda text: note.sign(text, LOG),
                log=LOG.origin,
                now=lambda: self.control.clock.seconds,
                **self._office,
            )
        )
        self.control.around.pdp._pdp._clock = lambda: datetime.fromtimestamp(self.control.clock(), UTC)

    def pseudonym(self, person):
        return self.persons.key("default", person["type"], person["id"]).subject

    def officer(self, *groups):
        return self.control.officer("ofc-1", *groups)

    def service(self, name="studio", tenant="default"):
        return Service(self.control.app.test_client(), name, tenant)

    def bodies(self, action):
        return [body for kind, body in self.control.around.records if kind == "decision" and body["action"] == action]


class Service:
    """A service with a token that was proved."""

    def __init__(self, client, name, tenant):
        self._client = client
        self._scope = {SCOPE: Caller(subject=name, tenant=tenant, token_id="t1")}  # noqa: S106 - no secret

    def post(self, path, body):
        return self._client.post(f"/privacy/{path}", json=body, environ_base={"asgi.scope": self._scope})

    def get(self, path):
        headers = {"accept": "application/json"}
        return self._client.get(f"/privacy/{path}", headers=headers, environ_base={"asgi.scope": self._scope})

    def grant(self, person=ALICE, **more):
        body = {"person": person, "purpose": "training", "scope": "chats", "notice": DIGEST, "evidence": SHOWN} | more
        return self.post("consents", body)

    def withdraw(self, person=ALICE, **more):
        body = {"person": person, "purpose": "training", "scope": "chats", "evidence": SHOWN} | more
        return self.post("consents/withdraw", body)

    def standing(self, person=ALICE, **more):
        body = {"person": person, "purpose": "training", "scope": "chats"} | more
        return self.post("consents/standing", body).json


def keep_text(browser, text=TEXT, version="1", **more):
    """Have an officer keep a text that persons are shown."""
    said = {"purpose": "training", "version": version, "language": "en", "text": text} | more
    return browser.post("/privacy/notices", said, accept="application/json")


def gates(answer):
    """Return the gates that an answer says have failed."""
    assert answer.status_code == 403, answer.text
    return [each["id"] for each in answer.json["gates"]]


def ledger_at(url, keys, **office):
    """Return a ledger on an empty product database at `url`, with a key store in the file `keys`, to be entered."""
    return _Opened(url, keys, office)


class _Opened:
    def __init__(self, url, keys, office):
        self._product, self._keys, self._url, self._office = product(url), keys, url, office

    def __enter__(self):
        self._product.__enter__()
        self._engine = db.open_engine(f"sqlite:///{self._keys}")
        schema.upgrade(self._engine)
        return Ledger(self._url, self._engine, **self._office)

    def __exit__(self, *error):
        self._engine.dispose()
        return self._product.__exit__(*error)
