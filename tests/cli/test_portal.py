"""`omega portal grants`."""

import pytest

from app.audits.grants import grants


@pytest.mark.usefixtures("settings")
def test_it_prints_the_sql_and_runs_none(omega):
    assert omega("portal", "grants").out == grants("omega_portal")
    assert "CREATE ROLE auditors LOGIN" in omega("portal", "grants", "--role", "auditors").out


@pytest.mark.usefixtures("settings")
def test_a_name_that_would_be_sql_is_refused(omega):
    ended = omega("portal", "grants", "--role", "x; DROP TABLE finding")
    assert (ended.code, "cannot name a role" in ended.message) == (2, True)
