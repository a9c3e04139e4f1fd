"""Officers say which audit firms may come in, from where and with what; and who their auditors are."""

from app.audits import authenticators
from app.audits.database import portal_data
from app.audits.firms import Mfa, MfaAttribute, find_auditor, find_firm
from app.audits.rows_sessions import AuthenticatorRow, SessionRow
from tests.auditor_portal.portal import PERMIT
from tests.features.engagements.auditing import AUDITOR, AUTHOR, CISO, CLASS, begun, gates, send
from tests.features.serving import NOW

METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://new.example/idp">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://new.example/in"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


def test_a_firm_is_let_in_and_that_is_on_record(plane, officer, firm, certificate):
    answer = send(officer, "firms", firm)
    assert answer.status_code == 201, answer.text
    found = find_firm("acme")
    assert found.idp == {
        "entity_id": "https://idp.acme.example/metadata",
        "sso_url": "https://idp.acme.example/sso",
        "slo_url": None,
        "certificates": [certificate],
    }
    assert found.mfa == Mfa(accepted_classes=(CLASS,))
    assert (found.networks, found.max_sessions, found.state) == (("198.51.100.0/24", "2001:db8::/32"), 2, "active")
    (_, body) = plane.around.records[-1]
    assert (body["action"], body["resource"]) == ("engagements.manage", {"type": "audit_firm", "id": "acme"})
    assert gates(send(officer, "firms", firm)) == ["existing"]
    assert [each["id"] for each in officer.json("/engagements/firms").json["firms"]] == ["acme"]
    page = officer.get("/engagements/firms/acme").text
    assert "https://idp.acme.example/sso" in page


def test_pasted_metadata_win_over_fields(officer, firm, certificate):
    body = "".join(certificate.splitlines()[1:-1])
    send(officer, "firms", firm)
    said = firm | {
        "metadata": METADATA.format(body=body),
        "attribute_name": "amr",
        "attribute_value": "mfa",
        "totp": "yes",
    }
    changed = send(officer, "firms/acme", said | {"accepted_classes": "", "max_age_minutes": "480"}).json
    assert (changed["idp"]["entity_id"], changed["idp"]["certificates"]) == ("https://new.example/idp", [certificate])
    attribute = MfaAttribute(name="amr", value="mfa")
    assert find_firm("acme").mfa == Mfa(attribute=attribute, max_age_minutes=480, totp=True)
    assert "amr" in officer.get("/engagements/firms/acme").text


UNUSABLE = [
    ({"id": "-acme"}, "`id` has 1 to 32"),
    ({"id": "Acme"}, "`id` has 1 to 32"),
    ({"name": " "}, "`name` is empty"),
    ({"name": "a\x07b"}, "`name` has a character that it cannot have"),
    ({"name": "a" * 201}, "`name` has more than 200 characters"),
    ({"networks": "198.51.100.1/24"}, "`networks` names networks as"),
    ({"networks": "somewhere"}, "`networks` names networks as"),
    ({"networks": "10.0.0.1 " * 65}, "`networks` names more than 64"),
    ({"max_sessions": "0"}, "`max_sessions` is a whole number from 1 to 10"),
    ({"max_sessions": "²"}, "`max_sessions` is a whole number from 1 to 10"),
    ({"max_sessions": "9" * 5000}, "`max_sessions` is a whole number from 1 to 10"),
    ({"max_age_minutes": "-1"}, "`max_age_minutes` is a whole number"),
    ({"attribute_name": "amr"}, "`attribute_name` and `attribute_value` belong together"),
    ({"accepted_classes": " ".join(f"c{each}" for each in range(17))}, "`accepted_classes` are at most 16"),
    ({"accepted_classes": "ä"}, "`accepted_classes` are at most 16"),
    ({"sso_url": "http://idp.acme.example/"}, "a URL of an identity provider begins with https://"),
    ({"certificates": "none"}, "an identity provider has 1 to 8 certificates"),
    ({"metadata": "<!DOCTYPE x><x/>"}, "the metadata is not XML"),
]


def test_what_cannot_be_used_is_named(officer, firm):
    for change, detail in UNUSABLE:
        answer = send(officer, "firms", firm | change)
        assert (answer.status_code, answer.json["detail"][: len(detail)]) == (400, detail), change
    assert find_firm("acme") is None


def test_policy_wants_networks_of_their_own_and_a_second_factor_of_both(plane, officer, firm):
    assert gates(send(officer, "firms", firm | {"networks": "0.0.0.0/0"})) == ["confined"]
    assert gates(send(officer, "firms", firm | {"networks": ""})) == ["confined"]
    assert gates(send(officer, "firms", firm | {"accepted_classes": ""})) == ["strong"]
    assert gates(send(plane.officer("ofc-2", AUTHOR), "firms", firm)) == ["authorised"]
    assert gates(send(plane.officer("ofc-3", CISO, second_factor=0), "firms", firm)) == ["second_factor"]


