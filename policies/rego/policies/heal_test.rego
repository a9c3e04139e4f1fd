package policies.heal_test

import rego.v1

import data.policies.heal

table := {"officer": {
	"admins": ["policy_admin"],
	"authors": ["policy_author"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"security": ["security_officer"],
}}

golden := {
	"subject": {"type": "job", "id": "policies.scan_drift", "properties": {}},
	"action": {"name": "policies.heal"},
	"resource": {
		"type": "policies",
		"id": "git:4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		"properties": {
			"digest": "3c9909afec25354d551dae21590bb26e38d53f2173b8d3dc3eee4c047e7ab1c1",
			"verified": true,
			"activated": true,
			"blocking": true,
		},
	},
	"context": {"by": "schedule"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := heal.decision with input as object.union(golden, change) with data.roles as table
}

of(facts) := decision_on({"resource": {"properties": facts}})

officer(groups) := decision_on({"subject": {
	"type": "officer",
	"id": "ofc-51",
	"properties": {"groups": groups},
}}).failed

test_the_job_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == heal.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_every_role_that_answers_for_policies if {
	every group in ["admins", "cisos", "security"] {
		officer([group]) == set()
	}
}

test_roles_that_only_write_or_watch if {
	officer(["authors", "compliance"]) == {"authorised"}
}

test_an_officer_who_is_called_like_the_job if {
	decision_on({"subject": {"type": "officer", "properties": {"groups": []}}}).failed == {"authorised"}
}

test_another_job if {
	decision := decision_on({"subject": {"id": "payloads.sweep"}})
	decision.allow == false
	decision.failed == {"authorised"}
}

# verified, activated, blocking

test_each_of_these_alone_denies if {
	every name in ["verified", "activated", "blocking"] {
		decision := of({name: false})
		decision.allow == false
		decision.failed == {name}
	}
}
