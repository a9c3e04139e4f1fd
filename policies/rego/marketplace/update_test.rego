package marketplace.update_test

import rego.v1

import data.marketplace.update

golden := {
	"subject": {"type": "developer", "id": "dev-7f3a"},
	"action": {"name": "marketplace.update"},
	"resource": {
		"type": "release",
		"id": "invoice-reader:2.5.0",
		"properties": {
			"developer": "dev-7f3a",
			"signature": {"verified": true},
			"vulnerabilities": {"critical": 0, "high": 0, "unknown": 0},
			"version": "2.5.0",
			"current_version": "2.4.0",
			"breaking": false,
			"published": true,
			"trust_not_lowered": true,
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

decision_on(change) := decision if {
	decision := update.decision with input as object.union(golden, change)
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

step(from, to, breaking) := failed({"current_version": from, "version": to, "breaking": breaking})

test_a_good_update_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == update.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_another_developers_listing if failed({"developer": "dev-0001"}) == {"authorised"}

# signed

test_signature_not_verified if failed({"signature": {"verified": false}}) == {"signed"}

# no_severe_vulnerability

test_a_vulnerability_of_each_severity_that_counts if {
	every severity in ["critical", "high", "unknown"] {
		failed({"vulnerabilities": {severity: 1}}) == {"no_severe_vulnerability"}
	}
}

# published

test_a_draft_is_not_put_on_sale if failed({"published": false}) == {"published"}

# trust_kept

test_trust_that_is_lowered if failed({"trust_not_lowered": false}) == {"trust_kept"}

# version_rises

test_a_patch_rises if step("2.4.0", "2.4.1", false) == set()

test_numbers_are_compared_as_numbers if step("2.9.0", "2.10.0", false) == set()

test_a_release_follows_its_candidate if step("2.5.0-rc.1", "2.5.0", false) == set()

test_the_same_version_does_not_rise if step("2.5.0", "2.5.0", false) == {"version_rises"}

test_a_lower_version_does_not_rise if step("2.10.0", "2.9.0", false) == {"version_rises"}

test_a_candidate_of_what_is_on_sale_does_not_rise if step("2.5.0", "2.5.0-rc.2", false) == {"version_rises"}

# compatible

test_a_breaking_change_in_a_new_major_version if step("2.4.0", "3.0.0", true) == set()

test_a_breaking_change_in_a_minor_version if step("2.4.0", "2.5.0", true) == {"compatible"}

test_major_versions_are_compared_as_numbers if step("9.1.0", "10.0.0", true) == set()

test_a_breaking_change_before_version_one if step("0.4.0", "0.5.0", true) == {"compatible"}

test_a_breaking_change_backwards if step("2.4.0", "1.0.0", true) == {"compatible", "version_rises"}

test_a_new_major_version_need_not_break_anything if step("2.4.0", "3.0.0", false) == set()

test_each_of_these_alone_denies if {
	every facts in [
		{"developer": "dev-0001"},
		{"signature": {"verified": false}},
		{"vulnerabilities": {"critical": 1}},
	] {
		decision_on({"resource": {"properties": facts}}).allow == false
	}
}
