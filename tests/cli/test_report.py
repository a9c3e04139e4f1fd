"""`omega report`."""

import json
import shutil
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from app import keys
from app.sealing import new_sealer
from evidence.chain import Chain, utc_now
from evidence.record import Draft
from tests.evidence.sealing import everything
from tests.frameworks.rows import decision

OVER = ["--from", "2026-01-01", "--to", "2026-02-01"]


def report(omega, out, *more, span=OVER, form="pdf", framework="soc2"):
    return omega("report", "--framework", framework, *span, "--format", form, "--out", str(out), *more)


REFUSED = {
    "an unknown framework": ({"framework": "soc3"}, (), "omega: no framework `soc3`; there are ccpa, "),
    "a time without its zone": (
        {"span": ["--from", "2026-01-01T10:00", "--to", "2026-02-01"]},
        (),
        "omega: state the time zone, as in 2026-11-22T10:46:23Z",
    ),
}


@pytest.mark.parametrize(("given", "more", "why"), REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("settings")
def test_a_report_that_cannot_be_is_refused_in_one_line(omega, tmp_path, given, more, why):
    ended = report(omega, tmp_path / "report.pdf", *more, **given)
    assert (ended.code, ended.errors.count("\n")) == (2, 1)
    assert ended.errors.startswith(why)
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
def test_a_period_that_ends_in_the_future_is_refused(omega, tmp_path):
    ended = report(omega, tmp_path / "report.pdf", span=["--from", "2026-01-01", "--to", "2999-01-01"])
    assert ended.code == 2
    assert (
        ended.errors
        == "omega: the period ends in the future: populations are complete from 2999-01-01T00:00:00.000000Z on\n"
    )


@pytest.mark.usefixtures("settings")
def test_a_format_that_is_none_is_refused(omega, tmp_path):
    ended = report(omega, tmp_path / "report.doc", form="doc")
    assert ended.code == 2
    assert "invalid" in ended.errors


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
def test_a_place_that_cannot_be_written_is_said(omega, tmp_path):
    ended = report(omega, tmp_path / "missing" / "report.pdf")
    assert (ended.code, ended.errors) == (2, "omega: cannot write the report: No such file or directory\n")


@pytest.mark.slow
def test_a_node_without_keys_is_told_so(settings, omega, tmp_path):
    for path in settings.keys.iterdir():
        path.unlink()
    ended = report(omega, tmp_path / "report.zip", form="zip")
    assert (ended.code, ended.errors.count("\n")) == (2, 1)


@pytest.mark.slow
def test_a_store_that_is_not_there_is_said(settings, omega, tmp_path):
    shutil.rmtree(settings.store)
    ended = report(omega, tmp_path / "report.pdf")
    assert (ended.code, ended.errors.count("\n")) == (2, 1)
    assert ended.errors.startswith("omega: store-unavailable: ")
    assert not list(tmp_path.glob("report*"))


@pytest.fixture
def recorded(settings):
    """A day of decisions in the log of this node, sealed."""
    chain = Chain.open(settings.journals, retention_class="std7y", version="0", clock=utc_now)
    for number in range(30):
        failed = ["in_use"] if number == 7 else []
        chain.append(Draft(type="decision", tenant="default", body=decision("platform.keep_access", failed=failed)))
    chain.close()
    everything(new_sealer(settings), flush=True)
    return settings


@pytest.mark.slow
def test_one_log_has_one_hash_in_every_format_and_the_same_bytes_again(recorded, omega, tmp_path, monkeypatch):
    later = datetime.now(UTC) + timedelta(days=2)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return later.astimezone(tz)

    monkeypatch.setattr("app.cli.report.datetime", Later)
    span = ["--from", f"{later - timedelta(days=30):%Y-%m-%d}", "--to", f"{later:%Y-%m-%d}"]
    said = set()
    for name, form in (("one", "oscal"), ("one", "zip"), ("two", "zip")):
        ended = report(omega, tmp_path / f"{name}.{form}", "--engagement", "E-1", span=span, form=form)
        assert ended.code == 0, ended.errors
        said.add(ended.errors)
    assert len(said) == 1
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as found:
        data = json.loads(found.read("report.json"))
        assert found.read("log.vkey").decode() == f"{keys.load_verifier(recorded.keys)}\n"
    deviations = {each["test"]: each["deviation_count"] for each in data["statements"]}
    assert deviations["access-review/in-use"] == 1
    assert (data["engagement"], data["summary"]["items"], data["summary"]["covered"]) == ("E-1", 61, 61)
    assert not list(tmp_path.glob("*.part"))
