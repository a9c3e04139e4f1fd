package frameworks.accept_test

import rego.v1

import data.frameworks.accept

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
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["cisos"], "second_factor": true}},
	"action": {"name": "frameworks.accept"},
	"resource": {"type": "finding", "id": "fnd-5f1c2a9b00c1d2e3", "properties": {
		"state": "open",
		"severity": "high",
		"owner": "policy_admin",
		"approvals": [{"person": "ofc-9", "role": "security_officer"}],
	}},
	"context": {"role": "ciso", "until": "2026-12-22T14:00:00Z", "reason": "the system is switched off in December"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := accept.decision with input as object.union(golden, change)
		with data.roles as table
		with data.thresholds.frameworks.accept.max_days as {"critical": 30, "high": 90, "low": 365}
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == accept.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["frameworks.accept"] {
		rule.enforcement == "blocking"
	}
}

test_the_first_person_accepts if failed(facts({"approvals": []})) == set()

# authorised

test_every_role_that_may if {
	every group, role in {"cisos": "ciso", "compliance": "compliance_officer", "admins": "policy_admin"} {
		failed(object.union(own({"groups": [group]}), context({"role": role}))) == set()
	}
	failed(object.union(
		object.union(own({"groups": ["security"]}), context({"role": "security_officer"})),
		facts({"approvals": []}),
	)) == set()
}

test_a_role_that_the_subject_does_not_hold if {
	failed(own({"groups": ["compliance"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

test_a_role_that_answers_neither_for_risks_nor_for_the_control if {
	failed(object.union(own({"groups": ["auditors"]}), context({"role": "auditor"}))) == {"authorised"}
	failed(object.union(own({"groups": ["admins"]}), {
		"context": {"role": "policy_admin"},
		"resource": {"properties": {"owner": "ciso"}},
	})) == {"authorised"}
}

# open

test_what_is_dealt_with if {
	failed(facts({"state": "remediating"})) == set()
	every state in ["remediated", "accepted", "closed"] {
		failed(facts({"state": state})) == {"open"}
	}
}

# another

test_nobody_accepts_twice if {
	failed(facts({"approvals": [{"person": "OFC-1", "role": "security_officer"}]})) == {"another"}
}

test_two_persons_in_one_role if {
	failed(facts({"approvals": [{"person": "ofc-9", "role": "ciso"}]})) == {"another"}
}

test_one_of_several_is_too_much if {
	failed(facts({"approvals": [
		{"person": "ofc-9", "role": "security_officer"},
		{"person": "ofc-1", "role": "policy_admin"},
	]})) == {"another"}
}

# in_time

test_a_time_that_has_come if {
	failed(context({"until": "2026-11-22T14:00:00Z"})) == {"in_time"}
	failed(context({"until": "2026-11-22T14:00:01Z"})) == set()
}

test_the_longest_time_to_the_second if {
	failed(context({"until": "2027-02-20T14:00:00Z"})) == set()
	failed(context({"until": "2027-02-20T14:00:01Z"})) == {"in_time"}
}

test_what_matters_more_is_open_again_sooner if {
	failed(object.union(facts({"severity": "critical"}), context({"until": "2026-12-22T14:00:01Z"}))) == {"in_time"}
	failed(object.union(facts({"severity": "low"}), context({"until": "2027-02-20T14:00:01Z"}))) == set()
}

test_a_limit_that_is_missing_or_no_number if {
	decision_without({}).failed == {"in_time"}
	decision_without({"high": "long"}).failed == {"in_time"}
}

decision_without(limits) := decision if {
	decision := accept.decision with input as golden
		with data.roles as table
		with data.thresholds.frameworks.accept.max_days as limits
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
