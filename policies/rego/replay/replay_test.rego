package replay.replay_test

import rego.v1

import data.replay.replay

regions := {"EU": "", "US": ""}

golden := {
	"subject": {"type": "user", "id": "usr-31", "properties": {"tenant": "acme", "roles": ["engineer"]}},
	"action": {"name": "replay.replay"},
	"resource": {
		"type": "run",
		"id": "run-20261122-0042",
		"properties": {
			"tenant": "acme",
			"residency": "EU",
			"redaction": {"complete": true},
			"recording": {"complete": true, "verified": true},
		},
	},
	"context": {"region": "EU", "effects": "recorded"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

consent := {"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}

decision_on(change) := decision if {
	decision := replay.decision with input as object.union(golden, change) with data.residency.regions as regions
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

by(type, role) := decision_on({"subject": {"type": type, "properties": {"roles": [role]}}}).failed

abroad(facts) := decision_on({"resource": {"properties": facts}, "context": {"region": "US"}}).failed

test_a_good_replay_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == replay.required
	decision.failed == set()
	decision.obligations == []
}

# authorised, own_tenant

test_the_service_that_tests_recordings if by("service", "replay_tester") == set()

test_another_service if by("service", "recorder") == {"authorised"}

test_a_viewer_does_not_replay if by("user", "viewer") == {"authorised"}

test_a_role_of_the_other_kind_of_subject_is_none if {
	by("service", "engineer") == {"authorised"}
	by("user", "replay_tester") == {"authorised"}
}

test_the_run_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

# intact

test_a_step_is_missing if failed({"recording": {"complete": false}}) == {"intact"}

test_a_digest_differs if failed({"recording": {"verified": false}}) == {"intact"}

# recorded_effects

test_live_effects if decision_on({"context": {"effects": "live"}}).failed == {"recorded_effects"}

# redacted

test_redaction_is_not_complete_yet if failed({"redaction": {"complete": false}}) == {"redacted"}

# region_allowed

test_another_region_without_consent if abroad({}) == {"region_allowed"}

test_another_region_with_explicit_consent if abroad({"transfer_consent": consent}) == set()

test_what_is_not_wholly_redacted_is_denied if decision_on({"resource": {"properties": {"redaction": {"complete": false}}}}).allow == false
