"""`omega dsr stores`, and restored stores that are looked through by `omega subject replay-erasures`."""

import json
import sqlite3
from datetime import datetime

import pytest

from app import keys
from app.cli.dsr_stores import backup_time
from app.cli.output import CommandError
from app.objects import open_objects
from app.privacy.stores.suppression import Suppression
from tests.privacy.stores.people import person

CRM = {
    "name": "crm",
    "title": "customers",
    "form": "sql",
    "purposes": ["to serve customers"],
    "categories": ["contact"],
    "subjects": ["customers"],
    "recipients": [],
    "region": "EU",
    "retention": "a year",
    "security": "encrypted disks",
    "tables": [{"table": "customers", "identify": {"customer": "id"}, "columns": {}, "erase": "delete"}],
}


@pytest.fixture
def crm(settings, tmp_path, monkeypatch):
    """A described database with Alice and Bob in it."""
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.execute("CREATE TABLE customers (customer TEXT)")
        connection.executemany("INSERT INTO customers VALUES (?)", [("alice",), ("bob",)])
    connection.close()
    (tmp_path / "crm.url").write_text(f"sqlite:///{tmp_path / 'crm.db'}")
    described = tmp_path / "stores.yaml"
    described.write_text(json.dumps({"stores": [CRM | {"database": str(tmp_path / "crm.url")}]}))
    assert settings.privacy_stores is None
    monkeypatch.setenv("OMEGA_PRIVACY_STORES", str(described))
    return described


def customers(tmp_path):
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        found = [name for (name,) in connection.execute("SELECT customer FROM customers")]
    connection.close()
    return found


def test_every_store_says_what_it_is(omega, crm):
    ended = omega("dsr", "stores", "--json")
    assert ended.code == 0
    names = [each["name"] for each in ended.json]
    assert names[0] == "crm"
    assert {"evidence", "redaction", "requests", "officer-sessions", "auditor-acts", "overrides"} <= set(names)
    assert len(names) == len(set(names))
    ended = omega("dsr", "stores")
    assert ended.out.splitlines()[:2] == ["crm: customers", "  why        to serve customers"]
    assert "for whom   nobody else" in ended.out
    crm.write_text("stores: 7")
    ended = omega("dsr", "stores")
    assert (ended.code, ended.errors) == (2, "omega: stores.yaml:1: `stores` is a list of one or more\n")


@pytest.mark.usefixtures("crm")
def test_a_restored_store_is_looked_through(omega, settings, tmp_path):
    Suppression(open_objects(settings.objects), keys.load(settings.keys).lookup).note("dsr-1", person())
    ended = omega("subject", "replay-erasures", "--json", "--backup-of", "2026-01-01T00:00:00Z", "--store", "crm")
    assert ended.code == 0
    assert {name: ended.json[name] for name in ("listed", "stores", "failed", "blind")} == {
        "listed": 1,
        "stores": {"crm": 1},
        "failed": [],
        "blind": [],
    }
    assert customers(tmp_path) == ["bob"]
    (tmp_path / "crm.db").unlink()
    ended = omega("subject", "replay-erasures", "--json", "--backup-of", "2026-01-01T00:00:00Z")
    assert (ended.code, ended.json["failed"]) == (1, ["crm"])
    ended = omega("subject", "replay-erasures", "--backup-of", "2026-01-01T00:00:00Z", "--store", "erp")
    assert (ended.code, ended.errors) == (2, "omega: no store `erp` is described in OMEGA_PRIVACY_STORES\n")


@pytest.mark.parametrize("text", ["yesterday", "2026-11-22T14:00:00", "2026-11-22"])
def test_the_time_of_a_backup_has_a_time_zone(text):
    with pytest.raises(CommandError, match="time zone"):
        backup_time(text)
    assert backup_time(None) is None
    assert backup_time("2026-11-22T14:00:00Z") == datetime.fromisoformat("2026-11-22T14:00:00+00:00")
