package engagements.manage_test

import rego.v1

import data.engagements.manage

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
	"action": {"name": "engagements.manage"},
	"resource": {"type": "audit_firm", "id": "acme", "properties": {"state": "none"}},
	"context": {"change": "create", "networks": ["198.51.100.0/24", "2001:db8::/32"], "second_factor": true},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := manage.decision with input as object.union(golden, change)
		with data.roles as table
		with data.thresholds.engagements.widest_network as {"ipv4": 16, "ipv6": 32}
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

later := ["suspend", "resume", "name_auditor", "revoke_auditor", "end_session"]

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == manage.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["engagements.manage"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_every_role_that_may if {
	every group in ["cisos", "compliance", "security"] {
		failed(own({"groups": [group]})) == set()
	}
}

test_roles_that_may_not if {
	every group in ["auditors", "authors", "admins", "cooks"] {
		failed(own({"groups": [group]})) == {"authorised"}
	}
}

# confined

test_a_firm_without_a_network if failed(context({"networks": []})) == {"confined"}

test_networks_to_the_bit if {
	failed(context({"networks": ["198.51.0.0/16"]})) == set()
	failed(context({"networks": ["198.50.0.0/15"]})) == {"confined"}
	failed(context({"networks": ["2001:db8::/32"]})) == set()
	failed(context({"networks": ["2001:db8::/31"]})) == {"confined"}
	failed(context({"networks": ["::/0"]})) == {"confined"}
}

test_one_of_several_is_too_wide if failed(context({"networks": ["198.51.100.0/24", "0.0.0.0/0"]})) == {"confined"}

test_what_is_changed_is_looked_at_as_what_is_created if {
	changed := facts({"state": "active"})
	failed(object.union(changed, context({"change": "change"}))) == set()
	failed(object.union(changed, context({"change": "change", "networks": []}))) == {"confined"}
	failed(object.union(changed, context({"change": "change", "second_factor": false}))) == {"strong"}
}

test_what_describes_no_firm_needs_no_network if {
	every change in later {
		failed(object.union(facts({"state": "active"}), context({"change": change, "networks": [], "second_factor": false}))) == set()
	}
}

test_a_limit_that_is_missing if {
	decision := manage.decision with input as golden
		with data.roles as table
		with data.thresholds.engagements.widest_network as {"ipv6": 32}
	decision.failed == {"confined"}
}

# existing

test_a_firm_is_created_once if {
	failed(facts({"state": "active"})) == {"existing"}
	failed(facts({"state": "suspended"})) == {"existing"}
}

test_a_firm_that_is_not_there if {
	every change in array.concat(["change"], later) {
		failed(context({"change": change})) == {"existing"}
	}
}

test_a_suspended_firm_can_be_changed if {
	failed(object.union(facts({"state": "suspended"}), context({"change": "resume"}))) == set()
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}

# strong

test_a_firm_whose_auditors_show_no_second_factor if failed(context({"second_factor": false})) == {"strong"}

test_each_version_of_ip_has_its_own_limit if {
	decision := manage.decision with input as object.union(golden, context({"networks": ["198.51.100.0/23"]}))
		with data.roles as table
		with data.thresholds.engagements.widest_network as {"ipv4": 24, "ipv6": 16}
	decision.failed == {"confined"}
}
