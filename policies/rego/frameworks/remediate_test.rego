package frameworks.remediate_test

import rego.v1

import data.frameworks.remediate

table := {"officer": {
	"authors": ["policy_author"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
	"auditors": ["auditor"],
	"cooks": ["cook"],
}}

listed := {"policies.heal": {"automatic": false}, "sessions.lock": {"automatic": true}}

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["security"], "second_factor": true}},
	"action": {"name": "frameworks.remediate"},
	"resource": {"type": "finding", "id": "fnd-5f1c2a9b00c1d2e3", "properties": {"state": "open", "owner": "finance_officer", "remediation": "sessions.lock"}},
	"context": {"by_hand": false, "note": ""},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := remediate.decision with input as object.union(golden, change)
		with data.roles as table
		with data.remediations as listed
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == remediate.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["frameworks.remediate"] {
		rule.enforcement == "blocking"
	}
}

by_hand := {"context": {"by_hand": true, "note": "the accounts were taken away"}}

job(name) := object.union(object.remove(golden, ["subject"]), {"subject": {"type": "job", "id": name}})

failed_of(document) := decision.failed if {
	decision := remediate.decision with input as document
		with data.roles as table
		with data.remediations as listed
}

test_what_was_done_by_hand if failed(by_hand) == set()

test_the_job_that_tests_controls if failed_of(job("frameworks.test_controls")) == set()

# authorised

test_every_role_that_may if {
	every group in ["cisos", "compliance", "admins", "security"] {
		failed(own({"groups": [group]})) == set()
	}
	failed(object.union(own({"groups": ["cooks"]}), facts({"owner": "cook"}))) == set()
}

test_a_role_that_does_not_answer_for_it if {
	failed(own({"groups": ["auditors", "cooks"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

test_another_job if failed_of(job("policies.scan_drift")) == {"authorised"}

test_what_is_not_to_happen_by_itself if {
	failed_of(object.union(job("frameworks.test_controls"), facts({"remediation": "policies.heal"}))) == {"authorised"}
	failed(facts({"remediation": "policies.heal"})) == set()
}

test_an_officer_is_no_job if {
	failed_of(object.union(golden, {"subject": {
		"id": "frameworks.test_controls",
		"properties": {"groups": ["cooks"]},
	}})) == {"authorised"}
}

# open

test_what_was_accepted_may_still_be_dealt_with if failed(facts({"state": "accepted"})) == set()

test_what_is_dealt_with_or_waits_for_it if {
	every state in ["remediating", "remediated", "closed"] {
		failed(facts({"state": state})) == {"open"}
	}
}

# known

test_what_policy_does_not_list if {
	failed(facts({"remediation": "marketplace.delist"})) == {"known"}
	failed(facts({"remediation": ""})) == {"known"}
}

test_a_finding_without_a_remediation_is_dealt_with_by_hand if {
	failed(object.union(facts({"remediation": ""}), by_hand)) == set()
}

test_what_was_done_has_to_be_said if {
	failed(context({"by_hand": true, "note": "12345678"})) == set()
	failed(context({"by_hand": true, "note": "1234567"})) == {"known"}
	failed(context({"by_hand": true, "note": "123456😀"})) == {"known"}
	failed(context({"by_hand": true, "note": "1\n34567😀"})) == set()
	failed(context({"by_hand": true, "note": ""})) == {"known"}
	failed(object.union(facts({"remediation": ""}), context({"note": "12345678"}))) == {"known"}
}

test_a_job_has_no_hands if {
	failed_of(object.union(job("frameworks.test_controls"), by_hand)) == {"known"}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
