"""The process that sends the metrics of a node to where OTEL_* says.

Nothing waits for it, and it may be killed at any time. Sends what every process left for all to read, as /metrics
shows it.
"""

import logging
import os
import signal
import sys
import threading
import time

from app import logs
from app.core_dumps import refuse_core_dumps
from app.pdp.lifeline import end_with_parent
from app.settings import Settings, SettingsError
from app.telemetry.publishing import snapshots

_LOG = logging.getLogger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Send every `OTEL_METRIC_EXPORT_INTERVAL` until `stop`.

    Raises:
        ImportError: the extra `otel` is not installed.
    """
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - an extra

    from app.telemetry.otlp import metrics_data, resource  # noqa: PLC0415

    exporter, who = OTLPMetricExporter(), resource()
    while not stop.wait(settings.otlp_interval):
        exporter.export(metrics_data(snapshots(settings.numbers, time.time()), who))  # it logs where it fails
    exporter.shutdown()


def main() -> int:
    """Run the process: `python -m app.exporting <parent>`."""
    refuse_core_dumps()
    end_with_parent(int(sys.argv[1]))
    logs.begin("exporting", logs.form_of(os.environ))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(Settings.from_environment(os.environ), stop)
    except (SettingsError, ImportError) as error:
        _LOG.error("metrics are not exported: %s", error)
        stop.wait()  # starting again would not help
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
