"""Attempts to buy, and a memory without a database."""

from dataclasses import replace

from app.features.marketplace.fraud.features import Attempt, Standing
from app.features.marketplace.fraud.trace import DAY, Trace, parse_trace
from tests.features.serving import NOW

ORDINARY = Attempt(
    order="ord-1",
    at=int(NOW),
    buyer="globex",
    agent="invoice-reader",
    amount_minor=4_900,
    device="dev-a",
    network="net-a",
    card="card-a",
    network_country="DE",
    card_country="DE",
)

STANDING = Standing(
    developer="acme",
    buyer_since=int(NOW) - 40 * DAY,
    buyer_country="DE",
    agent_since=int(NOW) - 20 * DAY,
    developer_since=int(NOW) - 100 * DAY,
    developer_established=True,
)


def attempt(**changed):
    return replace(ORDINARY, **changed)


class DictMemory:
    """A memory that keeps what a row would: JSON values."""

    def __init__(self):
        self.kept = {}

    def trace(self, of, key):
        found = self.kept.get((of, key))
        return parse_trace(found) if found else Trace()

    def keep(self, of, key, trace):
        self.kept[of, key] = trace.document()
