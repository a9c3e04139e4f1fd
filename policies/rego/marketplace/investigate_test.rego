package marketplace.investigate_test

import rego.v1

import data.marketplace.investigate

golden := {
	"subject": {
		"type": "officer",
		"id": "ofc-51",
		"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
	},
	"action": {"name": "marketplace.investigate"},
	"resource": {"type": "fraud_case", "id": "case-1", "properties": {"state": "open", "taken_by": "", "notes": 0}},
	"context": {"step": "take"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := investigate.decision with input as object.union(golden, change)
		with data.roles as {"officer": {"omega-trust-and-safety": ["trust_and_safety"], "omega-ciso": ["ciso"]}}
}

test_what_is_in_order_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == investigate.required
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

# in_order

about(facts, step) := decision_on({"resource": {"properties": facts}, "context": {"step": step}})

test_only_an_open_case_is_taken if {
	every state in ["taken", "resolved"] {
		about({"state": state, "taken_by": "ofc-51"}, "take").failed == {"in_order"}
	}
}

test_whoever_took_it_writes_down_what_they_found if about({"state": "taken", "taken_by": "ofc-51"}, "note").allow == true

test_another_writes_nothing if about({"state": "taken", "taken_by": "ofc-52"}, "note").failed == {"in_order"}

test_nothing_is_written_down_before_or_after if {
	every state in ["open", "resolved"] {
		about({"state": state, "taken_by": "ofc-51"}, "note").failed == {"in_order"}
	}
}

test_another_step if about({"state": "open"}, "close").failed == {"in_order"}
