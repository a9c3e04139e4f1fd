"""The certification scenario of AuthZEN 1.0, whole, against the live service on its fixture, and what it leaves."""

import pytest

from bench.certification import certify, table
from bench.certification_checks import Pdp
from tests.e2e.verified import verified
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow


def test_every_case_of_the_scenario_passes_and_every_search_is_on_record(serving):
    service = serving(OMEGA_POLICIES=ROOT / "tests/certification")
    results = certify(Pdp(service.url, service.token()))
    assert len(results) > 60
    assert [line for line in table(results) if "FAIL" in line] == []
    assert service.stop() == 0
    log = verified(service.settings.data / "store", service.settings.keys / "log.vkey")
    searches = [record for record in log.records.values() if record.type == "search"]
    assert {record.body["kind"] for record in searches} == {"subject", "resource", "action"}
    assert len(log.decisions) > 30
