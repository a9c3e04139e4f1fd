package auditor_portal.write_test

import rego.v1

import data.auditor_portal.write

golden := {
	"subject": {
		"type": "auditor",
		"id": "acme/a.lee@acme.example",
		"properties": {"firm": "acme", "second_factor": true, "mfa_class": "totp"},
	},
	"action": {"name": "auditor_portal.write"},
	"resource": {
		"type": "engagement",
		"id": "soc2-2026",
		"properties": {
			"firm": "acme",
			"firm_state": "active",
			"member": true,
			"state": "open",
			"starts": "2026-11-01T00:00:00Z",
			"ends": "2026-12-01T00:00:00Z",
			"networks": ["198.51.100.0/24", "2001:db8::/32"],
			"object": {"kind": "note", "id": "7", "author": "acme/a.lee@acme.example"},
		},
	},
	"context": {"address": "198.51.100.7"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "portal"},
}

decision_on(change) := decision if {
	decision := write.decision with input as object.union(golden, change)
}

failed(change) := decision_on(change).failed

facts(change) := {"resource": {"properties": change}}

who(change) := {"subject": {"properties": change}}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == write.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["auditor_portal.write"] {
		rule.enforcement == "blocking"
	}
}

test_another_firm if failed(facts({"firm": "other"})) == {"own_firm"}

test_a_firm_that_is_suspended if failed(facts({"firm_state": "suspended"})) == {"own_firm"}

test_somebody_who_takes_no_part if failed(facts({"member": false})) == {"member"}

test_an_engagement_that_was_ended if failed(facts({"state": "ended"})) == {"open"}

test_its_time if {
	failed(facts({"starts": "2026-11-22T14:00:00Z"})) == set()
	failed(facts({"starts": "2026-11-22T14:00:01Z"})) == {"within"}
	failed(facts({"ends": "2026-11-22T14:00:01Z"})) == set()
	failed(facts({"ends": "2026-11-22T14:00:00Z"})) == {"within"}
}

test_where_they_come_from if {
	failed({"context": {"address": "2001:db8::7"}}) == set()
	failed({"context": {"address": "203.0.113.9"}}) == {"address"}
	failed(facts({"networks": []})) == {"address"}
}

test_without_a_second_factor if failed(who({"second_factor": false})) == {"second_factor"}

test_an_engagement_that_there_is_not if {
	failed(facts({"firm": "", "firm_state": "unknown", "member": false, "state": "unknown", "starts": "2000-01-01T00:00:00Z", "ends": "2000-01-01T00:00:00Z", "networks": []})) == {"address", "member", "open", "own_firm", "within"}
}

test_what_somebody_else_made if {
	failed(facts({"object": {"author": "acme/b.kim@acme.example"}})) == {"own_work"}
	failed(facts({"object": {"author": "acme/A.LEE@acme.example"}})) == {"own_work"}
}

test_what_is_new_or_belongs_to_all if failed(facts({"object": {"author": ""}})) == set()
