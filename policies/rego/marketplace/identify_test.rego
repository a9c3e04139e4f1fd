package marketplace.identify_test

import rego.v1

import data.marketplace.identify

limits := {"max_days": 730}

golden := {
	"subject": {
		"type": "officer",
		"id": "ofc-7",
		"properties": {"groups": ["omega-finance"], "second_factor": true},
	},
	"action": {"name": "marketplace.identify"},
	"resource": {"type": "developer", "id": "acme", "properties": {"kyc": "pending", "member": false}},
	"context": {"state": "complete", "until": "2027-11-22T00:00:00Z"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := identify.decision with input as object.union(object.remove(golden, replaced(change)), change)
		with data.thresholds.marketplace.identify as limits
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == identify.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_have_the_form_that_rules_read if {
	object.keys(data.thresholds.marketplace.identify) == object.keys(limits)
}

test_missing_limits_close_their_gates if {
	decision := identify.decision with input as golden with data.thresholds as {}
	decision.failed == {"ends"}
}

test_so_has_compliance if failed({"subject": {"properties": {"groups": ["omega-compliance"]}}}) == set()

test_and_an_officer_whom_a_service_appointed_to_compliance if {
	change := {"subject": {"properties": {"groups": [], "roles": ["compliance"]}}}
	failed(change) == set()
}

test_it_is_refused if failed({"context": {"state": "refused"}}) == set()

test_it_is_under_way if failed({"context": {"state": "pending"}}) == set()

test_trust_and_safety_does_not if {
	change := {"subject": {"properties": {"groups": ["omega-trust-and-safety"]}}}
	failed(change) == {"authorised"}
}

test_somebody_who_acts_for_the_developer if failed({"resource": {"properties": {"member": true}}}) == {"not_own"}

test_without_a_second_factor if failed({"subject": {"properties": {"second_factor": false}}}) == {"second_factor"}

test_exactly_two_years if failed({"context": {"until": "2028-11-21T14:00:00Z"}}) == set()

test_a_second_more_than_two_years if failed({"context": {"until": "2028-11-21T14:00:01Z"}}) == {"ends"}

test_an_end_a_second_from_now if failed({"context": {"until": "2026-11-22T14:00:01Z"}}) == set()

test_an_end_that_has_come if failed({"context": {"until": "2026-11-22T14:00:00Z"}}) == {"ends"}

test_without_an_end if {
	decision := identify.decision with input as json.remove(golden, ["context/until"])
	decision.failed == {"ends"}
}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"properties": {"groups": ["omega-trust-and-safety"]}}},
		{"resource": {"properties": {"member": true}}},
		{"subject": {"properties": {"second_factor": false}}},
		{"context": {"until": "2028-11-21T14:00:01Z"}},
	] {
		decision_on(change).allow == false
	}
}

test_what_is_not_established_needs_no_end if {
	every state in ["pending", "refused"] {
		change := object.union(golden, {"context": {"state": state}})
		decision := identify.decision with input as json.remove(change, ["context/until"])
		decision.failed == set()
	}
}
