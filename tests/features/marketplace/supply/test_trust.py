"""Whom a tenant trusts, by policy data."""

import json

import pytest

from app.features.marketplace.errors import MarketDataError
from app.features.marketplace.supply import authority
from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.trust import OwnRoot, trust_in
from tests.features.marketplace.supply.signing import NAME, instance
from tests.features.marketplace.supply.vouching import DATA

pytestmark = pytest.mark.usefixtures("no_network")

PUBLIC = {"root": "public-good", "issuers": ["https://accounts.google.com"]}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return authority.own_root(instance(tmp_path_factory.mktemp("authority")).keys)


def listed(**tenants):
    return {"supply": {"trust": tenants}}


def names(trust):
    return [root.name for root in trust.roots]


def test_as_shipped_every_tenant_trusts_the_public_good_instance():
    assert names(trust_in(DATA, "anybody")) == ["public-good"]
    assert len(trust_in(DATA, "default").roots[0].logs) >= 2


def test_a_tenant_with_roots_of_its_own_has_no_others(own):
    pinned = {"root": json.loads(own.document), "name": "partner", "issuers": [NAME]}
    data = listed(default=[PUBLIC, {"root": "private"}], globex=[pinned], closed=[])
    assert names(trust_in(data, "default", own)) == ["public-good", "private"]
    assert names(trust_in(data, "globex", own)) == ["partner"]
    assert names(trust_in(data, "closed", own)) == []


def test_the_private_root_vouches_for_identities_that_it_established_itself(own):
    (root,) = trust_in(listed(default=[{"root": "private"}]), "default", own).roots
    assert root.issuers == {NAME}


def test_a_log_that_belongs_to_no_root(own):
    trust = trust_in(listed(default=[{"root": "private"}]), "default", own)
    with pytest.raises(SupplyError, match=r"foreign_instance.*seen `00`.*expected `private`"):
        trust.root_of("00")
    with pytest.raises(SupplyError, match="expected `none`"):
        trust_in(listed(default=[]), "default").root_of("00")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"supply": {}},
        listed(),
        listed(default=1),
        listed(default=[{"root": "private"}]),
        listed(default=[{"root": "public-good"}]),
        listed(default=[{"root": "other", "issuers": []}]),
        listed(default=[{"root": {}, "name": "x", "issuers": []}]),
        listed(default=[{"root": {"tlogs": []}, "issuers": []}]),
        listed(default=["public-good"]),
    ],
)
def test_policy_data_that_name_no_root_are_an_error_and_never_trust(data):
    with pytest.raises(MarketDataError, match=r"supply\.trust|trusted root"):
        trust_in(data, "default")


def test_a_trusted_root_that_is_none_is_refused():
    with pytest.raises(MarketDataError, match="trusted root"):
        trust_in(listed(default=[{"root": "private"}]), "default", OwnRoot(document="{}", issuer=NAME))
