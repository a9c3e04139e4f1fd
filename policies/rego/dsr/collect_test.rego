package dsr.collect_test

import rego.v1

import data.dsr.collect

golden := {
	"subject": {"type": "visitor", "id": "visitor", "properties": {}},
	"action": {"name": "dsr.collect"},
	"resource": {
		"type": "dsr_request", "id": "dsr-1f",
		"properties": {"linked": true, "state": "complete", "export_until": "2026-11-22T14:00:00Z"},
	},
	"context": {"what": "export"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := collect.decision with input as object.union(golden, change)
}

failed(change) := decision_on(change).failed

asked(what, state) := failed({"context": {"what": what}, "resource": {"properties": {"state": state}}})

states := {
	"approved", "cancelled", "complete", "denied", "duplicate", "error", "identity_unverified", "in_processing",
	"legal_hold", "paused", "pending", "pending_external", "requires_input", "requires_manual",
}

test_the_person_takes_the_export if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == collect.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["dsr.collect"] {
		rule.enforcement == "blocking"
	}
}

# linked

test_another_link if failed({"resource": {"properties": {"linked": false}}}) == {"linked"}

# in_order

test_what_can_be_collected_in_which_state if {
	wanted := {
		"status": states,
		"code": {"identity_unverified"},
		"answer": {"requires_input"},
		"cancel": {"duplicate", "identity_unverified", "pending", "requires_input"},
		"certificate": {"complete"},
		"export": {"complete"},
	}
	every what, allowed in wanted {
		{state | some state in states; asked(what, state) == set()} == allowed
		{state | some state in states; asked(what, state) == {"in_order"}} == states - allowed
	}
}

# in_time

test_the_time_of_an_export_to_the_second if {
	late := {"resource": {"properties": {"export_until": "2026-11-22T13:59:59Z"}}}
	failed(late) == {"in_time"}
	failed(object.union(late, {"context": {"what": "certificate"}})) == set()
}
