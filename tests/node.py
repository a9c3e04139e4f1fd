"""A node's directory as `omega serve` prepares it, with the small policies, and what its processes would do in it."""

import asyncio
import os
import socket

from app import keys, sealing_line, supervisor
from app.db import open_engine
from app.kek_opening import open_keks
from app.node_log import NodeLog, Place
from app.objects import open_objects
from app.pdp.bundle import load_snapshot
from app.pdp.enforce import Pdp, Policies
from app.pdp.request import parse_request
from app.privacy.concealer import KeptPayloads, KeyStoreConcealer
from app.privacy.detached import Detached
from app.privacy.keks import Keks
from app.privacy.subject_keys import SubjectKeys
from app.sealing import run
from app.settings import Settings
from evidence.chain import utc_now
from evidence.writer import Limits
from tests.pdp.deciding import NOW, Engines, Service
from tests.pdp.shop import FILES, written


def node_environment(path, **more):
    """Return the variables of a node below `path`; its policies are written there."""
    written(path / "policies", FILES)
    return {
        "OMEGA_DATA": str(path / "node"),
        "OMEGA_POLICIES": str(path / "policies"),
        "OMEGA_PORT": "0",
        "OMEGA_DRAIN_S": "0",
        "OMEGA_JOBS": "no",
        **more,
    }


def prepared(path, **more):
    """Return the settings of a node that is ready to start."""
    settings = Settings.from_environment(node_environment(path, **more))
    supervisor.prepare(settings)
    return settings


def in_force(settings):
    """Return the bundle in force and its snapshot."""
    (path,) = settings.bundles.glob("*.json")
    return load_snapshot(path)


def subject_keys(settings):
    """Return the key store of a node; `close_keys` closes it."""
    node = keys.load(settings.keys)
    keks = Keks(open_keks(settings).load)
    return SubjectKeys(open_engine(settings.key_store), kek=keks, lookup_key=node.lookup)


def close_keys(store):
    store.close()
    store._thread.shutdown()
    store._table.engine.dispose()


def payloads(settings):
    """Return the payloads of a node."""
    return Detached(open_objects(settings.objects), tuple(settings.payloads))


def decided(settings, *requests, caller=None, engines=None):
    """Decide requests as a worker would, with an engine in this process; return what was recorded.

    A request is bytes, or what code made of some.
    """

    async def main():
        store = subject_keys(settings)
        bundle = in_force(settings)
        mine, theirs = sealing_line.pair()
        place = Place(journals=settings.journals, version="0", limits=Limits(), clock=utc_now)
        log = NodeLog(place, classes=settings.retention, line=mine, patience=0.1)
        log.open(bundle.retention_classes)
        policies = Policies(bundle=bundle, evaluators=engines or Engines(bundle))
        kept = KeptPayloads(payloads(settings))
        concealer = KeyStoreConcealer(store)
        pdp = Pdp(policies, log, concealer, lambda: NOW, payloads=kept, inline=settings.inline)
        asked = [parse_request(each) if isinstance(each, bytes) else each for each in requests]
        try:
            return [await pdp.evaluate(each, caller or Service()) for each in asked]
        finally:
            await log.close()
            theirs.close()
            close_keys(store)

    return asyncio.run(main())


def sealed(settings):
    """Seal and checkpoint everything, as the sealer does when it is told to stop."""
    run(settings, lambda: True)


def listening():
    """Return a socket that listens on a free port."""
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    found.listen()
    return found


def use(monkeypatch, environment):
    """Have this process see exactly these settings."""
    for name in [name for name in os.environ if name.startswith("OMEGA_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
