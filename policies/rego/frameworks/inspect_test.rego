package frameworks.inspect_test

import rego.v1

import data.frameworks.inspect

table := {"officer": {
	"authors": ["policy_author"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
	"auditors": ["auditor"],
	"cooks": ["cook"],
}}

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["auditors"], "second_factor": true}},
	"action": {"name": "frameworks.inspect"},
	"resource": {"type": "control_test", "id": "access-review/inspected", "properties": {"kind": "inspection", "owner": "security_officer"}},
	"context": {"conclusion": "effective", "reason": "took 25 accounts and found their reviews"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := inspect.decision with input as object.union(golden, change)
		with data.roles as table
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == inspect.required
	decision.failed == set()
	decision.obligations == []
}

test_what_was_found_is_no_reason_to_refuse if {
	every gate, rule in data.rules["frameworks.inspect"] {
		rule.enforcement == object.get({"without_exception": "monitoring"}, gate, "blocking")
	}
}

# asked_for

test_a_test_that_a_machine_or_a_person_makes if {
	failed(facts({"kind": "machine"})) == {"asked_for"}
	failed(facts({"kind": "attestation"})) == {"asked_for"}
}

# authorised

test_who_is_no_auditor if {
	failed(own({"groups": ["cisos"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

# independent

test_an_auditor_who_answers_for_the_control if {
	failed(own({"groups": ["auditors", "security"]})) == {"independent"}
	failed(own({"groups": ["auditors", "cisos"]})) == set()
	failed(facts({"owner": "auditor"})) == {"independent"}
}

# without_exception

test_exceptions_are_put_on_record if {
	decision := decision_on(context({"conclusion": "exceptions"}))
	decision.allow == true
	decision.failed == {"without_exception"}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
