package session.close_test

import rego.v1

import data.session.close

golden := {
	"subject": {"type": "officer", "id": "ofc-51", "properties": {}},
	"action": {"name": "session.close"},
	"resource": {"type": "officer", "id": "ofc-51", "properties": {}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := close.decision with input as object.union(golden, change)
}

test_an_officer_ends_an_own_session if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == close.required
	decision.failed == set()
	decision.obligations == []
}

# own

test_nobody_ends_the_session_of_another if {
	decision := decision_on({"resource": {"id": "ofc-52"}})
	decision.allow == false
	decision.failed == {"own"}
}
