package frameworks.attest_test

import rego.v1

import data.frameworks.attest

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
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["security"], "second_factor": true}},
	"action": {"name": "frameworks.attest"},
	"resource": {"type": "control_test", "id": "access-review/attested", "properties": {
		"kind": "attestation",
		"role": "security_officer",
		"statement": "the list of privileged roles was reviewed",
	}},
	"context": {"statement": "the list of privileged roles was reviewed"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := attest.decision with input as object.union(golden, change)
		with data.roles as table
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == attest.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["frameworks.attest"] {
		rule.enforcement == "blocking"
	}
}

# asked_for

test_a_test_that_a_machine_or_an_auditor_makes if {
	failed(facts({"kind": "machine"})) == {"asked_for"}
	failed(facts({"kind": "inspection"})) == {"asked_for"}
}

# authorised

test_a_role_that_the_test_does_not_want if {
	failed(own({"groups": ["cisos", "auditors"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

test_one_group_of_several_is_enough if failed(own({"groups": ["cooks", "security"]})) == set()

test_a_test_that_wants_nobody if failed(facts({"role": ""})) == {"authorised"}

# stated

test_other_words if {
	failed(context({"statement": "The list of privileged roles was reviewed"})) == {"stated"}
	failed(context({"statement": ""})) == {"stated"}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
