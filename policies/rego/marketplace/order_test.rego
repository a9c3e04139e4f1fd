package marketplace.order_test

import rego.v1

import data.marketplace.order

golden := {
	"subject": {"type": "buyer", "id": "buy-91c2", "properties": {"kind": "individual", "country": "DE"}},
	"action": {"name": "marketplace.order"},
	"resource": {"type": "order", "id": "ord-1", "properties": {"buyer": "buy-91c2", "state": "new"}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

lists := {"countries": {"XX": "embargo"}, "entities": {"0000EXAMPLELISTED080": "listed"}}

decision_on(change) := decision if {
	decision := order.decision with input as object.union(golden, change) with data.sanctions as lists
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_good_order_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == order.required
	decision.failed == set()
	decision.obligations == []
}

test_another_buyers_order if failed({"buyer": "buy-0001"}) == {"authorised"}

test_a_sanctioned_country if {
	decision_on({"subject": {"properties": {"country": "XX"}}}).failed == {"not_sanctioned"}
}

test_a_sanctioned_entity if {
	named := {"kind": "organisation", "entity": "0000EXAMPLELISTED080"}
	decision_on({"subject": {"properties": named}}).failed == {"not_sanctioned"}
}

test_an_organisation_of_no_legal_entity if {
	decision_on({"subject": {"properties": {"kind": "organisation"}}}).failed == {"not_sanctioned"}
}

test_waiting_for_verification_without_one if failed({"state": "verifying"}) == {"stepped_up"}

test_waiting_for_verification_with_one_that_failed if {
	change := {"resource": {"properties": {"state": "verifying"}}, "context": {"second_factor": false}}
	decision_on(change).failed == {"stepped_up"}
}

test_waiting_for_verification_with_one if {
	change := {"resource": {"properties": {"state": "verifying"}}, "context": {"second_factor": true}}
	decision_on(change).failed == set()
}

test_what_waits_for_nothing_needs_none if {
	every state in ["placed", "held", "refused", "charging", "declined", "paid"] {
		failed({"state": state}) == set()
	}
}
