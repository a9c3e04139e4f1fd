"""Records as the service writes them, chained, as rows: what tests of controls are held against."""

from datetime import UTC, datetime, timedelta

import orjson

from evidence.form import time_text
from evidence.record import Draft, Position, encode, leaf
from frameworks import control_test
from frameworks.control_test import ControlTest
from frameworks.testing import Period, Row, Testing

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = Period(start=START, end=datetime(2027, 1, 1, tzinfo=UTC))
CHAIN = "018f0000000000000001"


def person(name):
    """Return the pseudonym of somebody."""
    return f"psn_{name.encode().hex().ljust(32, '0')[:32]}"


def decision(  # noqa: PLR0913 - what a record says
    action, subject="ann", resource=("thing", "t1"), *, allow=True, failed=(), passed=(), **more
):
    """Return the body of a decision; a resource whose type begins with `~` names a person."""
    kind, name = resource
    shown = {"type": kind[1:], "ref": person(name)} if kind.startswith("~") else {"type": kind, "id": name}
    return {
        "caller": "platform",
        "action": action,
        "subject": {"type": "officer", "ref": person(subject)},
        "resource": shown,
        "policy": {"bundle": "b" * 64, "revision": "git:1", "engine": "regorus/1"},
        "result": {
            "allow": allow,
            "passed": list(passed),
            "failed": list(failed),
            "violations": [],
            "obligations": [],
            "diagnostics": [],
            **more,
        },
        "durability": "journal",
    }


class Written:
    """One chain after the other, in the order in which records are written."""

    def __init__(self, heads=()):
        self.heads = dict(heads)  # of each chain the next number, and the leaf hash before it

    def row(self, body, at=START, *, kind="decision", tenant="default", chain=CHAIN):
        """Return the next row of a chain."""
        seq, prev = self.heads.get(chain, (0, "0" * 64))
        data = encode(
            Draft(type=kind, tenant=tenant, body=body),
            Position(chain=chain, seq=seq),
            epoch=1,
            prev=prev,
            time=time_text(at),
            retention_class="std7y",
        )
        hashed = leaf(data)
        self.heads[chain] = seq + 1, hashed
        return Row(chain=chain, seq=seq, time=time_text(at), leaf=hashed, document=orjson.loads(data))


def machine(check, population=None, **more):
    """Return a machine's test."""
    population = population or {"types": ["decision"]}
    document = {"id": "c/t", "kind": "machine", "title": "t", "every": "day", "stale_after": 2, "check": check}
    return control_test.parse("here", document | {"population": population} | more)


class OneControl:
    """A control of these tests."""

    def __init__(self, *tests: ControlTest):
        self.id, self.tests = "c", tests


def prepared(*tests, period=YEAR, now=None, **more):
    """Return tests that have seen nothing yet; they are made a month after the period."""
    return Testing([OneControl(*tests)], period, now=now or period.end + timedelta(days=30), **more)


def results(rows, *tests, **more):
    """Return what tests show over rows."""
    testing = prepared(*tests, **more)
    for row in rows:
        testing.take(row)
    return testing.finish()


def one(rows, test, **more):
    """Return the result of one test."""
    (result,) = results(rows, test, **more)
    return result


def at(result):
    """Return where on the usual chain the deviations are."""
    return [each.position.removeprefix(f"{CHAIN}-") for each in result.deviations]


def written(*rows):
    """Return rows of one chain, each of a body and hours after the start of the period."""
    log = Written()
    return [log.row(body, START + hours * timedelta(hours=1)) for body, hours in rows]
