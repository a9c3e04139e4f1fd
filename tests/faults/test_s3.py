"""The log in S3 when answers are late, lost, torn, wrong or errors, and when the server stops or is killed."""

import os
import secrets
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app import dev_s3
from evidence.store import S3Options
from evidence.stores.s3 import S3Store
from tests.faults.aftermath import held
from tests.faults.fault_proxy import FAULTS, fault_proxy
from tests.faults.life import Place, live
from tests.faults.sampling import SOME, spread

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

ROUNDS_UNDER_LOAD = 40 * SOME
IN_TIME = 0.4  # seconds an answer has
PATIENCE = 60  # failed rounds of sealing that are borne


def at(server, endpoint, prefix, **changes):
    """Return a store on a line that may fail, in a hurry."""
    options = replace(server.options, endpoint=endpoint, attempts=1, connect_timeout=IN_TIME, read_timeout=IN_TIME)
    return S3Store(server.bucket, prefix, options=replace(options, **changes))


def settled(server, node, prefix):
    """Have the node live once more on a line that holds, and hold a copy of its log against what it acknowledged."""
    store = S3Store(server.bucket, prefix, options=server.options)
    live(node, rounds=1, store=store, checked=True)
    copy = node / "copy"
    for key in store.keys(""):
        path = copy / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.get(key))
    return held(copy, Place(node).acknowledgements())


@pytest.fixture(scope="module")
def line(s3_server):
    with fault_proxy(s3_server, late=3 * IN_TIME) as proxy:
        yield proxy


def begun(server, node, prefix):
    """Have a node live a little on a line that holds."""
    live(node, rounds=1, store=S3Store(server.bucket, prefix, options=server.options))


@pytest.fixture(scope="module")
def counted(s3_server, line, tmp_path_factory):
    """Return how many requests of each kind a life has."""
    node = tmp_path_factory.mktemp("dry") / "node"
    begun(s3_server, node, "dry")
    line.next({})
    live(node, store=at(s3_server, line.endpoint, "dry", read_timeout=30.0), checked=True)
    return dict(line.counted)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_is_not_as_it_should_be_loses_nothing(line, counted, quick, tally, fault):
    s3_server = line.server
    assert counted.keys() == {"PUT", "HEAD", "GET", "LIST"}
    most = max(1, SOME // 3)
    for each in range(most):
        prefix, node = f"t{secrets.token_hex(8)}", quick / str(each)
        begun(s3_server, node, prefix)
        places = {kind: (spread(number, most) * most)[each] for kind, number in counted.items()}
        line.next(dict.fromkeys(places.items(), fault))
        live(node, store=at(s3_server, line.endpoint, prefix), checked=True, tries=PATIENCE)
        assert not line.faults, "a fault was not met"
        tally(f"S3 answers: {fault.replace('_', ' ')}", settled(s3_server, node, prefix), tried=len(places))


@contextmanager
def disturbed(disturb):
    """Do something again and again, until the end."""
    ending = threading.Event()

    def run():
        while not ending.wait(0.1):
            disturb()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def test_a_server_that_stops_again_and_again_loses_nothing(s3_server, quick, tally):
    """Writes run into the time-out and land later, or not at all."""

    def stop():
        os.kill(s3_server.process_id, signal.SIGSTOP)
        time.sleep(1.5 * IN_TIME)
        os.kill(s3_server.process_id, signal.SIGCONT)

    prefix, node = f"t{secrets.token_hex(8)}", quick / "node"
    with disturbed(stop):
        live(node, rounds=10, store=at(s3_server, s3_server.options.endpoint, prefix), tries=10_000)
    tally("S3 stops and goes on", settled(s3_server, node, prefix))


class OwnServer:
    """A server that is killed, and started again on what it left."""

    def __init__(self, folder):
        folder.mkdir()
        self._folder, self._ports = folder, dev_s3._free_ports(5)
        self._credentials = secrets.token_hex(10), secrets.token_hex(20)
        endpoint = f"http://127.0.0.1:{self._ports[3]}"
        self.options = S3Options(endpoint=endpoint, region="us-east-1", credentials=self._credentials)
        self.bucket = "evidence"
        self._start()
        dev_s3._await_first_write(self, self._process, folder / "log", 60.0)

    def again(self):
        self.kill()
        self._start()

    def _start(self):
        self._process = dev_s3._start(dev_s3._program(), self._folder, self._ports, self._credentials)

    def kill(self):
        self._process.kill()
        self._process.wait()


def test_a_server_that_is_killed_under_load_loses_nothing(s3_server, quick, tally):
    assert s3_server.process_id  # so that this is skipped where that is
    server = OwnServer(quick / "server")
    try:
        node = quick / "node"
        with ThreadPoolExecutor(1) as pool:
            store = at(server, server.options.endpoint, "log")
            living = pool.submit(live, node, rounds=ROUNDS_UNDER_LOAD, store=store, tries=1_000_000)
            for _ in range(SOME):
                told = len(Place(node).acknowledgements())
                while len(Place(node).acknowledgements()) < told + 30 and not living.done():
                    time.sleep(0.01)
                assert not living.done(), living.result()
                server.again()
            living.result()
        tally("S3 is killed and started again", settled(server, node, "log"), tried=SOME)
    finally:
        server.kill()
