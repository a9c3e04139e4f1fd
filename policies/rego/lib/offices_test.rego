package lib.offices_test

import rego.v1

import data.lib.offices

held_by(subject) := found if {
	found := offices.of(subject) with data.roles as {"officer": {"omega-finance": ["finance"]}}
}

officer(properties) := {"type": "officer", "id": "off-08", "properties": properties}

test_an_officer_by_group if held_by(officer({"groups": ["omega-finance", "guests"]})) == {"finance"}

test_an_officer_whom_a_service_appointed if held_by(officer({"roles": ["support"]})) == {"support"}

test_both if held_by(officer({"groups": ["omega-finance"], "roles": ["support"]})) == {"finance", "support"}

test_an_officer_of_no_office if held_by(officer({})) == set()

test_nobody_else_holds_one if {
	every kind in ["buyer", "developer", "job", "service"] {
		not held_by({"type": kind, "id": "off-08", "properties": {"roles": ["support"]}})
	}
}

test_one_of_several_is_enough if offices.holds(officer({"roles": ["support"]}), {"finance", "support"})

test_another_office_is_none if not offices.holds(officer({"roles": ["support"]}), {"finance"})
