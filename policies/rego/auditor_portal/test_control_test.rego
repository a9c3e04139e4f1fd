package auditor_portal.test_control_test

import rego.v1

import data.auditor_portal.test_control

golden := {
	"subject": {
		"type": "auditor",
		"id": "acme/a.lee@acme.example",
		"properties": {"firm": "acme", "second_factor": true, "mfa_class": "totp"},
	},
	"action": {"name": "auditor_portal.test_control"},
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
			"object": {
				"kind": "test",
				"id": "access-review",
				"phase": "events",
				"serves": ["hipaa", "soc2"],
				"frameworks": ["iso27001", "soc2"],
				"period_end": "2026-11-01T00:00:00Z",
			},
		},
	},
	"context": {"address": "198.51.100.7"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "portal"},
}

decision_on(change) := decision if {
	decision := test_control.decision with input as object.union(golden, change)
}

failed(change) := decision_on(change).failed

facts(change) := {"resource": {"properties": change}}

who(change) := {"subject": {"properties": change}}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == test_control.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["auditor_portal.test_control"] {
		rule.enforcement == "blocking"
	}
}

thing(change) := facts({"object": change})

test_a_control_that_serves_no_framework_of_the_engagement if {
	failed(thing({"serves": ["hipaa"]})) == {"in_engagement"}
	failed(thing({"serves": []})) == {"in_engagement"}
	failed(thing({"frameworks": []})) == {"in_engagement"}
}

test_events_before_the_period_is_over if {
	failed(thing({"period_end": "2026-11-22T14:00:01Z"})) == {"period_over"}
	failed(thing({"period_end": "2026-11-22T14:00:00Z"})) == set()
}

test_configuration_once_the_period_is_over if {
	failed(thing({"phase": "configuration"})) == {"period_over"}
	failed(thing({"phase": "configuration", "period_end": "2026-11-22T14:00:00Z"})) == {"period_over"}
	failed(thing({"phase": "configuration", "period_end": "2026-11-22T14:00:01Z"})) == set()
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
