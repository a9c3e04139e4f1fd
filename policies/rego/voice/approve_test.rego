package voice.approve_test

import rego.v1

import data.voice.approve

limits := {"request_seconds": 300, "second_factor_seconds": 300, "second_factor_methods": ["totp", "webauthn"]}

commands := {"deploy": {"workflow": {
	"production": {
		"roles": ["engineer"],
		"approvers": ["release_manager"],
		"read_back": false,
		"second_factor": true,
	},
	"staging": {"roles": ["engineer"], "approvers": [], "read_back": false, "second_factor": false},
}}}

golden := {
	"subject": {"type": "user", "id": "usr-52", "properties": {"tenant": "acme", "roles": ["release_manager"]}},
	"action": {"name": "voice.approve"},
	"resource": {
		"type": "approval_request",
		"id": "req-77aa",
		"properties": {
			"tenant": "acme",
			"parsed": {"verb": "deploy", "target": "workflow", "environment": "production"},
			"requester": "usr-31",
			"status": "open",
			"requested_at": "2026-11-22T13:57:00Z",
		},
	},
	"context": {
		"nonce": {"fresh": true},
		"second_factor": {
			"verified": true,
			"method": "webauthn",
			"request": "req-77aa",
			"verified_at": "2026-11-22T13:59:45Z",
		},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "voice"},
}

decision_on_all(document) := decision if {
	decision := approve.decision with input as document
		with data.thresholds.voice.approve as limits
		with data.commands as commands
}

decision_on(change) := decision_on_all(object.union(golden, change))

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

with_factor(facts) := decision_on({"context": {"second_factor": facts}}).failed

test_a_good_approval_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == approve.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.voice.approve
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.request_seconds)
	is_number(shipped.second_factor_seconds)
	is_array(shipped.second_factor_methods)
}

test_missing_limits_close_their_gates if {
	decision := approve.decision with input as golden with data.thresholds as {} with data.commands as commands
	decision.failed == {"in_time", "second_factor"}
}

# authorised, own_tenant

test_a_role_that_may_not_approve if {
	decision_on({"subject": {"properties": {"roles": ["engineer"]}}}).failed == {"authorised"}
}

test_a_command_that_nobody_has_to_approve if failed({"parsed": {"environment": "staging"}}) == {"authorised"}

test_a_command_that_is_not_in_the_table if failed({"parsed": {"verb": "drop"}}) == {"authorised"}

test_the_request_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

# not_requester

test_nobody_approves_their_own_command if {
	failed({"requester": "usr-52"}) == {"not_requester"}
	failed({"requester": "USR-52"}) == {"not_requester"}
}

# open, in_time

test_a_request_that_is_closed if {
	every status in ["approved", "cancelled", "expired", "rejected"] {
		failed({"status": status}) == {"open"}
	}
}

test_requested_299_300_and_301_seconds_ago if {
	failed({"requested_at": "2026-11-22T13:55:01Z"}) == set()
	failed({"requested_at": "2026-11-22T13:55:00Z"}) == set()
	failed({"requested_at": "2026-11-22T13:54:59Z"}) == {"in_time"}
}

test_to_be_requested_later if failed({"requested_at": "2026-11-22T14:00:01Z"}) == {"in_time"}

# second_factor

test_no_second_factor if decision_on_all(json.remove(golden, ["context/second_factor"])).failed == {"second_factor"}

test_second_factor_not_verified if with_factor({"verified": false}) == {"second_factor"}

test_second_factor_for_another_request if with_factor({"request": "req-77ab"}) == {"second_factor"}

test_a_method_that_policy_does_not_name if with_factor({"method": "sms"}) == {"second_factor"}

test_second_factor_exactly_as_long_ago_as_allowed if with_factor({"verified_at": "2026-11-22T13:55:00Z"}) == set()

test_second_factor_a_second_earlier if with_factor({"verified_at": "2026-11-22T13:54:59Z"}) == {"second_factor"}

# nonce_unused

test_an_approval_given_before if decision_on({"context": {"nonce": {"fresh": false}}}).failed == {"nonce_unused"}

test_an_approval_given_before_is_denied if decision_on({"context": {"nonce": {"fresh": false}}}).allow == false
