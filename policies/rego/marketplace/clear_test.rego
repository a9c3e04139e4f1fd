package marketplace.clear_test

import rego.v1

import data.marketplace.clear

table := {"officer": {"omega-trust-and-safety": ["trust_and_safety"], "omega-finance": ["finance"]}}

golden := {
	"subject": {"type": "officer", "id": "off-31", "properties": {"groups": ["omega-trust-and-safety"]}},
	"action": {"name": "marketplace.clear"},
	"resource": {"type": "order", "id": "ord-1", "properties": {"buyer": "buy-91c2", "state": "held"}},
	"context": {"verdict": "charge"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := clear.decision with input as object.union(golden, change) with data.roles as table
}

test_a_held_order_is_cleared if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == clear.required
	decision.failed == set()
	decision.obligations == []
}

test_an_officer_of_another_office if {
	decision_on({"subject": {"properties": {"groups": ["omega-finance"]}}}).failed == {"authorised"}
}

test_an_officer_of_none if decision_on({"subject": {"properties": {"groups": []}}}).failed == {"authorised"}

test_an_order_that_is_not_held if {
	every state in ["new", "placed", "verifying", "refused", "charging", "declined", "paid"] {
		decision_on({"resource": {"properties": {"state": state}}}).failed == {"held"}
	}
}
