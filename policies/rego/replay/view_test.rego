package replay.view_test

import rego.v1

import data.replay.view

regions := {"EU": "", "US": ""}

golden := {
	"subject": {"type": "user", "id": "usr-31", "properties": {"tenant": "acme", "roles": ["viewer"]}},
	"action": {"name": "replay.view"},
	"resource": {
		"type": "run",
		"id": "run-20261122-0042",
		"properties": {"tenant": "acme", "residency": "EU", "redaction": {"complete": true}},
	},
	"context": {"region": "EU"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

consent := {"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}

decision_on(change) := decision if {
	decision := view.decision with input as object.union(golden, change) with data.residency.regions as regions
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

by(role) := decision_on({"subject": {"properties": {"roles": [role]}}}).failed

abroad(facts) := decision_on({"resource": {"properties": facts}, "context": {"region": "US"}}).failed

test_a_good_view_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view.required
	decision.failed == set()
	decision.obligations == []
}

test_missing_regions_close_their_gate if {
	decision := view.decision with input as golden with data.residency as {}
	decision.failed == {"region_allowed"}
}

# authorised, own_tenant

test_roles_that_may_view if {
	every role in ["auditor", "engineer", "privacy_officer", "viewer"] {
		by(role) == set()
	}
}

test_roles_that_may_not if {
	every role in ["recorder", "records_manager", "retention", "trainer"] {
		by(role) == {"authorised"}
	}
}

test_the_run_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

# redacted

test_redaction_is_not_complete_yet if failed({"redaction": {"complete": false}}) == {"redacted"}

# region_allowed

test_shown_in_another_region_without_consent if abroad({}) == {"region_allowed"}

test_shown_in_another_region_with_explicit_consent if abroad({"transfer_consent": consent}) == set()

test_shown_in_another_region_after_consent_was_withdrawn if {
	abroad({"transfer_consent": object.union(consent, {"withdrawn": true})}) == {"region_allowed"}
}
