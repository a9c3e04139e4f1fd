package lib.restriction_test

import rego.v1

import data.lib.restriction

table := {
	"law": {"basis": "legal_obligation"},
	"learn": {"basis": "consent"},
	"sell": {"basis": "contract"},
	"watch": {"basis": "legitimate_interests"},
}

leaves(purpose, restricted, objected) if {
	facts := {"restricted": restricted, "objected": objected}
	restriction.leaves(purpose, facts) with data.purposes as table
}

test_without_a_mark_everything_is_left if {
	every purpose in ["law", "learn", "sell", "unknown", "watch"] {
		leaves(purpose, false, false)
	}
}

test_a_restriction_leaves_nothing if {
	every purpose in ["law", "learn", "sell", "unknown", "watch"] {
		not leaves(purpose, true, false)
		not leaves(purpose, true, true)
	}
}

test_an_objection_leaves_what_rests_on_a_firm_ground if {
	leaves("law", false, true)
	leaves("sell", false, true)
	every purpose in ["learn", "unknown", "watch"] {
		not leaves(purpose, false, true)
	}
}

test_what_nobody_looked_up_leaves_nothing if {
	not restriction.leaves("learn", {"restricted": false}) with data.purposes as table
	not restriction.leaves("sell", {"objected": false}) with data.purposes as table
}
