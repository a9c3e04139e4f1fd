package marketplace.review_test

import rego.v1

import data.marketplace.review

golden := {
	"subject": {"type": "buyer", "id": "globex", "properties": {}},
	"action": {"name": "marketplace.review"},
	"resource": {
		"type": "listing",
		"id": "invoice-reader",
		"properties": {"bought": true, "reviewed": false, "member": false},
	},
	"context": {"stars": 4},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := review.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == review.required
	decision.failed == set()
	decision.obligations == []
}

test_somebody_who_did_not if failed({"resource": {"properties": {"bought": false}}}) == {"bought"}

test_somebody_who_is_no_buyer if failed({"subject": {"type": "developer"}}) == {"bought"}

test_a_second_time_for_the_same_order if failed({"resource": {"properties": {"reviewed": true}}}) == {"once"}

test_somebody_who_acts_for_its_developer if failed({"resource": {"properties": {"member": true}}}) == {"not_own"}

test_each_of_these_alone_denies if {
	every change in [
		{"resource": {"properties": {"bought": false}}},
		{"resource": {"properties": {"reviewed": true}}},
		{"resource": {"properties": {"member": true}}},
	] {
		decision_on(change).allow == false
	}
}
