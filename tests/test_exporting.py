"""The process that sends metrics to a collector."""

import builtins
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from app import exporting
from app.exporting import main, run
from app.settings import Settings
from app.telemetry import catalogue
from app.telemetry.publishing import Publisher
from tests.node import node_environment, use


@pytest.fixture
def collector():
    """Lend a collector: a list of what it was sent, and its URL."""
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            data = self.rfile.read(int(self.headers["content-length"]))
            taken.append((self.path, ExportMetricsServiceRequest.FromString(data)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield taken, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Rounds:
    """An event that is set after so many rounds."""

    def __init__(self, number):
        self.left = number

    def wait(self, _seconds):
        self.left -= 1
        return self.left < 0


def test_what_the_processes_left_is_sent(collector, tmp_path, monkeypatch):
    taken, url = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    settings = Settings.from_environment(node_environment(tmp_path))
    settings.data.mkdir()
    publisher = Publisher(settings.numbers, "worker 0")
    publisher.numbers.add(catalogue.DECISIONS, "shop.sell", "allow")
    publisher.publish()
    run(settings, Rounds(2))
    assert [path for path, _ in taken] == ["/v1/metrics"] * 2
    ((scope,),) = [each.scope_metrics for each in taken[0][1].resource_metrics]
    assert [each.name for each in scope.metrics] == ["omega_decisions", "omega_published_timestamp_seconds"]


@pytest.fixture
def process(monkeypatch):
    """Let `main` believe that this is its process, and that it was told to stop."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(exporting, "end_with_parent", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["exporting", "1"])
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("process")
def test_a_signal_ends_it(tmp_path, monkeypatch):
    use(monkeypatch, node_environment(tmp_path))
    monkeypatch.setattr(exporting, "run", lambda _, stop: signal.raise_signal(signal.SIGTERM) or stop.wait(10))
    assert main() == 0


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize("lacking", ["opentelemetry", None], ids=["no extra", "a setting"])
def test_what_starting_again_would_not_mend_is_one_line_and_a_rest(tmp_path, monkeypatch, caplog, lacking):
    use(monkeypatch, node_environment(tmp_path, **({} if lacking else {"OMEGA_PORT": "http"})))
    real = builtins.__import__

    def without(name, *rest):
        if lacking and name.startswith(lacking):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    waited = []
    monkeypatch.setattr(threading.Event, "wait", lambda *_: waited.append(1))
    assert main() == 1
    assert waited == [1]
    assert "metrics are not exported" in caplog.text
