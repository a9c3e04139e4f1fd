package replay.what_if_test

import rego.v1

import data.replay.what_if

regions := {"EU": "", "US": ""}

golden := {
	"subject": {"type": "user", "id": "usr-31", "properties": {"tenant": "acme", "roles": ["engineer"]}},
	"action": {"name": "replay.what_if"},
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
	"context": {
		"region": "EU",
		"sandbox": {"network": "models", "production_credentials": false},
		"cost": {"used_micro": 4200000, "expected_micro": 300000, "limit_micro": 5000000},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

consent := {"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}

decision_on(change) := decision if {
	decision := what_if.decision with input as object.union(golden, change) with data.residency.regions as regions
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

in_circumstances(context) := decision_on({"context": context}).failed

abroad(facts) := decision_on({"resource": {"properties": facts}, "context": {"region": "US"}}).failed

test_a_good_what_if_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == what_if.required
	decision.failed == set()
	decision.obligations == []
}

# authorised, own_tenant

test_a_viewer_changes_nothing if {
	decision_on({"subject": {"properties": {"roles": ["viewer"]}}}).failed == {"authorised"}
}

test_the_run_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

# intact

test_a_step_is_missing if failed({"recording": {"complete": false}}) == {"intact"}

test_a_digest_differs if failed({"recording": {"verified": false}}) == {"intact"}

# sandboxed

test_a_sandbox_without_network if in_circumstances({"sandbox": {"network": "none"}}) == set()

test_a_sandbox_that_reaches_everything if in_circumstances({"sandbox": {"network": "open"}}) == {"sandboxed"}

test_a_sandbox_with_credentials_of_production if {
	in_circumstances({"sandbox": {"production_credentials": true}}) == {"sandboxed"}
}

# within_budget

test_the_last_of_the_budget if in_circumstances({"cost": {"expected_micro": 800000}}) == set()

test_a_millionth_too_much if in_circumstances({"cost": {"expected_micro": 800001}}) == {"within_budget"}

# redacted

test_redaction_is_not_complete_yet if failed({"redaction": {"complete": false}}) == {"redacted"}

# region_allowed

test_another_region_without_consent if abroad({}) == {"region_allowed"}

test_another_region_with_explicit_consent if abroad({"transfer_consent": consent}) == set()

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"properties": {"roles": ["viewer"]}}},
		{"resource": {"properties": {"tenant": "globex"}}},
		{"resource": {"properties": {"redaction": {"complete": false}}}},
		{"context": {"region": "US"}},
	] {
		decision_on(change).allow == false
	}
}