def test_a_firm_is_suspended_and_taken_back_in(officer, firm):
    send(officer, "firms", firm)
    assert send(officer, "firms/acme/state", {"change": "suspend"}).json["state"] == "suspended"
    assert send(officer, "firms/acme/state", {"change": "resume"}).json["state"] == "active"
    assert send(officer, "firms/acme/state", {"change": "burn"}).status_code == 400
    assert send(officer, "firms/nobody/state", {"change": "suspend"}).status_code == 404
    assert officer.post("/engagements/firms/acme/state", {"change": "suspend"}).status_code == 303
    assert "Take back in" in officer.get("/engagements/firms/acme").text


def test_auditors_are_named_revoked_and_named_again(officer, firm):
    send(officer, "firms", firm)
    person = {"name_id": "a.lee@acme.example", "name": "A. Lee"}
    assert send(officer, "firms/acme/auditors", person).json["auditors"][0]["state"] == "active"
    assert "Revoke A. Lee" in officer.get("/engagements/firms/acme").text
    with portal_data.writing(PERMIT) as session:
        row = {"auditor": "acme/a.lee@acme.example", "secret": "some", "used": 0, "failures": 0}
        session.add(AuthenticatorRow(**row, tried_at=0, decision_id="d-1"))
    assert send(officer, "firms/acme/auditors/revoke", person).json["auditors"][0]["state"] == "revoked"
    assert find_auditor("acme", "a.lee@acme.example").state == "revoked"
    assert authenticators.find("acme/a.lee@acme.example").secret is None
    send(officer, "firms/acme/auditors", person | {"name": "Ann Lee"})
    found = find_auditor("acme", "a.lee@acme.example")
    assert (found.id, found.name, found.state) == ("acme/a.lee@acme.example", "Ann Lee", "active")
    assert send(officer, "firms/acme/auditors/revoke", {"name_id": "nobody"}).status_code == 404
    assert send(officer, "firms/acme/auditors", {"name_id": "", "name": "x"}).status_code == 400


def signed_in(token, name_id="a.lee@acme.example", **more):
    """Put a session of an auditor where signing in would."""
    columns = {
        "auditor": f"acme/{name_id}",
        "firm": "acme",
        "name_id": name_id,
        "name_id_format": "",
        "mfa_class": CLASS,
    }
    times = {"opened_at": int(NOW) - 60, "seen_at": int(NOW) - 30, "second_factor": True, "decision_id": "d-1"}
    with portal_data.writing(PERMIT) as session:
        session.add(SessionRow(token_hash=token, agent_hash="", **(columns | times | more)))


def test_sessions_are_shown_and_end_by_themselves_or_by_an_officer(officer, firm):
    begun(officer, firm)
    signed_in("1")
    signed_in("2", opened_at=int(NOW) - 90_000, seen_at=int(NOW) - 80_000)
    (shown,) = officer.json("/engagements/firms/acme").json["sessions"]
    assert (shown["name"], shown["seen_at"], shown["mfa_class"]) == ("A. Lee", "2026-11-22 13:59:30", CLASS)
    page = officer.get("/engagements/firms/acme").text
    assert "End the session of A. Lee since 2026-11-22 13:59:00" in page
    assert "End all sessions of" not in page
    person = {"name_id": "a.lee@acme.example"}
    signed_in("5", decision_id="d-5")
    assert "End all sessions of A. Lee" in officer.get("/engagements/firms/acme").text
    one = person | {"session": "d-1"}
    assert [each["session"] for each in send(officer, "firms/acme/sessions/end", one).json["sessions"]] == ["d-5"]
    assert send(officer, "firms/acme/sessions/end", one).status_code == 404
    assert send(officer, "firms/acme/sessions/end", person).json["sessions"] == []
    assert send(officer, "firms/acme/sessions/end", person).status_code == 404
    signed_in("3")
    assert send(officer, "firms/acme/auditors/revoke", person).json["sessions"] == []
    signed_in("4")
    assert send(officer, "firms/acme/state", {"change": "suspend"}).json["sessions"] == []


def test_everybody_concerned_with_controls_may_look_and_nobody_else(plane, officer, firm):
    begun(officer, firm)
    assert plane.officer("ofc-9", AUDITOR).get("/engagements/firms/acme").status_code == 200
    assert gates(plane.served.visitor().json("/engagements/firms")) == ["authorised"]
    assert officer.get("/engagements/firms/nobody").status_code == 404
    assert "SOC 2, October" in officer.get("/engagements/firms/acme").text
