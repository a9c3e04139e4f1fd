package engagements.open_test

import rego.v1

import data.engagements.open

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
	"action": {"name": "engagements.open"},
	"resource": {"type": "engagement", "id": "soc2-2026", "properties": {"state": "none", "firm_state": "active"}},
	"context": {
		"change": "open",
		"period_start": "2025-11-01T00:00:00Z",
		"period_end": "2026-11-01T00:00:00Z",
		"starts": "2026-11-01T00:00:00Z",
		"ends": "2026-12-01T00:00:00Z",
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := open.decision with input as object.union(golden, change)
		with data.roles as table
		with data.thresholds.engagements.longest_access_days as 30
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

running(change) := object.union(facts({"state": "open"}), context({"change": change}))

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == open.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["engagements.open"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_every_role_that_may if {
	every group in ["cisos", "compliance"] {
		failed(own({"groups": [group]})) == set()
	}
}

test_roles_that_may_not if {
	every group in ["auditors", "authors", "admins", "security", "cooks"] {
		failed(own({"groups": [group]})) == {"authorised"}
	}
}

# bounded

test_the_longest_access_to_the_second if {
	failed(context({"ends": "2026-12-01T00:00:01Z"})) == {"bounded"}
	failed(context({"starts": "2026-11-01T00:00:01Z", "ends": "2026-12-01T00:00:01Z"})) == set()
}

test_access_that_is_over_before_it_begins if {
	failed(context({"ends": "2026-11-22T14:00:00Z"})) == {"bounded"}
	failed(context({"ends": "2026-11-22T14:00:01Z"})) == set()
	failed(context({"starts": "2026-12-01T00:00:00Z"})) == {"bounded"}
	failed(context({"starts": "2026-11-30T23:59:59Z"})) == set()
}

test_a_limit_that_is_missing_or_no_number if {
	every limit in ["long", null] {
		decision := open.decision with input as golden
			with data.roles as table
			with data.thresholds.engagements.longest_access_days as limit
		decision.failed == {"bounded"}
	}
}

test_an_engagement_whose_time_is_over_can_be_prolonged_or_ended if {
	over := context({"starts": "2026-10-01T00:00:00Z", "ends": "2026-10-02T00:00:00Z"})
	failed(object.union(running("change"), over)) == {"bounded"}
	failed(object.union(running("add_member"), over)) == {"bounded"}
	failed(object.union(running("end"), over)) == set()
	failed(object.union(running("remove_member"), over)) == set()
}

# firm_active

test_a_firm_that_is_suspended if {
	suspended := facts({"firm_state": "suspended"})
	failed(suspended) == {"firm_active"}
	failed(object.union(running("add_member"), suspended)) == {"firm_active"}
	failed(object.union(running("end"), suspended)) == set()
	failed(object.union(running("remove_member"), suspended)) == set()
}

# live

test_an_engagement_is_opened_once if {
	failed(facts({"state": "open"})) == {"live"}
	failed(facts({"state": "ended"})) == {"live"}
}

test_what_there_is_can_be_changed if {
	every change in ["change", "end", "add_member", "remove_member"] {
		failed(running(change)) == set()
		failed(context({"change": change})) == {"live"}
		failed(object.union(facts({"state": "ended"}), context({"change": change}))) == {"live"}
	}
}

# period

test_a_period_that_ends_before_it_begins if {
	failed(context({"period_end": "2025-11-01T00:00:00Z"})) == {"period"}
	failed(context({"period_end": "2025-11-01T00:00:01Z"})) == set()
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
