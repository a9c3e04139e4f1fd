package dsr.handle_test

import rego.v1

import data.dsr.handle

table := {"officer": {
	"privacy": ["privacy_officer"],
	"protection": ["data_protection_officer"],
	"compliance": ["compliance_officer"],
	"auditors": ["auditor"],
	"cisos": ["ciso"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
}}

limits := {
	"second_person": ["erase"],
	"methods": ["documents"],
	"extension_reasons": ["complexity"],
	"grounds": {
		"excessive": {"kinds": ["access", "erase"], "laws": {"gdpr": "12(5)", "ccpa": "1798.145(h)(3)"}},
		"legal_obligation": {"kinds": ["erase"], "laws": {"gdpr": "17(3)(b)"}},
	},
}

steps := [
	"agree", "approve", "ask", "ask_identity", "cancel", "deny", "extend", "hold", "link", "manual_done", "pause",
	"release", "resume", "retry", "unlink", "verify",
]

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["privacy"], "second_factor": true}},
	"action": {"name": "dsr.handle"},
	"resource": {
		"type": "dsr_request", "id": "dsr-1f",
		"properties": {
			"kind": "access",
			"law": "gdpr",
			"state": "pending",
			"steps": 2,
			"verified": true,
			"extended": false,
			"first_due": "2026-11-22T14:00:00Z",
			"approvers": [],
			"held": false,
			"own": false,
			"possible": steps,
		},
	},
	"context": {"step": "approve", "code": ""},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := handle.decision with input as object.union(golden, change)
		with data.roles as table
		with data.data_subjects as limits
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

step(name, code) := {"context": {"step": name, "code": code}}

taken(name, code, change) := failed(object.union(step(name, code), facts(change)))

job(name) := {"subject": {"type": "job", "id": name, "properties": {"groups": [], "second_factor": false}}}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == handle.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["dsr.handle"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_every_role_that_may if {
	every group in ["privacy", "protection", "compliance"] {
		failed(own({"groups": [group]})) == set()
	}
}

test_roles_that_may_not if {
	every group in ["auditors", "cisos", "admins", "security"] {
		failed(own({"groups": [group]})) == {"authorised"}
	}
}

test_the_node if {
	failed(job("node")) == set()
	failed(job("drift")) == {"authorised", "second_factor"}
	failed({"subject": {"id": "node", "properties": {"groups": []}}}) == {"authorised"}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}

# not_own

test_a_request_of_the_officer if failed(facts({"own": true})) == {"not_own"}

# in_order

test_a_step_that_is_none_from_here if {
	failed(facts({"possible": ["cancel"]})) == {"in_order"}
	failed(facts({"possible": []})) == {"in_order"}
}

# identity_verified

test_nothing_is_approved_of_somebody_unknown if {
	taken("approve", "", {"verified": false}) == {"identity_verified"}
	taken("agree", "", {"verified": false}) == {"identity_verified"}
}

test_everything_else_is_done_of_somebody_unknown if {
	taken("verify", "documents", {"verified": false}) == set()
	taken("deny", "excessive", {"verified": false}) == set()
	taken("ask_identity", "", {"verified": false}) == set()
}

# named

test_grounds_are_of_the_law_and_of_the_kind if {
	taken("deny", "excessive", {}) == set()
	taken("deny", "excessive", {"law": "ccpa"}) == set()
	taken("deny", "legal_obligation", {"kind": "erase"}) == set()
	taken("deny", "legal_obligation", {}) == {"named"}
	taken("deny", "legal_obligation", {"kind": "erase", "law": "ccpa"}) == {"named"}
	taken("deny", "complexity", {}) == {"named"}
	taken("deny", "", {}) == {"named"}
}

test_an_extension_has_a_reason if {
	taken("extend", "complexity", {}) == set()
	taken("extend", "excessive", {}) == {"named"}
	taken("extend", "", {}) == {"named"}
}

test_a_verification_has_a_method if {
	taken("verify", "documents", {}) == set()
	taken("verify", "complexity", {}) == {"named"}
	taken("deny", "documents", {}) == {"named"}
	taken("verify", "", {}) == {"named"}
}

test_what_is_put_aside_has_a_reason if {
	every name in ["hold", "link", "pause", "release"] {
		taken(name, "litigation:17", {}) == set()
		taken(name, "", {}) == {"named"}
	}
}

test_the_other_steps_name_nothing if {
	every name in ["agree", "approve", "ask", "ask_identity", "cancel", "manual_done", "resume", "retry", "unlink"] {
		taken(name, "", {}) == set()
	}
}

# in_time

test_an_extension_to_the_second if {
	taken("extend", "complexity", {"first_due": "2026-11-22T13:59:59Z"}) == {"in_time"}
	taken("approve", "", {"first_due": "2026-11-22T13:59:59Z"}) == set()
}

test_an_extension_comes_once if {
	taken("extend", "complexity", {"extended": true}) == {"in_time"}
	taken("approve", "", {"extended": true}) == set()
}

# second_person

test_an_erasure_takes_two if {
	taken("approve", "", {"kind": "erase"}) == {"second_person"}
	taken("approve", "", {"kind": "erase", "approvers": ["ofc-2"]}) == set()
	taken("agree", "", {"kind": "erase"}) == set()
}

test_the_second_is_another_person if {
	taken("approve", "", {"kind": "erase", "approvers": ["ofc-1"]}) == {"second_person"}
	taken("approve", "", {"kind": "erase", "approvers": ["OFC-1"]}) == {"second_person"}
	taken("approve", "", {"kind": "erase", "approvers": ["ofc-2", "ofc-1"]}) == {"second_person"}
	taken("agree", "", {"kind": "erase", "approvers": ["ofc-1"]}) == {"second_person"}
	taken("deny", "excessive", {"kind": "erase", "approvers": ["ofc-1"]}) == set()
}

# not_held

test_nobody_held_is_erased if {
	taken("approve", "", {"kind": "erase", "approvers": ["ofc-2"], "held": true}) == {"not_held"}
	taken("approve", "", {"held": true}) == set()
	taken("agree", "", {"kind": "erase", "held": true}) == set()
}

# The data in force.

test_every_ground_names_kinds_and_laws if {
	count(data.data_subjects.grounds) > 0
	every ground in data.data_subjects.grounds {
		count(ground.kinds) > 0
		count(ground.laws) > 0
	}
}
