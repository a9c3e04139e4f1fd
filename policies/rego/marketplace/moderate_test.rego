package marketplace.moderate_test

import rego.v1

import data.marketplace.moderate

golden := {
	"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-trust-and-safety"]}},
	"action": {"name": "marketplace.moderate"},
	"resource": {"type": "review", "id": "ord-17", "properties": {"state": "shown"}},
	"context": {"step": "hide", "reason": "abuse"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := moderate.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == moderate.required
	decision.failed == set()
	decision.obligations == []
}

test_and_shows_it_again if {
	change := {
		"resource": {"properties": {"state": "hidden"}},
		"context": {"step": "show", "reason": "mistaken"},
	}
	failed(change) == set()
}

test_support_does_not if failed({"subject": {"properties": {"groups": ["omega-support"]}}}) == {"authorised"}

test_it_is_hidden_by_now if failed({"resource": {"properties": {"state": "hidden"}}}) == {"in_order"}

test_it_is_shown_by_now if failed({"context": {"step": "show"}}) == {"in_order"}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"properties": {"groups": ["omega-support"]}}},
		{"resource": {"properties": {"state": "hidden"}}},
	] {
		decision_on(change).allow == false
	}
}
