"""What is sent to providers: requests, metadata, keys; and what is remembered of where somebody wanted to go."""

import json
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import onelogin.saml2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier

from app.audits.firms import Mfa, MfaAttribute
from auditor_portal.saml import keys as saml_keys
from auditor_portal.saml.__main__ import main
from auditor_portal.saml.assertion import read_assertion
from auditor_portal.saml.authn_request import ask
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.instants import instant_text, parse_instant
from auditor_portal.saml.keys import SamlKeyError, forget, new_key, open_keys, prepare, roll
from auditor_portal.saml.metadata import metadata
from auditor_portal.saml.mfa import Factor, second_factor
from auditor_portal.saml.names import MD
from auditor_portal.saml.redirect_binding import verify_redirected
from auditor_portal.saml.relay_state import HOME, is_relay_key, own_place, relay_hash, relay_key
from auditor_portal.saml.service_provider import ServiceProvider
from tests.auditor_portal.saml import forge
from tests.auditor_portal.saml.forge import DS, NOW, SAML, SAMLP, portal

SCHEMAS = Path(onelogin.saml2.__file__).parent / "schemas"
TOTP, REFEDS = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken", forge.REFEDS


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch):
    made = iter(range(100))
    small = [forge.key(f"made-{at}").private for at in range(4)]
    monkeypatch.setattr(rsa, "generate_private_key", lambda *_: small[next(made) % 4])


def schema(name):
    return etree.XMLSchema(etree.parse(SCHEMAS / name))


def request(**changed):
    said = {"classes": (REFEDS, TOTP), "fresh": True, "relay_state": "k" * 43, "now": NOW}
    asked = ask(forge.provider(), portal(), **(said | changed), random=lambda size: "0f" * size)
    ours = (portal().keys.current.certificate_pem,)
    return asked, verify_redirected(urlsplit(asked.url).query.removeprefix("tenant=1&"), ours)


def test_a_request_asks_for_classes_and_for_a_fresh_sign_in_and_is_signed():
    asked, sent = request()
    root = etree.fromstring(sent.data)
    schema("saml-schema-protocol-2.0.xsd").assertValid(root)
    assert asked.url.startswith("https://idp.firm.example/sso?tenant=1&SAMLRequest=")
    assert (root.get("ID"), asked.id) == ("_" + "0f" * 20,) * 2
    assert (root.get("ForceAuthn"), root.get("AssertionConsumerServiceURL")) == ("true", portal().acs_url)
    assert (root.get("Destination"), root.findtext(f"{SAML}Issuer")) == (forge.provider().sso_url, portal().entity_id)
    wanted = root.find(f"{SAMLP}RequestedAuthnContext")
    assert (wanted.get("Comparison"), [each.text for each in wanted]) == ("exact", [REFEDS, TOTP])
    assert (sent.parameter, sent.relay_state) == ("SAMLRequest", "k" * 43)


def test_a_request_may_leave_the_way_to_the_provider():
    root = etree.fromstring(request(classes=(), fresh=False)[1].data)
    assert (root.get("ForceAuthn"), root.find(f"{SAMLP}RequestedAuthnContext")) == (None, None)


def test_our_metadata_is_signed_fits_its_schema_and_names_every_key_that_is_published():
    data = metadata(portal(), NOW)
    root = etree.fromstring(data)
    schema("saml-schema-metadata-2.0.xsd").assertValid(root)
    found = XMLVerifier().verify(
        data, x509_cert=forge.key("ours").certificate, expect_config=SignatureConfiguration(location="./")
    )
    assert found.signed_xml.get("entityID") == portal().entity_id == "https://portal.example/saml/oak/metadata"
    assert parse_instant(root.get("validUntil")) == NOW + 7 * 86_400
    uses = [each.get("use") for each in root.iter(f"{MD}KeyDescriptor")]
    assert uses == ["signing", "signing", "encryption", "encryption"]
    assert root.find(f".//{MD}AssertionConsumerService").get("Location") == portal().acs_url
    assert root.find(f".//{MD}SingleLogoutService").get("Location") == portal().slo_url
    assert len(root.findall(f"{DS}Signature")) == 1


def test_a_firm_is_part_of_a_url_and_nothing_else():
    with pytest.raises(ValueError, match="1 to 32"):
        ServiceProvider(portal="https://portal.example", firm="../oak", keys=portal().keys)


