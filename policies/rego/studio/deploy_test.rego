package studio.deploy_test

import rego.v1

import data.studio.deploy

# Tests bring their own limits, windows and approvers, so that a change of policies/data does not break them.
limits := {
	"deploy": {"min_approvers": 2, "max_secret_age_days": 90},
	"use_component": {"certification_of_unlisted": {"open": "none"}},
	"certification": {
		"min_coverage_percent": 80,
		"min_soak_hours": 24,
		"min_guaranteed_uptime_percent": 99.5,
		"min_insurance_usd": 1000000,
	},
}

windows := {
	"freezes": [],
	"windows": {"sunday": {
		"zone": "UTC",
		"allow": [{"days": ["Sunday"], "from": "12:00", "to": "16:00"}],
		"deny": [],
		"freezes": [],
	}},
}

overrides := {
	"approvers": {"studio.deploy": {"in_change_window": ["ciso", "compliance_officer"]}},
	"max_duration_hours": {"studio.deploy": {"in_change_window": 24}},
}

digest := "sha256:aa"

lead := {"person": "mem-0002", "role": "team_lead", "digest": digest, "at": "2026-11-21T09:00:00Z"}

security := {"person": "mem-0003", "role": "security_officer", "digest": digest, "at": "2026-11-22T14:00:00Z"}

reader := {
	"name": "invoice-reader",
	"kind": "agent",
	"digest": "sha256:bb",
	"certification": {
		"digest": "sha256:bb",
		"basic": {"security_scan_passed": true, "coverage_percent": 91, "documentation_complete": true},
		"enterprise": {"soak_hours": 26, "compliance_scan_passed": true, "guaranteed_uptime_percent": 99.9},
	},
}

vault := {"type": "key_vault", "rotated_at": "2026-10-01T00:00:00Z"}

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "editor"}},
	"action": {"name": "studio.deploy"},
	"resource": {
		"type": "workflow",
		"id": "wf-4b1e",
		"properties": {
			"digest": digest,
			"authors": ["mem-3c11", "mem-0001"],
			"components": [reader],
			"secrets": [vault],
			"findings": {"plaintext_secrets": 0},
			"ai_act": {"class": "minimal"},
			"workspace": {
				"id": "ws-7d20",
				"governance": "strict",
				"components": {
					"agent": {"allow": ["invoice-reader"], "deny": ["experimental_*"]},
					"tool": {"allow": [], "deny": []},
					"integration": {"allow": [], "deny": []},
				},
				"certification": "enterprise",
				"approver_roles": ["team_lead", "security_officer"],
				"change_window": "sunday",
				"secrets": {"access_logged": true},
			},
		},
	},
	"context": {
		"approvals": [lead, security],
		"tests": {"passed": true, "digest": digest},
		"rollback": {"plan": "previous_version", "digest": "sha256:00"},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

grant := {
	"id": "ovr-1",
	"kind": "request",
	"action": "studio.deploy",
	"gate": "in_change_window",
	"subject": {"type": "member", "id": "mem-3c11"},
	"resource": {"type": "workflow", "id": "wf-4b1e"},
	"by": "mem-3c11",
	"role": "editor",
	"from": "2026-11-22T13:30:00Z",
	"expires_at": "2026-11-23T12:00:00Z",
	"hours": 24,
	"minutes": 15,
	"approvals": [
		{"person": "per-1", "role": "ciso", "at": "2026-11-22T13:00:00Z"},
		{"person": "per-2", "role": "compliance_officer", "at": "2026-11-22T13:30:00Z"},
	],
}

decision_on(change) := decision if {
	decision := deploy.decision with input as object.union(golden, change)
		with data.thresholds.studio as limits
		with data.change_windows as windows
		with data.overrides as overrides
}

failed(change) := decision_on(change).failed

member(facts) := {"subject": {"properties": facts}}

workflow(facts) := {"resource": {"properties": facts}}

workspace(facts) := workflow({"workspace": facts})

approved_by(approvals) := failed({"context": {"approvals": approvals}})

secrets(list) := failed(workflow({"secrets": list}))

ai_act(facts) := failed(workflow({"ai_act": facts}))

# The whole workflow consists of this component.
made_of(change) := failed(workflow({"components": [object.union(reader, change)]}))

# At four o'clock the window is closed.
at_four(change) := decision_on(object.union(change, {"environment": {"time": "2026-11-22T16:00:00Z"}}))

overridden_by(grants) := decision_on({"environment": {"time": "2026-11-22T16:00:00Z", "overrides": grants}})

test_a_good_deployment_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == deploy.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.studio.deploy
	object.keys(shipped) == object.keys(limits.deploy)
	is_number(shipped.max_secret_age_days)
	shipped.min_approvers >= 2
	is_number(shipped.min_approvers)
}

