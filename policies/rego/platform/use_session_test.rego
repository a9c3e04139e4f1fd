package platform.use_session_test

import rego.v1

import data.platform.use_session

limits := {"second_factor_methods": ["totp", "webauthn"], "max_age_hours": 12, "max_idle_seconds": 900}

golden := {
	"subject": {"type": "user", "id": "usr-31"},
	"action": {"name": "platform.use_session"},
	"resource": {
		"type": "session",
		"id": "ses-40c9",
		"properties": {
			"person": "usr-31",
			"opened_at": "2026-11-22T08:00:00Z",
			"used_at": "2026-11-22T13:58:00Z",
			"ended": false,
			"second_factor": {"verified": true, "method": "webauthn"},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "platform"},
}

request_second_factor := [{"id": "request_second_factor", "type": "step-up"}]

decision_on(facts) := decision if {
	decision := use_session.decision with input as object.union(golden, {"resource": {"properties": facts}})
		with data.thresholds.platform.use_session as limits
}

failed(facts) := decision_on(facts).failed

test_a_good_session_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == use_session.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.platform.use_session
	object.keys(shipped) == object.keys(limits)
	is_array(shipped.second_factor_methods)
	is_number(shipped.max_age_hours)
	is_number(shipped.max_idle_seconds)
}

test_missing_limits_close_their_gates if {
	decision := use_session.decision with input as golden with data.thresholds as {}
	decision.failed == {"active", "second_factor", "young"}
}

# own_session

test_the_session_of_another_person if failed({"person": "usr-32"}) == {"own_session"}

# second_factor

test_mfa_required if {
	decision := decision_on({"second_factor": {"verified": false}})
	decision.allow == false
	decision.failed == {"second_factor"}
	decision.obligations == request_second_factor
}

test_methods_that_policy_does_not_name if {
	every method in ["email", "none", "sms", "voice_challenge"] {
		failed({"second_factor": {"method": method}}) == {"second_factor"}
	}
}

test_no_second_factor_is_asked_for_where_it_would_not_help if {
	every gate, facts in {
		"active": {"used_at": "2026-11-22T13:00:00Z"},
		"open": {"ended": true},
		"own_session": {"person": "usr-32"},
		"young": {"opened_at": "2026-11-21T08:00:00Z"},
	} {
		decision := decision_on(object.union(facts, {"second_factor": {"verified": false}}))
		decision.failed == {gate, "second_factor"}
		decision.obligations == []
	}
}

# young

test_exactly_as_old_as_allowed if failed({"opened_at": "2026-11-22T02:00:00Z"}) == set()

test_a_second_older if failed({"opened_at": "2026-11-22T01:59:59Z"}) == {"young"}

test_opened_at_a_time_to_come if failed({"opened_at": "2026-11-22T14:00:01Z"}) == {"young"}

# active

test_idle_for_exactly_as_long_as_allowed if failed({"used_at": "2026-11-22T13:45:00Z"}) == set()

test_idle_for_a_second_more if failed({"used_at": "2026-11-22T13:44:59Z"}) == {"active"}

# open

test_the_session_was_ended if failed({"ended": true}) == {"open"}
