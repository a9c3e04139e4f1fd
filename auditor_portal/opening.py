"""The portal as its settings want it: opened in the order it depends on, closed in the other.

Knows no page. Everything that a test would replace is handed to `create_app`.
"""

import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app import keys, schema
from app.audits.database import open_portal, portal_data
from app.pdp.errors import UnrecordedError
from app.settings import Settings
from auditor_portal import product, replaying
from auditor_portal.application import Portal, create_app
from auditor_portal.deciding import MET, RemotePdp
from auditor_portal.saml.keys import open_keys
from auditor_portal.signing_in.desk import Desk
from auditor_portal.token_source import token_source
from omega_client import Client

_FORMS: Final = b"omega auditor portal forms"
_PATIENCE: Final = 2.0  # seconds, for who is asked how they do
_OK: Final = 200
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A portal that answers.

    Attributes:
        flask: the application.
        checks: returns whether each thing does that it needs.
    """

    flask: Flask
    checks: Callable[[], Mapping[str, bool]]


@contextmanager
def opened(settings: Settings, node: str) -> Iterator[Opened]:
    """Open the portal that `settings` describe; it asks the node at the URL `node` unless they say whom.

    Raises:
        KeyFileError: the portal's own secret cannot be made or trusted.
        SamlKeyError: the same of its keys for SAML.
        DatabaseUrlError: the database of audits is none.
        SchemaError: its tables are not those of this version, and the portal's role cannot change them.
    """
    url = settings.portal.decision_url or node
    secret = keys.ensure_portal_key(settings.keys)
    with ExitStack() as held:
        engine = open_portal(settings.portal.database or settings.audits)
        held.callback(engine.dispose)
        schema.upgrade(engine, schema.PORTAL_MIGRATIONS)  # before the guard: migrations are outside of it
        held.enter_context(portal_data.opened(engine))
        token = token_source(settings, time.time)
        client = held.enter_context(Client(url, token, understands=MET))
        reading = product.Late(lambda: product.open_product(settings))
        held.callback(reading.close)
        origin = settings.portal.url or ""
        desk = Desk(
            saml=open_keys(settings.keys, time.time()),
            origin=origin,
            secret=secret,
            proxies=settings.trusted_proxies,
            now=time.time,
        )
        forms = hmac.new(secret, _FORMS, "sha256").digest()
        flask = create_app(Portal(pdp=RemotePdp(client), recogniser=desk, desk=desk, secret=forms, public_url=origin))
        product.install(flask, reading)
        again = replaying.RemoteReplayer(url, token)
        held.callback(again.close)
        replaying.install(flask, again)
        yield Opened(flask=flask, checks=lambda: checks(url, token, engine, reading))


def checks(
    url: str, token: Callable[[], str], engine: Engine, reading: Callable[[], product.Product]
) -> Mapping[str, bool]:
    """Return whether decisions are to be had at `url` by `token`, the portal's tables, and what its pages show."""
    return {"decisions": _decides(url, token), "tables": _answers(engine), "evidence": _reads(reading)}


def _decides(url: str, token: Callable[[], str]) -> bool:
    """Tell whether the decision point is ready, and knows the token: asked for no decision, so that none is made."""
    try:
        ready = httpx.get(f"{url}/readyz", timeout=_PATIENCE, trust_env=False)
        bearer = {"authorization": f"Bearer {token()}"}
        asked = httpx.get(f"{url}/v1/decisions/none", headers=bearer, timeout=_PATIENCE, trust_env=False)
    except (httpx.HTTPError, UnrecordedError):
        return False
    return (ready.status_code, asked.status_code) == (_OK, _NOT_FOUND)


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _reads(reading: Callable[[], product.Product]) -> bool:
    try:
        reading()
    except product.UNOPENED:
        return False
    return True
