package studio.debug_test

import rego.v1

import data.studio.debug

limits := {"max_minutes": 60}

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "editor"}},
	"action": {"name": "studio.debug"},
	"resource": {"type": "workflow", "id": "wf-4b1e", "properties": {"workspace": {"id": "ws-7d20"}}},
	"context": {
		"operation": "step",
		"target": "production",
		"personal_data": "redacted",
		"session": {"opened_at": "2026-11-22T13:30:00Z", "closes_at": "2026-11-22T14:30:00Z"},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

decision_on(change) := decision if {
	decision := debug.decision with input as object.union(golden, change)
		with data.thresholds.studio.debug as limits
}

failed(change) := decision_on(change).failed

circumstances(facts) := failed({"context": facts})

session(opened, closes) := circumstances({"session": {"opened_at": opened, "closes_at": closes}})

member(facts) := {"subject": {"properties": facts}}

test_a_good_session_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == debug.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.studio.debug
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.max_minutes)
}

test_a_missing_limit_closes_its_gate if {
	decision := debug.decision with input as golden with data.thresholds as {}
	decision.failed == {"time_boxed"}
}

test_no_facts_no_session if not debug.decision.allow with input as {"action": {"name": "studio.debug"}}

# authorised

test_an_owner_may_debug if failed(member({"role": "owner"})) == set()

test_roles_that_may_not_debug if {
	every role in ["commenter", "viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

# no_personal_data

test_no_personal_data_at_all if circumstances({"personal_data": "none"}) == set()

test_personal_data_in_the_clear if {
	every kind in ["present", "unknown"] {
		circumstances({"personal_data": kind}) == {"no_personal_data"}
	}
}

# changes_contained

test_what_changes_nothing_is_done_anywhere if {
	every operation in ["inspect", "pause", "resume", "step"] {
		circumstances({"operation": operation}) == set()
	}
}

test_state_of_production_is_not_changed if circumstances({"operation": "modify_state"}) == {"changes_contained"}

test_state_of_the_sandbox_is if circumstances({"operation": "modify_state", "target": "sandbox"}) == set()

# time_boxed

test_a_session_begins_and_ends_to_the_second if {
	session("2026-11-22T14:00:00Z", "2026-11-22T15:00:00Z") == set()
	session("2026-11-22T14:00:01Z", "2026-11-22T15:00:00Z") == {"time_boxed"}
	session("2026-11-22T13:00:01Z", "2026-11-22T14:00:01Z") == set()
	session("2026-11-22T13:00:01Z", "2026-11-22T14:00:00Z") == {"time_boxed"}
}

test_a_session_of_an_hour_and_a_second if session("2026-11-22T13:30:00Z", "2026-11-22T14:30:01Z") == {"time_boxed"}

test_a_session_that_ends_before_it_begins if {
	session("2026-11-22T13:30:00Z", "2026-11-22T13:00:00Z") == {"time_boxed"}
}
