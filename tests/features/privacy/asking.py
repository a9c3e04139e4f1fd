"""Services and officers at the redaction of a control plane, with keys and a detector in memory."""

from contextlib import contextmanager

from sqlalchemy import text

from app import db
from app.features.privacy import office as consents
from app.features.privacy.redacting import Redaction
from app.identity import SCOPE, Caller
from app.privacy.detection.document import find_in
from evidence import note
from tests.features.privacy.consenting import DIGEST, LOG, SHOWN, keep_text
from tests.features.serving import served
from tests.privacy.redaction.redacted import Keyring, Mails

PERSON = {"type": "user", "id": "usr-alice@example.com"}
TEXT = "From sarah@example.com: see <EMAIL_1>"
PRIVACY, COMPLIANCE, AUDITORS = "omega-privacy", "omega-compliance", "omega-auditors"


def find(value, *, language):
    return find_in(value, Mails(), language=language)


class Service:
    """A service with a token."""

    def __init__(self, control, name="studio", tenant="default"):
        self._client = control.app.test_client()
        self._scope = {"asgi.scope": {SCOPE: Caller(subject=name, tenant=tenant, token_id="t")}}  # noqa: S106 - none

    def get(self, path):
        return self._client.get(path, headers={"accept": "application/json"}, environ_overrides=self._scope)

    def post(self, path, body):
        return self._client.post(path, json=body, environ_overrides=self._scope)

    def sent(self, method, path, headers, body):
        """Send a request as it is."""
        return self._client.open(path, method=method, headers=headers, data=body, environ_overrides=self._scope)

    def form(self, path, body):
        return self._client.post(path, data=body, environ_overrides=self._scope)

    def redact(self, **changes):
        given = {"person": PERSON, "scope": "case-7", "purpose": "support", "region": "EU", "lane": "patterns"}
        body = {"text": TEXT} | given | changes
        return self.post("/privacy/redact", {name: value for name, value in body.items() if value is not None})

    def train(self, **changes):
        """Have a text redacted for a purpose that rests on consent."""
        return self.redact(**{"purpose": "training", "lane": "names"} | changes)

    def grant(self, scope="case-7"):
        """Record that the person lets their texts serve training, as they were asked by `Office.ask`."""
        said = {"person": PERSON, "purpose": "training", "scope": scope, "notice": DIGEST, "evidence": SHOWN}
        return self.post("/privacy/consents", said)

    def withdraw(self, scope="case-7", purpose="training"):
        said = {"person": PERSON, "purpose": purpose, "scope": scope, "evidence": SHOWN}
        return self.post("/privacy/consents/withdraw", said)


class Office:
    """A control plane that redacts."""

    def __init__(self, control, keyring, url=None):
        self.control, self.keyring = control, keyring
        self._product = None if url is None else db.open_engine(url)

    def close(self):
        self._product.dispose()

    def service(self, name="studio", **more):
        return Service(self.control, name, **more)

    def ask(self):
        """Have a text kept that persons are shown before their texts serve training."""
        assert keep_text(self.officer("ofc-1", PRIVACY)).status_code == 201

    def officer(self, name, *groups):
        """Return the browser of an officer whose session has a second factor."""
        browser = self.control.officer(name, *groups)
        with self._product.begin() as connection:
            connection.execute(text("UPDATE officer_session SET second_factor = 1"))
        return browser


@contextmanager
def office(url, *, names=True):
    """Run an office over an empty database."""
    keyring = Keyring()
    redaction = Redaction(persons=keyring, find=find, names=names, now=_now, ticks=_now)
    ledger = consents.Office(persons=keyring, sign=lambda said: note.sign(said, LOG), log=LOG.origin, now=_now)
    with served(url, redaction=redaction, office=ledger) as control:
        made = Office(control, keyring, url)
        yield made
        made.close()


def _now():
    return 1_795_356_000.0
