"""Whose a credential is, where the node and tenants with policies of their own all have tables."""

from app.pdp.caller_directory import CallerDirectory, Known
from app.pdp.callers import Caller
from app.pdp.credentials import Credentials, OAuthClient

NAME = "dns:shop.example"
KEY = ("https://idp.example", "shop", "shop")


def caller(tenant, *, client=True, names=(NAME,)):
    oauth = OAuthClient(issuer=KEY[0], client_id=KEY[1], subject=KEY[2]) if client else None
    credentials = Credentials(oauth=oauth, certificates=frozenset(names))
    return Caller(tenant=tenant, actions=frozenset(), subject_types=frozenset(), credentials=credentials)


def whose(node, **own):
    directory = CallerDirectory(node, own)
    found = (directory.clients.get(KEY), directory.holders.get(NAME))
    assert found[0] == found[1]
    return found[0]


def test_a_credential_is_whose_table_has_it():
    assert whose({"shop": caller("default")}) == Known(subject="shop", tenant="default")
    assert whose({}, acme={"shop": caller("acme")}) == Known(subject="shop", tenant="acme")
    assert whose({}, acme={"shop": caller("acme", client=False, names=())}) is None


def test_no_tenant_can_claim_what_the_node_knows():
    own = {"acme": {"thief": caller("acme")}, "zeta": {"other": caller("zeta")}}
    assert whose({"shop": caller("default")}, **own) == Known(subject="shop", tenant="default")


def test_what_two_tenants_claim_is_nobodys():
    assert whose({}, acme={"shop": caller("acme")}, zeta={"shop": caller("zeta")}) is None
    third = {"omni": {"shop": caller("omni")}}
    assert whose({}, acme={"shop": caller("acme")}, zeta={"shop": caller("zeta")}, **third) is None


def test_namesakes_sign_under_two_names():
    directory = CallerDirectory({"shop": caller("default")}, {"acme": {"shop": caller("acme")}})
    assert {name: signer.known.tenant for name, signer in directory.signers.items()} == {
        "shop": "default",
        "acme/shop": "acme",
    }
