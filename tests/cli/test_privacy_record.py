"""`omega privacy record-of-processing`: what is processed where, as JSON and as CSV."""

import json

import pytest

from app.pdp.errors import BundleError
from tests.features.gating import shipped


@pytest.fixture
def in_force(settings, monkeypatch):
    monkeypatch.setattr("app.cli.privacy_record.load_snapshot", lambda _: shipped())
    return settings


def test_the_record_as_json(omega, in_force):
    assert in_force
    done = omega("privacy", "record-of-processing")
    assert done.code == 0
    assert "consent-ledger" in [each["store"] for each in json.loads(done.out)["processing"]]


def test_the_record_as_csv(omega, in_force):
    assert in_force
    done = omega("privacy", "record-of-processing", "--csv")
    assert (done.code, done.out.startswith("store,title,purposes")) == (0, True)


def test_policies_without_purposes(omega, settings, monkeypatch):
    def fail(_):
        raise BundleError("x:1:1: gone")

    assert settings
    monkeypatch.setattr("app.cli.privacy_record.load_snapshot", fail)
    done = omega("privacy", "record-of-processing")
    assert done.code == 2
    assert "gone" in done.errors
