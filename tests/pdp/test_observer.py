"""Who watches is told of each decision once it is on record, and of nothing that is not."""

import asyncio
import contextlib
from itertools import count

import pytest

from app.pdp.errors import UnrecordedError
from app.pdp.model import Durability
from app.pdp.request import parse_request
from evidence.errors import JournalError
from tests.decision_plane.asking import body
from tests.pdp.deciding import Service, deciding
from tests.pdp.shop import stocked


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("shop"))


class Observer:
    """Counts its own time."""

    def __init__(self):
        self.told, self._ticks = [], count(10, 10)

    def now(self):
        return next(self._ticks)

    def evaluated(self, evaluated):
        self.told.append(evaluated)


def observed(shop, **failing):
    fakes, observer = deciding(shop), Observer()
    fakes.pdp._observer = observer
    for name, value in failing.items():
        setattr(fakes.log, name, value)
    with contextlib.suppress(UnrecordedError):
        asyncio.run(fakes.pdp.evaluate(parse_request(body()), Service(), durability=Durability.LOCKED))
    return observer.told, fakes.log.records


def test_a_decision_on_record_is_told_with_its_times(shop):
    (told,), (record,) = observed(shop)
    assert (told.action, told.durability) == ("shop.sell", "locked")
    assert told.decision_id == record.position.decision_id
    assert told.decision.document() == record.body["result"]
    assert (told.started, told.decided, told.handed, told.recorded) == (10, 20, 30, 40)


def test_each_decision_of_many_is_told(shop):
    fakes, observer = deciding(shop), Observer()
    fakes.pdp._observer = observer
    recorded = asyncio.run(fakes.pdp.evaluate_all([parse_request(body())] * 3, Service()))
    assert [each.decision_id for each in observer.told] == [each.decision_id for each in recorded]
    assert len({each.handed for each in observer.told}) == len({each.recorded for each in observer.told}) == 1


def test_a_decision_that_is_not_on_record_is_not_told(shop):
    assert observed(shop, failing=JournalError("full"))[0] == []


def test_nobody_need_watch(shop):
    fakes = deciding(shop)
    assert fakes.pdp._observer.now() == 0
    asyncio.run(fakes.pdp.evaluate(parse_request(body()), Service()))
    assert len(fakes.log.records) == 1