def test_a_key_is_made_once_and_nobody_else_can_read_it(tmp_path):
    first = open_keys(tmp_path / "keys", NOW)
    path = tmp_path / "keys" / "saml.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_keys(tmp_path / "keys", NOW + 9).current.certificate == first.current.certificate
    assert first.others == ()
    assert "PRIVATE" not in repr(first)
    assert [each.name for each in path.parent.iterdir()] == ["saml.pem"]
    assert first.current.certificate.public_key().key_size == 2_048


def test_a_key_is_published_before_it_signs_and_deciphers_after(tmp_path):
    first = open_keys(tmp_path, NOW).current
    following = prepare(tmp_path, NOW)
    assert prepare(tmp_path, NOW).certificate == following.certificate
    published = [each.certificate for each in open_keys(tmp_path, NOW).published]
    assert published == [first.certificate, following.certificate]
    rolled = roll(tmp_path)
    assert [each.certificate for each in rolled.published] == [following.certificate, first.certificate]
    assert [each.certificate for each in open_keys(tmp_path, NOW).published] == published[::-1]
    with pytest.raises(SamlKeyError, match=r"`saml\.next\.pem` cannot be used"):
        roll(tmp_path)
    forget(tmp_path)
    forget(tmp_path)
    assert open_keys(tmp_path, NOW).others == ()


def test_a_change_of_keys_that_was_cut_off_is_finished(tmp_path):
    first = open_keys(tmp_path, NOW).current
    prepare(tmp_path, NOW)
    next_file = (tmp_path / "saml.next.pem").read_bytes()
    roll(tmp_path)
    (tmp_path / "saml.next.pem").touch(0o600)
    (tmp_path / "saml.next.pem").write_bytes(next_file)  # as if it had not been removed yet
    assert roll(tmp_path).others[0].certificate == first.certificate
    assert not (tmp_path / "saml.next.pem").exists()


def test_a_key_that_another_process_made_first_is_the_key(tmp_path, monkeypatch):
    theirs = open_keys(tmp_path, NOW).current
    kept = (tmp_path / "saml.pem").read_bytes()
    (tmp_path / "saml.pem").unlink()

    def slowly(name, now):
        (tmp_path / "saml.pem").touch(0o600)
        (tmp_path / "saml.pem").write_bytes(kept)
        return new_key(name, now)

    monkeypatch.setattr(saml_keys, "new_key", slowly)
    assert open_keys(tmp_path, NOW).current.certificate == theirs.certificate


def test_keys_are_changed_by_a_command(tmp_path, capsys):
    def said(*arguments):
        code = main([*arguments], now=lambda: NOW)
        written = capsys.readouterr()
        return code, [line.split()[-1] for line in written.out.splitlines()], written.err

    keys = str(tmp_path / "keys")
    assert said("list", keys) == (0, ["signs"], "")
    assert said("roll", keys) == (2, [], "auditor_portal.saml: `saml.next.pem` cannot be used: FileNotFoundError\n")
    assert said("prepare", keys) == said("roll", keys) == (0, ["signs", "deciphers"], "")
    assert said("forget", keys) == (0, ["signs"], "")
    with pytest.raises(SystemExit):
        main(["burn", keys])


@pytest.mark.parametrize("what", ["open", "linked", "no key", "another's certificate", "a folder", "empty"])
def test_a_key_file_that_cannot_be_trusted_is_refused(tmp_path, what):
    open_keys(tmp_path, NOW)
    path = tmp_path / "saml.pem"
    match what:
        case "open":
            path.chmod(0o640)
        case "linked":
            path.rename(tmp_path / "there")
            path.symlink_to(tmp_path / "there")
        case "no key":
            path.write_text(forge.key().certificate_pem)
        case "another's certificate":
            path.write_text(forge.key("a").private_pem + forge.key("b").certificate_pem)
        case "a folder":
            path.unlink()
            path.mkdir()
        case "empty":
            path.write_text("")
    with pytest.raises(SamlKeyError, match=r"`saml\.pem`"):
        open_keys(tmp_path, NOW)


def test_where_no_key_can_be_made_the_file_is_named(tmp_path):
    (tmp_path / "keys").write_text("")
    with pytest.raises(SamlKeyError, match=r"`saml\.pem` cannot be used: FileExistsError"):
        open_keys(tmp_path / "keys", NOW)


