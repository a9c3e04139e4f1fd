package marketplace.resolve_test

import rego.v1

import data.marketplace.resolve

limits := {"one_person": ["cleared"]}

golden := {
	"subject": {
		"type": "officer",
		"id": "ofc-51",
		"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
	},
	"action": {"name": "marketplace.resolve"},
	"resource": {"type": "fraud_case", "id": "case-1", "properties": {"state": "taken", "taken_by": "ofc-50", "notes": 1}},
	"context": {"outcome": "confirmed"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := resolve.decision with input as object.union(golden, change)
		with data.roles as {"officer": {"omega-trust-and-safety": ["trust_and_safety"], "omega-ciso": ["ciso"]}}
		with data.thresholds.marketplace.resolve as limits
}

test_what_is_in_order_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == resolve.required
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

about(facts) := decision_on({"resource": {"properties": facts}})

test_nobody_has_taken_it_or_it_has_ended if {
	every state in ["open", "resolved"] {
		about({"state": state}).failed == {"in_order"}
	}
}

test_nobody_is_named_who_took_it if "in_order" in about({"taken_by": ""}).failed

# written_down

test_nothing_is_written_down if about({"notes": 0}).failed == {"written_down"}

# second_person

own := {"resource": {"properties": {"taken_by": "ofc-51"}}}

test_whoever_took_it_does_not_confirm_it if decision_on(own).failed == {"second_person"}

test_whoever_took_it_may_clear_it if decision_on(object.union(own, {"context": {"outcome": "cleared"}})).allow == true

test_capitals_make_no_second_person if {
	about({"taken_by": "OFC-51"}).failed == {"second_person"}
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.resolve
	object.keys(shipped) == object.keys(limits)
	every outcome in shipped.one_person {
		outcome in {"confirmed", "cleared"}
	}
}

test_missing_limits_ask_for_two if {
	clearing := object.union(golden, object.union(own, {"context": {"outcome": "cleared"}}))
	decision := resolve.decision with input as clearing with data.thresholds as {}
	decision.failed == {"second_person"}
}
