package replay.export_training_test

import rego.v1

import data.replay.export_training

regions := {"EU": "", "US": ""}

first := {
	"person": "psd-5d1e",
	"purpose": "training",
	"given_at": "2026-09-01T10:00:00Z",
	"expires_at": "2027-09-01T10:00:00Z",
	"revoked": false,
}

second := object.union(first, {"person": "psd-9a04"})

golden := {
	"subject": {"type": "user", "id": "usr-44", "properties": {"tenant": "acme", "roles": ["trainer"]}},
	"action": {"name": "replay.export_training"},
	"resource": {
		"type": "run",
		"id": "run-20261122-0042",
		"properties": {
			"tenant": "acme",
			"residency": "EU",
			"outcome": "succeeded",
			"redaction": {"complete": true},
			"people": 2,
			"consents": [first, second],
		},
	},
	"context": {"region": "EU", "view": "redacted"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

transfer := {"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}

decision_on(change) := decision if {
	decision := export_training.decision with input as object.union(golden, change)
		with data.residency.regions as regions
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

with_second(change) := failed({"consents": [first, object.union(second, change)]})

abroad(facts) := decision_on({"resource": {"properties": facts}, "context": {"region": "US"}}).failed

test_a_good_export_passes_every_gate_and_carries_the_consents if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == export_training.required
	decision.failed == set()
	decision.obligations == [{"id": "attach_consents", "type": "execution"}]
}

test_without_consents_nothing_is_exported if {
	decision := export_training.decision with input as json.remove(golden, ["resource/properties/consents"])
		with data.residency.regions as regions
	decision.failed == {"consent_given", "consent_in_force"}
}

# authorised, own_tenant

test_an_engineer_exports_nothing if {
	decision_on({"subject": {"properties": {"roles": ["engineer"]}}}).failed == {"authorised"}
}

test_the_run_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

# consent_given

test_one_person_was_not_asked if failed({"people": 3}) == {"consent_given"}

test_one_person_consents_twice_for_two if {
	failed({"consents": [first, first]}) == {"consent_given"}
	with_second({"person": "PSD-5D1E"}) == {"consent_given"}
}

test_nobody_consented if failed({"consents": []}) == {"consent_given"}

test_consent_for_another_purpose if with_second({"purpose": "service"}) == {"consent_given"}

test_consent_given_this_second if with_second({"given_at": "2026-11-22T14:00:00Z"}) == set()

test_consent_to_be_given_later if with_second({"given_at": "2026-11-22T14:00:01Z"}) == {"consent_given"}

# consent_in_force

test_one_consent_is_revoked if with_second({"revoked": true}) == {"consent_in_force"}

test_one_consent_is_valid_for_one_more_second if with_second({"expires_at": "2026-11-22T14:00:01Z"}) == set()

test_one_consent_expires_now if with_second({"expires_at": "2026-11-22T14:00:00Z"}) == {"consent_in_force"}

# redacted

test_redaction_is_not_complete_yet if failed({"redaction": {"complete": false}}) == {"redacted"}

test_the_original_is_exported if decision_on({"context": {"view": "original"}}).failed == {"redacted"}

# region_allowed

test_another_region_without_consent if abroad({}) == {"region_allowed"}

test_another_region_with_explicit_consent if abroad({"transfer_consent": transfer}) == set()

# successful

test_only_a_run_that_succeeded_teaches if {
	every outcome in ["cancelled", "failed", "running"] {
		failed({"outcome": outcome}) == {"successful"}
	}
}

test_another_tenant_is_denied if decision_on({"resource": {"properties": {"tenant": "globex"}}}).allow == false
