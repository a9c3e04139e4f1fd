"""Requests are answered once and in time, messages are used once."""

import pytest

from app import schema
from app.audits.database import open_portal, portal_data
from app.audits.rows_saml import SamlMessageRow, SamlRequestRow
from app.audits.saml_tables import (
    LIFETIME,
    PendingRequest,
    SamlKind,
    UsedMessageError,
    find_request,
    message_hash,
    remember,
    use_message,
    use_request,
    was_used,
)
from tests.auditor_portal.portal import PERMIT

NOW = 1_795_356_000.5


@pytest.fixture(autouse=True)
def portal(tmp_path):
    engine = open_portal(f"sqlite:///{tmp_path}/portal.db")
    schema.upgrade(engine, schema.PORTAL_MIGRATIONS)
    with portal_data.opened(engine):
        yield


def request(name="_r", **changed):
    said = {"kind": SamlKind.LOGIN, "firm": "oak", "created_at": int(NOW), "place": "/e/one/", "address": "::1"}
    return PendingRequest(**({"id": name} | said | {"relay_hash": "a" * 64, "browser_hash": "b" * 64} | changed))


def spend(name, message="_m", now=NOW):
    with portal_data.writing(PERMIT) as session:
        use_request(session, name, now)
        use_message(session, PERMIT, issuer="idp", message_id=message, until=now + 300, now=now)


def test_a_request_is_found_as_it_was_remembered():
    remember(PERMIT, request())
    assert find_request("_r") == request()
    assert find_request("_other") is None
    assert find_request("_" * 100_000) is None


def test_a_request_is_answered_once():
    remember(PERMIT, request())
    assert find_request("_r").open_at(NOW)
    spend("_r")
    assert find_request("_r").used
    assert not find_request("_r").open_at(NOW)
    with pytest.raises(UsedMessageError):
        spend("_r", "_another")


def test_a_request_is_answered_within_ten_minutes():
    remember(PERMIT, request())
    assert find_request("_r").open_at(NOW + LIFETIME - 2)
    assert not find_request("_r").open_at(NOW + LIFETIME)
    assert not find_request("_r").open_at(NOW - 60)
    with pytest.raises(UsedMessageError):
        spend("_r", now=NOW + LIFETIME)


def test_a_message_is_used_once_and_with_it_goes_the_whole_transaction():
    remember(PERMIT, request())
    remember(PERMIT, request("_s"))
    spend("_r")
    assert was_used("idp", "_m")
    assert not was_used("other idp", "_m")
    with pytest.raises(UsedMessageError):
        spend("_s")
    assert not find_request("_s").used


def test_what_is_over_is_forgotten():
    remember(PERMIT, request("_old", created_at=int(NOW) - 90_000))
    remember(PERMIT, request())
    spend("_r")
    remember(PERMIT, request("_new"))
    assert find_request("_old") is None
    spend("_new", "_n", NOW + 500)
    assert not was_used("idp", "_m")
    assert was_used("idp", "_n")


def test_rows_say_which_decision_they_follow_from_and_not_who():
    remember(PERMIT, request())
    spend("_r")
    with portal_data.reading() as session:
        assert session.get(SamlRequestRow, "_r").decision_id == PERMIT.decision_id
        row = session.get(SamlMessageRow, message_hash("idp", "_m"))
    assert (row.decision_id, row.kept_until) == (PERMIT.decision_id, int(NOW + 300) + 1)
