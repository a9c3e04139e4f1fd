package lib.certification_test

import rego.v1

import data.lib.certification

limits := {
	"min_coverage_percent": 80,
	"min_soak_hours": 24,
	"min_guaranteed_uptime_percent": 99.5,
	"min_insurance_usd": 1000000,
}

proved := {
	"digest": "sha256:aa",
	"basic": {"security_scan_passed": true, "coverage_percent": 80, "documentation_complete": true},
	"enterprise": {"soak_hours": 24, "compliance_scan_passed": true, "guaranteed_uptime_percent": 99.5},
	"critical": {"formal_verification_passed": true, "penetration_test_passed": true, "insurance_usd": 1000000},
}

ladder := ["none", "basic", "enterprise", "critical"]

# The levels that a component with this certification reaches.
levels_of(component) := {level |
	some level in ladder
	certification.reaches(component, level) with data.thresholds.studio.certification as limits
}

levels(change) := levels_of({"digest": "sha256:aa", "certification": object.union(proved, change)})

at_most_none := {"none"}

at_most_basic := {"none", "basic"}

at_most_enterprise := {"none", "basic", "enterprise"}

test_exactly_at_every_limit if levels({}) == {"none", "basic", "enterprise", "critical"}

test_basic_is_the_ground_of_all if {
	every change in [
		{"security_scan_passed": false},
		{"documentation_complete": false},
		{"coverage_percent": 79.9},
	] {
		levels({"basic": change}) == at_most_none
	}
}

test_enterprise_asks_for_more if {
	every change in [
		{"soak_hours": 23.9},
		{"compliance_scan_passed": false},
		{"guaranteed_uptime_percent": 99.4},
	] {
		levels({"enterprise": change}) == at_most_basic
	}
}

test_critical_asks_for_most if {
	every change in [
		{"formal_verification_passed": false},
		{"penetration_test_passed": false},
		{"insurance_usd": 999999},
	] {
		levels({"critical": change}) == at_most_enterprise
	}
}

test_evidence_for_another_digest_proves_nothing if levels({"digest": "sha256:bb"}) == at_most_none

test_evidence_that_is_not_there if {
	levels_of({}) == at_most_none
	levels_of({"digest": "sha256:aa"}) == at_most_none
	levels_of({"certification": object.remove(proved, ["digest"])}) == at_most_none
	levels_of({"digest": "sha256:aa", "certification": object.remove(proved, ["enterprise"])}) == at_most_basic
	levels_of({"digest": "sha256:aa", "certification": object.remove(proved, ["critical"])}) == at_most_enterprise
}

test_there_is_no_fifth_level if {
	every level in ["gold", "", null, 3] {
		not certification.reaches({"digest": "sha256:aa", "certification": proved}, level)
	}
}

test_without_limits_nothing_is_certified if {
	reached := {level |
		some level in ladder
		certification.reaches({"digest": "sha256:aa", "certification": proved}, level) with data.thresholds as {}
	}
	reached == at_most_none
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.studio.certification
	object.keys(shipped) == object.keys(limits)
	every limit in shipped {
		is_number(limit)
	}
}
