package auditor_portal.sign_out_test

import rego.v1

import data.auditor_portal.sign_out

golden := {
	"subject": {"type": "auditor", "id": "north/ada", "properties": {}},
	"action": {"name": "auditor_portal.sign_out"},
	"resource": {
		"type": "auditor",
		"id": "north/ada",
		"properties": {"by": "auditor", "verified": false, "refusal": ""},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "portal"},
}

visitor := {"subject": {"type": "visitor", "id": "visitor"}}

told := {"resource": {"properties": {"by": "provider", "verified": true}}}

decided(changed) := decision if {
	decision := sign_out.decision with input as object.union(golden, changed)
}

test_an_auditor_ends_their_own if {
	decision := decided({})
	decision.allow == true
	decision.passed == {"own"}
	decision.failed == set()
	decision.obligations == []
}

test_the_provider_has_them_ended if {
	every changed in [told, object.union(visitor, told), object.union(told, {"resource": {"type": "firm", "id": "north"}})] {
		decision := decided(changed)
		decision.allow == true
		decision.failed == set()
	}
}

test_nobody_ends_those_of_another if {
	every changed in [
		{"resource": {"id": "north/bob"}},
		{"resource": {"id": "north/bob", "properties": {"verified": true}}},
		{"resource": {"type": "firm"}},
		{"subject": {"type": "visitor"}},
		visitor,
	] {
		decision := decided(changed)
		decision.allow == false
		decision.failed == {"own"}
	}
}

test_a_message_that_does_not_hold if {
	every facts in [{"verified": false}, {"refusal": "bad_signature"}] {
		decision := decided(object.union(told, {"resource": {"properties": facts}}))
		decision.allow == false
		decision.failed == {"own"}
	}
}
