"""What policy data say of a caller beside its actions: how it proves itself, and how often it may ask."""

import json

import pytest

from app.pdp.callers import Limits, parse_callers, registered
from app.pdp.credentials import OAuthClient
from app.pdp.errors import BundleError
from tests.providing import ISSUER, jwk

SHOP = {"tenant": "default", "actions": ["shop.sell"], "subject_types": ["grocer"]}
HASH = "sha256:" + "0a" * 32
OAUTH = {"issuer": ISSUER, "client_id": "shop"}


def parsed(**callers):
    table = {name: SHOP | more for name, more in callers.items()}
    return parse_callers("data/callers.json", json.dumps(table).encode(), table, ["shop.sell"])


def test_a_caller_needs_no_credentials_and_no_limits():
    caller = parsed(shop={})["shop"]
    assert caller.limits == Limits()
    assert (caller.credentials.oauth, caller.credentials.keys, caller.credentials.certificates) == (None, {}, set())


def test_a_caller_is_known_by_what_it_can_prove():
    names = [HASH, "uri:spiffe://example/shop", "dns:shop.example"]
    found = parsed(shop={"oauth": OAUTH, "keys": [jwk("ES256"), jwk("RS256")], "certificates": names})[
        "shop"
    ].credentials
    assert found.oauth == OAuthClient(issuer=ISSUER, client_id="shop", subject="shop")
    assert set(found.keys) == {"k-ES256", "k-RS256"}
    assert found.certificates == set(names)
    other = parsed(shop={"oauth": {**OAUTH, "subject": "0b1c"}})["shop"].credentials
    assert other.oauth == OAuthClient(issuer=ISSUER, client_id="shop", subject="0b1c")


def test_a_caller_may_have_decisions_of_named_tenants_made_again():
    found = parsed(shop={}, auditing={"replay": ["default", "acme"]}, all={"replay": ["*"]})
    assert [each.replay for each in found.values()] == [set(), {"default", "acme"}, {"*"}]


@pytest.mark.parametrize("value", [True, [], "default", ["Not A Tenant"], [7]], ids=str)
def test_a_caller_that_names_no_tenants_is_misdescribed(value):
    with pytest.raises(BundleError, match="`replay` lists"):
        parsed(shop={"replay": value})


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"per_second": 5}, Limits(per_second=5, burst=5)),
        ({"per_second": 5, "burst": 50}, Limits(per_second=5, burst=50)),
        ({"per_day": 1_000}, Limits(per_day=1_000)),
        ({"per_second": 5, "burst": 9, "per_day": 7}, Limits(per_second=5, burst=9, per_day=7)),
    ],
    ids=["each second", "and at once", "each day", "all"],
)
def test_a_caller_has_the_limits_it_is_given(limits, expected):
    assert parsed(shop={"limits": limits})["shop"].limits == expected


def test_a_caller_is_one_of_its_tenant():
    callers = parsed(shop={})
    assert registered(callers, "shop", "default") is callers["shop"]
    assert registered(callers, "shop", "other") is None
    assert registered(callers, "till", "default") is None


REFUSED = {
    "a client that is a text": ({"oauth": "shop"}, "`oauth` is"),
    "a client without an issuer": ({"oauth": {"client_id": "shop"}}, "`oauth` is"),
    "a client with a secret": ({"oauth": {**OAUTH, "secret": "x"}}, "`oauth` is"),
    "a client without a name": ({"oauth": {**OAUTH, "client_id": ""}}, "`oauth`: each"),
    "a client that is a number": ({"oauth": {**OAUTH, "client_id": 7}}, "`oauth`: each"),
    "a client with a line end": ({"oauth": {**OAUTH, "client_id": "shop\n"}}, "`oauth`: each"),
    "a subject too long": ({"oauth": {**OAUTH, "subject": "s" * 257}}, "`oauth`: each"),
    "no keys": ({"keys": []}, "`keys` lists"),
    "keys that are one": ({"keys": jwk()}, "`keys` lists"),
    "too many keys": ({"keys": [jwk(kid=f"k{number}") for number in range(17)]}, "`keys` lists"),
    "a private key": ({"keys": [jwk(d="AQAB")]}, "`keys`: a key that is published has no private part"),
    "two keys of one name": ({"keys": [jwk(kid="a"), jwk("ES256", kid="a")]}, "two keys have one `kid`"),
    "no certificates": ({"certificates": []}, "`certificates` lists"),
    "certificates that are a text": ({"certificates": HASH}, "`certificates` lists"),
    "a certificate of another kind": ({"certificates": ["sha1:00"]}, "`certificates`: write"),
    "a certificate in capitals": ({"certificates": [HASH.upper()]}, "`certificates`: write"),
    "a certificate for every host": ({"certificates": ["dns:*.example"]}, "`certificates`: write"),
    "a certificate that is a number": ({"certificates": [7]}, "`certificates`: write"),
    "limits that are a number": ({"limits": 7}, "`limits` has"),
    "limits of nothing": ({"limits": {}}, "`limits` has"),
    "a limit each hour": ({"limits": {"per_hour": 7}}, "`limits` has"),
    "a limit of none": ({"limits": {"per_second": 0}}, "`per_second` is a whole number from 1"),
    "a limit that is true": ({"limits": {"per_second": True}}, "`per_second` is a whole number"),
    "a limit beyond all": ({"limits": {"per_day": 10**12 + 1}}, "`per_day` is a whole number"),
    "a burst alone": ({"limits": {"burst": 7}}, "`burst` stands beside `per_second`"),
}


@pytest.mark.parametrize(("more", "said"), REFUSED.values(), ids=REFUSED)
def test_is_no_caller(more, said):
    with pytest.raises(BundleError) as refused:
        parsed(shop=more)
    assert str(refused.value).startswith("data/callers.json:1:2: caller `shop`: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ({"oauth": OAUTH}, {"oauth": {**OAUTH, "subject": "shop"}}, "client"),
        ({"keys": [jwk(kid="a")]}, {"keys": [jwk(kid="b")]}, "key"),
        ({"certificates": [HASH]}, {"certificates": ["dns:b", HASH]}, "certificate"),
    ],
    ids=["a client", "a key under another name", "a certificate"],
)
def test_no_two_callers_prove_themselves_alike(one, other, what):
    with pytest.raises(BundleError, match=f"caller `b`: its {what} is that of `a`"):
        parsed(a=one, b={**other, "tenant": "other"})
