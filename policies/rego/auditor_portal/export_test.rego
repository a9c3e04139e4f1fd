package auditor_portal.export_test

import rego.v1

import data.auditor_portal.export

golden := {
	"subject": {
		"type": "auditor",
		"id": "acme/a.lee@acme.example",
		"properties": {"firm": "acme", "second_factor": true, "mfa_class": "totp"},
	},
	"action": {"name": "auditor_portal.export"},
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
				"kind": "report",
				"id": "",
				"framework": "soc2",
				"frameworks": ["iso27001", "soc2"],
				"format": "zip",
				"from": "2026-10-01T00:00:00Z",
				"to": "2026-11-01T00:00:00Z",
				"period_start": "2026-10-01T00:00:00Z",
				"period_end": "2026-11-01T00:00:00Z",
				"sha256": "",
				"report": "",
			},
		},
	},
	"context": {"address": "198.51.100.7"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "portal"},
}

decision_on(change) := decision if {
	decision := export.decision with input as object.union(golden, change)
}

failed(change) := decision_on(change).failed

facts(change) := {"resource": {"properties": change}}

who(change) := {"subject": {"properties": change}}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == export.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["auditor_portal.export"] {
		rule.enforcement == "blocking"
	}
}

thing(change) := facts({"object": change})

test_a_framework_of_another_engagement if {
	failed(thing({"framework": "hipaa"})) == {"in_engagement"}
	failed(thing({"frameworks": []})) == {"in_engagement"}
}

test_a_part_of_the_period if {
	failed(thing({"from": "2026-10-02T00:00:00Z", "to": "2026-10-03T00:00:00Z"})) == set()
	failed(thing({"from": "2026-10-02T00:00:00Z", "to": "2026-10-02T00:00:00Z"})) == {"in_engagement"}
}

test_more_than_the_period if {
	failed(thing({"from": "2026-09-30T23:59:59Z"})) == {"in_engagement"}
	failed(thing({"to": "2026-11-01T00:00:01Z"})) == {"in_engagement"}
}

test_a_period_that_is_not_over if {
	failed(thing({"to": "2026-11-22T14:00:00Z", "period_end": "2026-12-01T00:00:00Z"})) == set()
	failed(thing({"to": "2026-11-22T14:00:01Z", "period_end": "2026-12-01T00:00:00Z"})) == {"period_over"}
}

hashes := {"sha256": "abc1", "report": "def2"}

obligations(change) := decision_on(thing(change)).obligations

test_the_log_names_what_it_vouches_for if {
	obligations(object.union(hashes, {"kind": "workpaper"})) == [{"id": "workpaper", "type": "execution", "manifest": "abc1", "report": "def2"}]
	obligations(object.union(hashes, {"kind": "file"})) == [{"id": "file", "type": "execution", "sha256": "abc1"}]
	obligations(object.union(hashes, {"kind": "report"})) == []
}

test_nothing_is_vouched_for_that_has_no_hash if {
	obligations({"kind": "workpaper", "sha256": "abc1"}) == []
	obligations({"kind": "workpaper", "report": "def2"}) == []
	obligations({"kind": "file"}) == []
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