def test_a_certificate_holds_for_ten_years_under_a_key_of_3072_bits(monkeypatch):
    asked = []
    monkeypatch.setattr(rsa, "generate_private_key", lambda *said: asked.append(said) or forge.key().private)
    made = new_key("x" * 80, NOW)
    assert asked == [(65_537, 3_072)]
    life = made.certificate.not_valid_after_utc - made.certificate.not_valid_before_utc
    assert life.days == 3_650
    signature = made.private.sign(b"a", padding.PKCS1v15(), hashes.SHA256())
    made.certificate.public_key().verify(signature, b"a", padding.PKCS1v15(), hashes.SHA256())


def test_relay_state_is_a_key_that_only_its_hash_is_kept_of():
    key = relay_key()
    assert len(key) == 43
    assert is_relay_key(key, relay_hash(key))
    for said in (None, "", "x", relay_key(), key + "A", "https://evil.example/"):
        assert not is_relay_key(said, relay_hash(key))
    assert not is_relay_key("https://evil.example/", relay_hash("https://evil.example/"))


@pytest.mark.parametrize("place", ["/", "/e/soc2-2026/", "/e/soc2-2026/records/d-1", "/e/a/records?action=a.b&page=2"])
def test_a_place_of_ours_is_gone_to(place):
    assert own_place(place) == place


@pytest.mark.parametrize(
    "place",
    [
        None,
        "",
        "e/one",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/%2f/evil.example",
        "/%5cevil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "/e/../../x",
        "/..//evil.example",
        "/e/one#x",
        "/e/one\r\nset-cookie: a=b",
        "/e/one?next=//evil.example",
        "/e/\u202eeno",
        "/" + "a" * 1_024,
        "/@evil.example",
        "/;@evil.example",
    ],
)
def test_no_other_place_is_gone_to(place):
    assert own_place(place) == HOME


@given(st.text())
def test_wherever_one_is_sent_it_is_here(place):
    sent = own_place(place)
    assert urlsplit(sent).netloc == urlsplit(sent).scheme == ""
    assert sent.startswith("/")
    assert not sent.startswith("//")


def asserted(**changed):
    return read_assertion(forge.assertion(**changed))


@pytest.mark.parametrize(
    ("rule", "said", "factor"),
    [
        (Mfa(accepted_classes=(REFEDS, TOTP)), {}, Factor.SHOWN),
        (Mfa(accepted_classes=(TOTP,)), {}, Factor.NONE),
        (Mfa(), {}, Factor.NONE),
        (Mfa(totp=True), {}, Factor.ASK_HERE),
        (Mfa(accepted_classes=(REFEDS,), totp=True), {}, Factor.SHOWN),
        (Mfa(accepted_classes=("urn:x",), attribute=MfaAttribute(name="groups", value="audit")), {}, Factor.SHOWN),
        (Mfa(attribute=MfaAttribute(name="groups", value="audi")), {}, Factor.NONE),
        (Mfa(attribute=MfaAttribute(name="group", value="audit")), {}, Factor.NONE),
        (Mfa(accepted_classes=(REFEDS,), max_age_minutes=10), {}, Factor.SHOWN),
        (Mfa(accepted_classes=(REFEDS,), max_age_minutes=10), {"signed_in": NOW - 661}, Factor.TOO_OLD),
        (Mfa(accepted_classes=(REFEDS,), max_age_minutes=10), {"signed_in": NOW - 660}, Factor.SHOWN),
        (Mfa(totp=True, max_age_minutes=10), {"signed_in": NOW - 9_000}, Factor.TOO_OLD),
    ],
    ids=[
        "one of the classes",
        "another class",
        "a firm that takes nothing",
        "a firm whose people show a code here",
        "a class that is taken, where a code would be asked for",
        "an attribute",
        "another value of the attribute",
        "another attribute",
        "a class, just now",
        "a class, too long ago",
        "a class, as long ago as it may be",
        "no class, and too long ago for a code",
    ],
)
def test_a_second_factor_is_what_the_provider_signed(rule, said, factor):
    found = second_factor(asserted(**said), rule, NOW)
    assert (found.factor, found.mfa_class) == (factor, REFEDS)


@given(st.text(max_size=40))
def test_a_time_is_read_or_refused(text):
    with suppress(ValueError):
        assert isinstance(parse_instant(text), int)


def test_a_time_is_written_as_it_is_read():
    assert instant_text(NOW) == "2026-11-22T14:00:00Z"
    assert parse_instant("2026-11-22T14:00:00.999999999Z") == NOW
    with pytest.raises(ValueError, match="a time reads like"):
        parse_instant(None)


def test_a_code_can_be_recorded():
    assert json.dumps(SamlError(SamlCode.DOCTYPE).code) == '"doctype"'