test_missing_limits_close_their_gates if {
	decision := deploy.decision with input as golden
		with data.thresholds as {}
		with data.change_windows as {}
		with data.overrides as {}
	decision.failed == {"certified", "in_change_window", "secrets_rotated", "two_approvers"}
}

test_no_facts_no_deployment if not deploy.decision.allow with input as {"action": {"name": "studio.deploy"}}

# authorised

test_an_owner_may_deploy if failed(member({"role": "owner"})) == set()

test_roles_that_may_not_deploy if {
	every role in ["commenter", "viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

# two_approvers, roles_approved

test_nobody_approved if approved_by([]) == {"roles_approved", "two_approvers"}

test_one_approver if approved_by([lead]) == {"roles_approved", "two_approvers"}

test_one_person_in_both_roles if {
	approved_by([lead, object.union(security, {"person": "mem-0002"})]) == {"two_approvers"}
}

test_capitals_make_no_second_approver if {
	approved_by([lead, object.union(security, {"person": "MEM-0002"})]) == {"two_approvers"}
}

test_capitals_make_no_author_another_person if {
	approved_by([lead, object.union(security, {"person": "MEM-3C11"})]) == {"roles_approved", "two_approvers"}
}

test_two_persons_in_one_role if approved_by([lead, object.union(lead, {"person": "mem-0004"})]) == {"roles_approved"}

test_an_author_approves if {
	every author in ["mem-3c11", "mem-0001"] {
		approved_by([lead, object.union(security, {"person": author})]) == {"roles_approved", "two_approvers"}
	}
}

test_another_version_was_approved if {
	approved_by([lead, object.union(security, {"digest": "sha256:00"})]) == {"roles_approved", "two_approvers"}
}

test_an_approver_in_a_role_that_nobody_named if {
	approved_by([lead, object.union(security, {"role": "intern"})]) == {"roles_approved", "two_approvers"}
}

test_an_approval_still_to_be_given if {
	approved_by([lead, object.union(security, {"at": "2026-11-22T14:00:01Z"})]) == {"roles_approved", "two_approvers"}
}

test_approvals_that_do_not_count_harm_nothing if {
	approved_by([object.union(lead, {"digest": "sha256:00"}), lead, security]) == set()
}

test_two_persons_where_the_workspace_names_one_role if {
	one_role := workspace({"approver_roles": ["team_lead"]})
	failed(one_role) == {"two_approvers"}
	two := {"context": {"approvals": [lead, object.union(lead, {"person": "mem-0004"})]}}
	failed(object.union(one_role, two)) == set()
}

test_a_third_role_has_to_approve_too if {
	failed(workspace({"approver_roles": ["team_lead", "security_officer", "legal"]})) == {"roles_approved"}
}

test_without_known_authors_no_approval_counts if {
	decision := deploy.decision with input as json.remove(golden, ["resource/properties/authors"])
		with data.thresholds.studio as limits
		with data.change_windows as windows
	decision.failed == {"roles_approved", "two_approvers"}
}

# tested

test_tests_failed if failed({"context": {"tests": {"passed": false}}}) == {"tested"}

test_another_version_was_tested if failed({"context": {"tests": {"digest": "sha256:00"}}}) == {"tested"}

# rollback_plan

test_no_plan if failed({"context": {"rollback": {"plan": "none"}}}) == {"rollback_plan"}

test_back_to_the_same_version if failed({"context": {"rollback": {"digest": digest}}}) == {"rollback_plan"}

test_back_to_a_version_that_is_not_named if {
	decision := deploy.decision with input as json.remove(golden, ["context/rollback/digest"])
		with data.thresholds.studio as limits
		with data.change_windows as windows
	decision.failed == {"rollback_plan"}
}

test_a_first_version_is_withdrawn if failed({"context": {"rollback": {"plan": "withdraw"}}}) == set()

# secrets_by_reference, secrets_rotated, secret_access_logged

test_every_kind_of_reference if {
	every type in ["env_var", "key_vault", "secret_manager"] {
		secrets([object.union(vault, {"type": type})]) == set()
	}
}

test_one_secret_in_plain_text if {
	secrets([vault, object.union(vault, {"type": "plaintext"})]) == {"secrets_by_reference"}
}

test_something_that_looks_like_a_secret if {
	failed(workflow({"findings": {"plaintext_secrets": 1}})) == {"secrets_by_reference"}
}

test_rotated_exactly_90_days_ago if secrets([object.union(vault, {"rotated_at": "2026-08-24T14:00:00Z"})]) == set()

test_one_secret_rotated_90_days_and_a_second_ago if {
	secrets([vault, object.union(vault, {"rotated_at": "2026-08-24T13:59:59Z"})]) == {"secrets_rotated"}
}

test_rotated_in_the_future if {
	secrets([object.union(vault, {"rotated_at": "2026-11-22T14:00:01Z"})]) == {"secrets_rotated"}
}

test_access_to_secrets_is_not_logged if {
	failed(workspace({"secrets": {"access_logged": false}})) == {"secret_access_logged"}
}

test_without_secrets_there_is_nothing_to_log if {
	failed(workflow({"secrets": [], "workspace": {"secrets": {"access_logged": false}}})) == set()
}

# components_allowed, certified

test_a_component_that_is_denied if {
	experimental := object.union(reader, {"name": "experimental_reader"})
	every governance in ["open", "strict"] {
		mixed := {"components": [reader, experimental], "workspace": {"governance": governance}}
		failed(workflow(mixed)) == {"components_allowed"}
	}
}

test_a_component_that_nobody_listed if {
	made_of({"name": "other"}) == {"components_allowed"}
	failed(workflow({
		"components": [object.union(reader, {"name": "other"})],
		"workspace": {"governance": "open"},
	})) == set()
}

test_a_component_certified_too_low if {
	failed(workspace({"certification": "critical"})) == {"certified"}
	made_of({"certification": {"enterprise": {"soak_hours": 23}}}) == {"certified"}
}

test_a_component_of_other_bytes_than_were_certified if made_of({"digest": "sha256:cc"}) == {"certified"}

test_one_component_without_certification if {
	bare := json.remove(reader, ["certification"])
	failed(workflow({"components": [reader, bare]})) == {"certified"}
	failed(workflow({"components": [reader, bare], "workspace": {"certification": "none"}})) == set()
}

# ai_practice_permitted, high_risk_duties, transparency_notice

test_an_unacceptable_risk_is_never_deployed if {
	duties := {"risk_assessment": true, "data_governance": true, "human_oversight": true, "transparency": true}
	ai_act(object.union(duties, {"class": "unacceptable", "notice": true})) == {
		"ai_practice_permitted",
		"high_risk_duties",
		"transparency_notice",
	}
}

test_a_workflow_that_nobody_classified if {
	ai_act({"class": "unclassified"}) == {"ai_practice_permitted", "high_risk_duties", "transparency_notice"}
}

test_high_risk_needs_all_four if {
	duties := {"risk_assessment": true, "data_governance": true, "human_oversight": true, "transparency": true}
	ai_act(object.union(duties, {"class": "high"})) == set()
	every duty in object.keys(duties) {
		ai_act(object.union(duties, {"class": "high", duty: false})) == {"high_risk_duties"}
		ai_act(object.union(object.remove(duties, [duty]), {"class": "high"})) == {"high_risk_duties"}
	}
}

test_limited_risk_needs_the_notice if {
	ai_act({"class": "limited", "notice": true}) == set()
	ai_act({"class": "limited", "notice": false}) == {"transparency_notice"}
	ai_act({"class": "limited"}) == {"transparency_notice"}
}

# in_change_window

test_the_window_has_closed if {
	decision := at_four({})
	decision.failed == {"in_change_window"}
	decision.obligations == []
}

test_a_window_that_nobody_described if failed(workspace({"change_window": "whenever"})) == {"in_change_window"}

test_an_override_opens_a_closed_window_and_is_reviewed if {
	decision := overridden_by([grant])
	decision.allow == true
	decision.failed == {"in_change_window"}
	decision.overridden == {{"gate": "in_change_window", "id": "ovr-1"}}
	decision.obligations == [{"id": "review_override", "type": "review"}]
}

test_an_override_that_was_not_needed_is_not_used if {
	decision := decision_on({"environment": {"overrides": [grant]}})
	decision.failed == set()
	decision.overridden == set()
	decision.obligations == []
}

test_an_override_that_the_caller_states_is_none if {
	decision := at_four({"context": {"override": grant, "overrides": [grant]}})
	decision.allow == false
	decision.failed == {"in_change_window"}
}

test_nobody_deploys_with_an_override_of_his_own if {
	every person in ["mem-3c11", "MEM-3C11"] {
		own := object.union(grant, {"approvals": [
			{"person": person, "role": "ciso", "at": "2026-11-22T13:00:00Z"},
			{"person": "per-2", "role": "compliance_officer", "at": "2026-11-22T13:30:00Z"},
		]})
		overridden_by([own]).allow == false
	}
}

# Where this gate fails, others do: that it blocks shows in nothing but what the decision says of it.
test_ai_practice_permitted_is_no_mere_report if data.rules["studio.deploy"].ai_practice_permitted.enforcement == "blocking"
