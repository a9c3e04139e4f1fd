"""Deciding in this process: as anywhere else, but for an engine that breaks down."""

import pytest

from app.pdp.decide_here import decide_here
from app.pdp.engine import Engine
from app.pdp.errors import EngineError, EnginePanicError
from tests.pdp.shop import asked, stocked


class Failing:
    def __init__(self, error):
        self._error = error

    def evaluate(self, *_):
        raise self._error


def test_a_document_is_decided(tmp_path):
    bundle = stocked(tmp_path)
    assert decide_here(bundle, Engine(bundle.modules, bundle.data), asked()).decision.allow


def test_a_rule_that_raises_denies_and_an_engine_that_breaks_down_is_told(tmp_path):
    bundle = stocked(tmp_path)
    decision = decide_here(bundle, Failing(EngineError("quotes a value")), asked()).decision
    assert [each.code for each in decision.diagnostics] == ["evaluation_failed"]
    with pytest.raises(EnginePanicError):
        decide_here(bundle, Failing(EnginePanicError("broke down")), asked())
