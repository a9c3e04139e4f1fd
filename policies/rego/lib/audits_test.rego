package lib.audits_test

import rego.v1

import data.lib.audits

golden := {
	"subject": {"type": "auditor", "id": "acme/a", "properties": {"firm": "acme", "second_factor": true, "mfa_class": "totp"}},
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
		},
	},
	"context": {"address": "198.51.100.7"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "portal"},
}

conditions contains "address" if audits.address

conditions contains "member" if audits.member

conditions contains "open" if audits.open

conditions contains "own_firm" if audits.own_firm

conditions contains "second_factor" if audits.second_factor

conditions contains "within" if audits.within

required := {"address", "member", "open", "own_firm", "second_factor", "within"}

failed(change) := required - passed if {
	passed := conditions with input as object.union(golden, change)
}

facts(change) := {"resource": {"properties": change}}

who(change) := {"subject": {"properties": change}}

at(time) := {"environment": {"time": time}}

from(address) := {"context": {"address": address}}

test_a_good_one if failed({}) == set()

test_another_firm if {
	failed(who({"firm": "other"})) == {"own_firm"}
	failed(facts({"firm": "other"})) == {"own_firm"}
	failed(facts({"firm_state": "suspended"})) == {"own_firm"}
}

test_nobodys_firm_is_nobodys_own if {
	failed(object.union(who({"firm": ""}), facts({"firm": ""}))) == {"own_firm"}
}

test_an_officer_is_no_auditor if failed({"subject": {"type": "officer"}}) == {"own_firm"}

test_somebody_who_takes_no_part if failed(facts({"member": false})) == {"member"}

test_an_engagement_that_ended if {
	failed(facts({"state": "ended"})) == {"open"}
	failed(facts({"state": "unknown"})) == {"open"}
}

test_its_time if {
	failed(at("2026-11-01T00:00:00Z")) == set()
	failed(at("2026-11-30T23:59:59Z")) == set()
	failed(at("2026-10-31T23:59:59Z")) == {"within"}
	failed(at("2026-12-01T00:00:00Z")) == {"within"}
}

test_where_they_come_from if {
	failed(from("198.51.100.255")) == set()
	failed(from("2001:db8::1")) == set()
	failed(from("198.51.101.0")) == {"address"}
	failed(from("2001:db9::1")) == {"address"}
	failed(facts({"networks": []})) == {"address"}
}

test_what_is_no_address_is_in_no_network if {
	every nothing in ["", "nowhere", "198.51.100", "::1::"] {
		failed(from(nothing)) == {"address"}
	}
}

test_what_is_no_network_has_nobody_in_it_and_harms_no_other if {
	failed(facts({"networks": ["198.51.100.0/999", "nowhere/24"]})) == {"address"}
	failed(facts({"networks": ["nowhere/24", "198.51.100.0/24"]})) == set()
}

test_without_a_second_factor if failed(who({"second_factor": false})) == {"second_factor"}
