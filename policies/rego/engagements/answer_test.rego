package engagements.answer_test

import rego.v1

import data.engagements.answer

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
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["compliance"], "second_factor": true}},
	"action": {"name": "engagements.answer"},
	"resource": {"type": "engagement", "id": "soc2-2026", "properties": {
		"state": "open",
		"ends": "2026-12-01T00:00:00Z",
		"object": {"kind": "evidence", "id": "3", "state": "open"},
	}},
	"context": {"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := answer.decision with input as object.union(golden, change)
		with data.roles as table
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

object_of(change) := facts({"object": change})

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == answer.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["engagements.answer"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_every_role_that_may if {
	every group in ["authors", "cisos", "compliance", "admins", "security"] {
		failed(own({"groups": [group]})) == set()
	}
}

test_an_officer_who_audits_does_not_answer if {
	every group in ["auditors", "cooks"] {
		failed(own({"groups": [group]})) == {"authorised"}
	}
}

# open

test_an_engagement_that_was_ended if failed(facts({"state": "ended"})) == {"open"}

test_an_engagement_whose_time_is_over if {
	failed(facts({"ends": "2026-11-22T14:00:01Z"})) == set()
	failed(facts({"ends": "2026-11-22T14:00:00Z"})) == {"open"}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}

# unsettled

test_what_waits_takes_evidence_and_another_state if {
	every kind in ["evidence", "status"] {
		every state in ["open", "provided", "returned"] {
			failed(object_of({"kind": kind, "state": state})) == set()
		}
	}
}

test_what_is_settled_takes_neither if {
	every kind in ["evidence", "status"] {
		every state in ["accepted", "withdrawn", "none"] {
			failed(object_of({"kind": kind, "state": state})) == {"unsettled"}
		}
	}
}

test_something_can_always_be_said_or_asked if {
	failed(object_of({"kind": "message", "state": "accepted"})) == set()
	failed(object_of({"kind": "request", "state": "none"})) == set()
}
