package marketplace.view_cases_test

import rego.v1

import data.marketplace.view_cases

golden := {
	"subject": {
		"type": "officer",
		"id": "ofc-51",
		"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
	},
	"action": {"name": "marketplace.view_cases"},
	"resource": {"type": "fraud_case", "id": "case-1"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := view_cases.decision with input as object.union(golden, change)
		with data.roles as {"officer": {"omega-trust-and-safety": ["trust_and_safety"], "omega-ciso": ["ciso"]}}
}

test_what_is_in_order_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view_cases.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_another_office if {
	decision_on({"subject": {"properties": {"groups": ["omega-ciso"]}}}).failed == {"authorised"}
}

test_an_office_that_a_service_names if {
	named := {"subject": {"properties": {"groups": [], "roles": ["trust_and_safety"]}}}
	decision_on(named).failed == set()
}

test_nobody_but_an_officer_holds_it if decision_on({"subject": {"type": "service"}}).failed == {"authorised"}

# second_factor

test_without_a_second_factor if {
	decision_on({"subject": {"properties": {"second_factor": false}}}).failed == {"second_factor"}
}
