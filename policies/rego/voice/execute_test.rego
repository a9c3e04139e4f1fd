package voice.execute_test

import rego.v1

import data.voice.execute

limits := {
	"min_agreement_percent": 65,
	"approval_seconds": 300,
	"read_back_seconds": 120,
	"second_factor_seconds": 300,
	"second_factor_methods": ["totp", "webauthn"],
}

commands := {
	"show": {"workflow": {"production": {
		"roles": ["viewer"],
		"approvers": [],
		"read_back": false,
		"second_factor": false,
	}}},
	"delete": {"workflow": {"production": {
		"roles": ["engineer"],
		"approvers": ["release_manager"],
		"read_back": true,
		"second_factor": true,
	}}},
}

# A command that needs everything: it is sensitive, it destroys, and it asks for a second factor.
golden := {
	"subject": {"type": "user", "id": "usr-31", "properties": {"tenant": "acme", "roles": ["engineer"]}},
	"action": {"name": "voice.execute"},
	"resource": {
		"type": "command",
		"id": "cmd-77aa",
		"properties": {
			"tenant": "acme",
			"parsed": {"verb": "delete", "target": "workflow", "environment": "production", "complete": true},
		},
	},
	"context": {
		"channel": "speech",
		"recognition": {"first": "grammar", "second": "transcript", "agreement_percent": 92.5},
		"nonce": {"fresh": true},
		"dry_run": false,
		"approval": {
			"granted": true,
			"approver": "usr-52",
			"tenant": "acme",
			"approver_roles": ["release_manager"],
			"command": "cmd-77aa",
			"approved_at": "2026-11-22T13:58:00Z",
		},
		"read_back": {"confirmed": true, "command": "cmd-77aa", "confirmed_at": "2026-11-22T13:59:30Z"},
		"second_factor": {
			"verified": true,
			"method": "totp",
			"command": "cmd-77aa",
			"verified_at": "2026-11-22T13:59:45Z",
		},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "voice"},
}

# A command that needs nothing but a role.
harmless := object.union(
	json.remove(golden, ["context/approval", "context/read_back", "context/second_factor"]),
	{
		"subject": {"properties": {"roles": ["viewer"]}},
		"resource": {"properties": {"parsed": {"verb": "show"}}},
	},
)

unprepared := json.remove(golden, ["context/approval", "context/read_back", "context/second_factor"])

simulate_only := [{"id": "simulate_only", "type": "execution"}]

decision_on_all(document) := decision if {
	decision := execute.decision with input as document
		with data.thresholds.voice.execute as limits
		with data.commands as commands
}

decision_on(change) := decision_on_all(object.union(golden, change))

in_circumstances(context) := decision_on({"context": context}).failed

with_approval(facts) := in_circumstances({"approval": facts})

with_read_back(facts) := in_circumstances({"read_back": facts})

with_factor(facts) := in_circumstances({"second_factor": facts})

asked(document) := [each.id |
	some each in decision_on_all(document).obligations
	each.type == "step-up"
]

test_a_good_command_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == execute.required
	decision.failed == set()
	decision.obligations == []
}

test_a_harmless_command_needs_no_more_than_a_role if {
	decision := decision_on_all(harmless)
	decision.allow == true
	decision.passed == execute.required
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.voice.execute
	object.keys(shipped) == object.keys(limits)
	is_array(shipped.second_factor_methods)
	every name in object.keys(shipped) - {"second_factor_methods"} {
		is_number(shipped[name])
	}
	shipped.approval_seconds <= 300
}

test_every_shipped_command_says_what_it_needs if {
	count(data.commands) > 0
	every targets in data.commands {
		every environments in targets {
			object.keys(environments) == {"development", "production", "staging"}
			every command in environments {
				object.keys(command) == {"approvers", "read_back", "roles", "second_factor"}
				count(command.roles) > 0
				is_array(command.roles)
				is_array(command.approvers)
				is_boolean(command.read_back)
				is_boolean(command.second_factor)
			}
		}
	}
}

test_nothing_that_is_shipped_destroys_without_being_read_back if {
	every verb in ["cancel", "delete", "revoke"] {
		every environments in data.commands[verb] {
			every command in environments {
				command.read_back == true
			}
		}
	}
}

test_nothing_that_is_shipped_goes_to_production_without_approval if {
	every command in [
		data.commands.deploy.workflow.production,
		data.commands["delete"].agent.production,
		data.commands["delete"].workflow.production,
		data.commands.grant.access.production,
	] {
		count(command.approvers) > 0
		command.second_factor == true
	}
}

test_missing_limits_close_their_gates if {
	decision := execute.decision with input as golden with data.thresholds as {} with data.commands as commands
	decision.failed == {"approved", "read_back", "recognised", "second_factor"}
}

test_without_the_table_no_command_is_known if {
	decision := execute.decision with input as harmless
		with data.thresholds.voice.execute as limits
		with data.commands as {}
	decision.failed == {"approved", "authorised", "read_back", "second_factor"}
}

# authorised, own_tenant

test_a_role_that_may_not if decision_on({"subject": {"properties": {"roles": ["viewer"]}}}).failed == {"authorised"}

test_one_of_several_roles_may if decision_on({"subject": {"properties": {"roles": ["viewer", "engineer"]}}}).allow

test_a_command_that_is_not_in_the_table if {
	every change in [{"verb": "drop"}, {"target": "database"}, {"environment": "moon"}] {
		parsed := {"resource": {"properties": {"parsed": change}}}
		decision_on(parsed).failed == {"approved", "authorised"}
	}
}

test_the_target_of_another_tenant if {
	decision_on_all(object.union(harmless, {"resource": {"properties": {"tenant": "globex"}}})).failed == {"own_tenant"}
}

# recognised

