package studio.use_component_test

import rego.v1

import data.studio.use_component

limits := {
	"use_component": {"certification_of_unlisted": {"open": "none", "standard": "basic"}},
	"certification": {"min_coverage_percent": 80},
}

# A strict workspace, with lists for each kind.
kinds := {
	"agent": {"allow": ["approved_agent_1", "acme/*"], "deny": ["experimental_*", "beta_*"]},
	"tool": {"allow": ["filesystem", "git_ops"], "deny": ["web_scraper", "email_sender"]},
	"integration": {"allow": ["salesforce", "jira"], "deny": ["*"]},
}

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "editor"}},
	"action": {"name": "studio.use_component"},
	"resource": {
		"type": "component",
		"id": "approved_agent_1",
		"properties": {
			"kind": "agent",
			"digest": "sha256:aa",
			"workspace": {"id": "ws-7d20", "governance": "strict", "components": kinds},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

certification := {
	"digest": "sha256:aa",
	"basic": {"security_scan_passed": true, "coverage_percent": 91, "documentation_complete": true},
}

decision_on(change) := decision if {
	decision := use_component.decision with input as object.union(golden, change)
		with data.thresholds.studio as limits
}

failed(change) := decision_on(change).failed

component(name, facts) := {"resource": {"id": name, "properties": facts}}

agent(name, governance) := component(name, {"workspace": {"governance": governance}})

member(facts) := {"subject": {"properties": facts}}

test_an_agent_on_the_list_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == use_component.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_component if {
	not use_component.decision.allow with input as {"action": {"name": "studio.use_component"}}
}

test_the_shipped_default_of_each_level_is_a_certification if {
	shipped := data.thresholds.studio.use_component
	object.keys(shipped) == {"certification_of_unlisted"}
	every level, certified in shipped.certification_of_unlisted {
		level in ["open", "standard", "strict"]
		certified in ["none", "basic", "enterprise", "critical"]
	}
}

test_missing_limits_allow_nothing_unlisted if {
	decision := use_component.decision with input as object.union(golden, agent("reader", "open"))
		with data.thresholds as {}
	decision.failed == {"allowed"}
}

# authorised

test_an_owner_may_too if failed(member({"role": "owner"})) == set()

test_roles_that_may_not if {
	every role in ["commenter", "viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

# allowed

test_the_name_alone_beats_a_pattern_that_denies_everything if {
	failed(component("salesforce", {"kind": "integration"})) == set()
	failed(component("hubspot", {"kind": "integration"})) == {"allowed"}
}

test_a_pattern_that_denies if {
	every governance in ["open", "standard", "strict"] {
		failed(agent("experimental_x", governance)) == {"allowed"}
	}
}

test_a_pattern_that_allows if failed(agent("acme/reader", "strict")) == set()

test_unlisted_in_a_strict_workspace if failed(agent("reader", "strict")) == {"allowed"}

test_unlisted_in_an_open_workspace if failed(agent("reader", "open")) == set()

test_unlisted_in_a_standard_workspace if {
	failed(agent("reader", "standard")) == {"allowed"}
	failed(component("reader", {"workspace": {"governance": "standard"}, "certification": certification})) == set()
}

test_a_certification_for_other_bytes if {
	other := object.union(certification, {"digest": "sha256:bb"})
	failed(component("reader", {"workspace": {"governance": "standard"}, "certification": other})) == {"allowed"}
}

test_the_lists_of_another_kind_do_not_count if failed(component("filesystem", {"kind": "agent"})) == {"allowed"}
