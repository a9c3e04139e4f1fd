"""What a line of the log says, in each form, and what it never says."""

import json
import logging
import sys
import threading

import pytest

from app import logs
from app.logs import JsonLines, TextLines
from app.settings import LogForm


@pytest.fixture
def begun(monkeypatch):
    """Return a way to set up logging in JSON, as it is done in a process of its own; undone after the test."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    for name in ("", "alembic"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logger.level)

    def begin(*handlers):
        monkeypatch.setattr(logging.getLogger(), "handlers", list(handlers))
        logs.begin("sealer", LogForm.JSON)

    return begin


def record(message="worker ends: %s", *values, error=None, **extra):
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("app.server", logging.WARNING, "server.py", 1, message, values, exc_info)
    made.__dict__.update(extra)
    made.created = 1_795_000_000.25
    return made


PERSON = "alice@example.org"


def raised():
    try:
        int(PERSON)
    except ValueError as error:
        return error


def test_a_line_of_json_says_who_said_what_and_when():
    line = JsonLines("worker 3").format(record("worker ends: %s", "its\nevaluators are gone"))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-11-18T11:06:40.250Z",
        "level": "warning",
        "logger": "app.server",
        "message": "worker ends: its\nevaluators are gone",
        "worker": "worker 3",
    }


def test_a_decision_is_named_where_it_is_known():
    assert json.loads(JsonLines("sealer").format(record("no", decision_id="01a2-3")))["decision_id"] == "01a2-3"


@pytest.mark.parametrize("lines", [JsonLines("sealer"), TextLines()], ids=["JSON", "text"])
def test_an_error_says_its_kind_and_where_and_not_what_it_quotes(lines):
    line = lines.format(record("failed", error=raised()))
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "alice" not in line


def test_text_is_level_logger_message():
    assert TextLines().format(record("no room")) == "WARNING app.server no room"


@pytest.mark.parametrize(
    ("environment", "form"), [({}, "text"), ({"OMEGA_LOG": "json"}, "json"), ({"OMEGA_LOG": "else"}, "text")]
)
def test_the_form_is_known_before_the_settings_are(environment, form):
    assert logs.form_of(environment) == form


def test_a_process_logs_lines_on_standard_error(begun, capsys):
    begun()
    logging.getLogger("app.sealing").info("sealed")
    assert json.loads(capsys.readouterr().err)["message"] == "sealed"


def test_what_was_set_up_before_stays(begun):
    before = logging.NullHandler()
    begun(before)
    assert logging.getLogger().handlers == [before]


def test_what_ends_a_process_or_a_thread_is_a_line_too(begun, capsys):
    begun()
    sys.excepthook(ValueError, raised(), None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    def raises():
        int(str(raised()))

    thread = threading.Thread(target=raises)
    thread.start()
    thread.join()
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["error"]) for line in said] == [("critical", "ValueError")] * 2
    assert "alice" not in str(said)