test_hearings_that_agree_just_enough if in_circumstances({"recognition": {"agreement_percent": 65}}) == set()

test_hearings_that_agree_too_little if {
	in_circumstances({"recognition": {"agreement_percent": 64.99}}) == {"recognised"}
}

test_the_same_recogniser_twice if in_circumstances({"recognition": {"second": "grammar"}}) == {"recognised"}

test_only_one_hearing if {
	decision_on_all(json.remove(golden, ["context/recognition/second"])).failed == {"recognised"}
}

test_half_a_sentence if {
	half := {"resource": {"properties": {"parsed": {"complete": false}}}}
	decision_on(half).failed == {"recognised"}
	decision_on(object.union(half, {"context": {"channel": "text"}})).failed == {"recognised"}
}

test_a_command_that_came_in_no_known_way if in_circumstances({"channel": "gesture"}) == {"recognised"}

test_a_typed_command_needs_no_hearing if {
	typed := object.union(json.remove(golden, ["context/recognition"]), {"context": {"channel": "text"}})
	decision_on_all(typed).failed == set()
}

# nonce_unused

test_a_command_given_before if in_circumstances({"nonce": {"fresh": false}}) == {"nonce_unused"}

# approved

test_nobody_approved if {
	with_approval({"granted": false}) == {"approved"}
	decision_on_all(json.remove(golden, ["context/approval"])).failed == {"approved"}
}

test_nobody_approves_their_own_command if {
	with_approval({"approver": "usr-31"}) == {"approved"}
	with_approval({"approver": "Usr-31"}) == {"approved"}
}

test_an_approver_without_the_role if with_approval({"approver_roles": ["engineer"]}) == {"approved"}

test_an_approver_of_another_tenant if with_approval({"tenant": "globex"}) == {"approved"}

test_approval_of_another_command if with_approval({"command": "cmd-77ab"}) == {"approved"}

test_approved_299_300_and_301_seconds_ago if {
	with_approval({"approved_at": "2026-11-22T13:55:01Z"}) == set()
	with_approval({"approved_at": "2026-11-22T13:55:00Z"}) == set()
	with_approval({"approved_at": "2026-11-22T13:54:59Z"}) == {"approved"}
}

test_to_be_approved_later if with_approval({"approved_at": "2026-11-22T14:00:01Z"}) == {"approved"}

# read_back

test_no_answer_to_the_read_back if {
	with_read_back({"confirmed": false}) == {"read_back"}
	decision_on_all(json.remove(golden, ["context/read_back"])).failed == {"read_back"}
}

test_another_command_was_read_back if with_read_back({"command": "cmd-77ab"}) == {"read_back"}

test_read_back_exactly_as_long_ago_as_allowed if with_read_back({"confirmed_at": "2026-11-22T13:58:00Z"}) == set()

test_read_back_a_second_earlier if with_read_back({"confirmed_at": "2026-11-22T13:57:59Z"}) == {"read_back"}

# second_factor

test_second_factor_not_verified if {
	with_factor({"verified": false}) == {"second_factor"}
	decision_on_all(json.remove(golden, ["context/second_factor"])).failed == {"second_factor"}
}

test_second_factor_for_another_command if with_factor({"command": "cmd-77ab"}) == {"second_factor"}

test_methods_that_policy_does_not_name if {
	every method in ["email", "none", "sms", "voice_challenge"] {
		with_factor({"method": method}) == {"second_factor"}
	}
}

test_second_factor_exactly_as_long_ago_as_allowed if with_factor({"verified_at": "2026-11-22T13:55:00Z"}) == set()

test_second_factor_a_second_earlier if with_factor({"verified_at": "2026-11-22T13:54:59Z"}) == {"second_factor"}

# A dry run

test_a_dry_run_is_allowed_and_only_simulated if {
	decision := decision_on_all(object.union(unprepared, {"context": {"dry_run": true}}))
	decision.allow == true
	decision.failed == set()
	decision.obligations == simulate_only
}

test_a_dry_run_needs_the_role_the_hearings_and_a_new_nonce if {
	decision := decision_on({
		"subject": {"properties": {"roles": ["viewer"], "tenant": "globex"}},
		"context": {"dry_run": true, "nonce": {"fresh": false}, "recognition": {"agreement_percent": 10}},
	})
	decision.failed == {"authorised", "nonce_unused", "own_tenant", "recognised"}
	decision.obligations == []
}

test_what_is_not_known_to_be_meant_is_only_simulated if {
	decision_on_all(json.remove(golden, ["context/dry_run"])).obligations == simulate_only
}

# What to ask for

test_everything_that_is_missing_is_asked_for_in_order if {
	asked(unprepared) == ["request_approval", "request_read_back", "request_second_factor"]
}

test_what_is_there_is_not_asked_for if asked(json.remove(golden, ["context/read_back"])) == ["request_read_back"]

test_nothing_is_asked_for_where_it_would_not_help if {
	every gate, change in {
		"authorised": {"subject": {"properties": {"roles": ["viewer"]}}},
		"nonce_unused": {"context": {"nonce": {"fresh": false}}},
		"own_tenant": {"resource": {"properties": {"tenant": "globex"}}},
		"recognised": {"context": {"recognition": {"agreement_percent": 10}}},
	} {
		decision := decision_on_all(object.union(unprepared, change))
		decision.failed == {gate, "approved", "read_back", "second_factor"}
		decision.obligations == []
	}
}

# What the rule says before `gates.decision` leaves out what a refusal does not call for.
test_nothing_is_simulated_that_is_no_dry_run if {
	execute.obligations == [] with input as object.union(unprepared, {"context": {"nonce": {"fresh": false}}})
		with data.thresholds.voice.execute as limits
		with data.commands as commands
}
