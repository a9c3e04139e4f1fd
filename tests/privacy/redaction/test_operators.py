"""What becomes of a value under each operator, and what of kinds that policy does not name."""

import pytest

from app.privacy.redaction.operators import Operator, Plan, plan_of

CASES = [
    ("kept", "keep", "IP", "203.0.113.9", "203.0.113.9"),
    ("dropped", "drop", "SECRET", "hunter2", ""),
    ("masked", "mask", "EMAIL", "alice@example.com", "****"),
    ("a card is masked but for its end", "mask", "CARD", "4111 1111 1111 1234", "****1234"),
    ("a short number is masked whole", "mask", "CARD", "4111", "****"),
    ("a date becomes its year", "generalise", "BIRTH_DATE", "12.03.1987", "1987"),
    ("a date without a year gets a token", "generalise", "BIRTH_DATE", "12 March", None),
    ("an address becomes its network", "generalise", "IP", "203.0.113.9", "203.0.113.0/24"),
    ("a long address becomes its network", "generalise", "IP", "2001:db8:1:2::3", "2001:db8:1::/48"),
    ("what is no address gets a token", "generalise", "IP", "203.0.113", None),
    ("a place becomes its region", "generalise", "LOCATION", "Lyon", "EU"),
    ("what has no wider form gets a token", "generalise", "EMAIL", "alice@example.com", None),
    ("a token", "tokenise", "EMAIL", "alice@example.com", None),
]


@pytest.mark.parametrize(
    ("operator", "kind", "value", "wanted"), [each[1:] for each in CASES], ids=[c[0] for c in CASES]
)
def test_what_becomes_of_a_value(operator, kind, value, wanted):
    assert Plan(operators={kind: Operator(operator)}, region="EU").replacement(kind, value) == wanted


def test_a_place_without_a_region_gets_a_token():
    assert Plan(operators={"LOCATION": Operator.GENERALISE}).replacement("LOCATION", "Lyon") is None


def test_a_kind_that_policy_does_not_name_gets_a_token():
    assert Plan().replacement("LOYALTY_NUMBER", "7") is None


def test_obligations_say_what_becomes_of_which_kinds():
    obligations = [
        {"id": "access", "type": "log", "purpose": "analytics"},
        {"id": "drop", "type": "redact", "secret": True, "card": True, "count": 2},
        {"id": "keep", "type": "redact", "ip": True, "card": True},
        {"id": "shred", "type": "redact", "email": True},
    ]
    assert plan_of(obligations, "UK") == Plan(
        operators={
            "SECRET": Operator.DROP,
            "CARD": Operator.TOKENISE,
            "IP": Operator.KEEP,
            "EMAIL": Operator.TOKENISE,
        },
        region="UK",
    )
