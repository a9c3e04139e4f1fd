package replay.revoke_consent_test

import rego.v1

import data.replay.revoke_consent

golden := {
	"subject": {"type": "data_subject", "id": "psn-5d1e"},
	"action": {"name": "replay.revoke_consent"},
	"resource": {"type": "consent", "id": "cns-8f21", "properties": {"tenant": "acme", "person": "psn-5d1e"}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

officer := {"type": "user", "id": "usr-07", "properties": {"tenant": "acme", "roles": ["privacy_officer"]}}

failed(subject) := decision.failed if {
	decision := revoke_consent.decision with input as object.union(golden, {"subject": subject})
}

test_a_person_revokes_their_consent_and_exports_are_called_back if {
	decision := revoke_consent.decision with input as golden
	decision.allow == true
	decision.passed == revoke_consent.required
	decision.failed == set()
	decision.obligations == [{"id": "recall_exports", "type": "execution"}]
}

# authorised

test_another_person if failed({"id": "psn-0001"}) == {"authorised"}

test_a_privacy_officer_of_the_tenant if failed(officer) == set()

test_a_privacy_officer_of_another_tenant if {
	failed(object.union(officer, {"properties": {"tenant": "globex"}})) == {"authorised"}
}

test_an_engineer_of_the_tenant if {
	failed(object.union(officer, {"properties": {"roles": ["engineer"]}})) == {"authorised"}
}

test_a_person_who_claims_a_role if {
	failed({"id": "psn-0001", "properties": {"tenant": "acme", "roles": ["privacy_officer"]}}) == {"authorised"}
}

test_a_user_with_the_id_of_the_person_is_not_the_person if failed({"type": "user"}) == {"authorised"}
