package marketplace.publish_test

import rego.v1

import data.marketplace.publish

# Tests bring their own limits and lists, so that a change of policies/data does not break them.
limits := {
	"min_slsa_level": 3,
	"require_reproducible_build": false,
	"min_coverage_percent": 80,
	"p95_latency_ms_below": 2000,
	"min_soak_hours": 24,
	"export_classifications": ["NONE"],
}

texts := {"developer": {"current": "1", "versions": {"1": {"sha256": "aa"}}}}

lists := {"countries": {"KP": "listed"}, "entities": {"0000EXAMPLESANCT0015": "listed"}}

golden := {
	"subject": {
		"type": "developer",
		"id": "dev-7f3a",
		"properties": {
			"agreement": {"accepted": true, "ip_warranties": true, "sha256": "aa"},
			"kind": "individual",
			"country": "DE",
		},
	},
	"action": {"name": "marketplace.publish"},
	"resource": {
		"type": "release",
		"id": "invoice-reader:2.4.0",
		"properties": {
			"developer": "dev-7f3a",
			"channel": "stable",
			"signature": {"verified": true},
			"provenance": {"verified": true, "slsa_level": 3},
			"build": {"reproducible": true},
			"sbom": {"format": "cyclonedx", "valid": true, "complete": true},
			"tests": {"coverage_percent": 91.5},
			"performance": {"p95_latency_ms": 840},
			"soak": {"hours": 26.5},
			"vulnerabilities": {"critical": 0, "high": 0, "unknown": 0},
			"findings": {"malicious_code": 0, "data_exfiltration": 0, "prompt_injection": 0, "copyright": 0},
			"training_data": {"provenance_declared": true},
			"privacy": {"gdpr_declared": true, "ccpa_declared": true},
			"documentation": {"complete": true},
			"licences": {"unlicensed": 0, "unknown": 0, "denied": 0},
			"capabilities": {"undeclared": 0},
			"trust_not_lowered": true,
			"export_control": {"classification": "NONE"},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

decision_on(change) := decision if {
	decision := publish.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.publish as limits
		with data.sanctions as lists
		with data.agreements as texts
}

failed(change) := decision_on(change).failed

release(facts) := {"resource": {"properties": facts}}

developer(facts) := {"subject": {"properties": facts}}

test_a_good_release_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == publish.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.publish
	object.keys(shipped) == object.keys(limits)
	is_boolean(shipped.require_reproducible_build)
	is_array(shipped.export_classifications)
	every name in object.keys(shipped) - {"export_classifications", "require_reproducible_build"} {
		is_number(shipped[name])
	}
}

test_a_missing_limit_closes_its_gate if {
	failed_without := publish.decision.failed with input as golden with data.thresholds as {} with data.agreements as texts
	failed_without == {"covered", "exportable", "fast", "provenance", "soaked"}
}

test_a_gate_that_no_data_describe_denies if {
	not publish.decision.allow with input as object.union(golden, release({"documentation": {"complete": false}}))
		with data.enforcement as {}
}

test_no_facts_no_release if not publish.decision.allow with input as {"action": {"name": "marketplace.publish"}}

# authorised

test_another_developers_release if failed(release({"developer": "dev-0001"})) == {"authorised"}

# signed

test_signature_not_verified if failed(release({"signature": {"verified": false}})) == {"signed"}

# provenance

test_provenance_not_verified if failed(release({"provenance": {"verified": false}})) == {"provenance"}

test_provenance_of_slsa_level_2 if failed(release({"provenance": {"slsa_level": 2}})) == {"provenance"}

test_provenance_of_slsa_level_4 if failed(release({"provenance": {"slsa_level": 4}})) == set()

# reproducible

test_reproducible_build_is_not_asked_for if failed(release({"build": {"reproducible": false}})) == set()

test_reproducible_build_is_asked_for_and_missing if {
	decision := publish.decision with input as object.union(golden, release({"build": {"reproducible": false}}))
		with data.thresholds.marketplace.publish as object.union(limits, {"require_reproducible_build": true})
		with data.agreements as texts
	decision.allow == false
	decision.failed == {"reproducible"}
}

test_reproducible_build_is_asked_for_and_there if {
	decision := publish.decision with input as golden
		with data.thresholds.marketplace.publish as object.union(limits, {"require_reproducible_build": true})
		with data.agreements as texts
	"reproducible" in decision.passed
}

# sbom

test_no_bill_of_materials if failed(release({"sbom": {"format": "none", "valid": false}})) == {"sbom"}

test_bill_of_materials_in_another_format if failed(release({"sbom": {"format": "spdx"}})) == {"sbom"}

test_invalid_bill_of_materials if failed(release({"sbom": {"valid": false}})) == {"sbom"}

# sbom_complete

test_bill_of_materials_that_omits_something if failed(release({"sbom": {"complete": false}})) == {"sbom_complete"}

# licensed

test_each_licence_that_is_missing_unknown_or_denied_stops_the_release if {
	every kind in ["unlicensed", "unknown", "denied"] {
		failed(release({"licences": {kind: 1}})) == {"licensed"}
	}
}

# trust_kept

test_trust_that_is_lowered if failed(release({"trust_not_lowered": false})) == {"trust_kept"}

# capabilities_declared

test_a_capability_that_is_not_declared if {
	failed(release({"capabilities": {"undeclared": 1}})) == {"capabilities_declared"}
}

# covered

test_coverage_exactly_at_the_limit if failed(release({"tests": {"coverage_percent": 80}})) == set()

test_coverage_just_below_the_limit if failed(release({"tests": {"coverage_percent": 79.99}})) == {"covered"}

# fast

test_latency_just_below_the_limit if failed(release({"performance": {"p95_latency_ms": 1999}})) == set()

test_latency_exactly_at_the_limit if failed(release({"performance": {"p95_latency_ms": 2000}})) == {"fast"}

# soaked

test_soak_exactly_as_long_as_asked if failed(release({"soak": {"hours": 24}})) == set()

test_stable_release_without_enough_soak if {
	decision := decision_on(release({"soak": {"hours": 23.99}}))
	decision.failed == {"soaked"}
	decision.obligations == []
}

test_preview_without_soak_is_labelled if {
	decision := decision_on(release({"channel": "preview", "soak": {"hours": 0}}))
	decision.failed == set()
	decision.obligations == [{"id": "label_preview", "type": "notice"}]
}

test_preview_that_has_soaked_needs_no_label if {
	decision := decision_on(release({"channel": "preview", "soak": {"hours": 24}}))
	decision.failed == set()
	decision.obligations == []
}

test_preview_is_labelled_when_the_limit_is_missing if {
	decision := publish.decision with input as object.union(golden, release({"channel": "preview"}))
		with data.thresholds.marketplace.publish as json.remove(limits, ["min_soak_hours"])
		with data.agreements as texts
	decision.allow == true
	decision.obligations == [{"id": "label_preview", "type": "notice"}]
}

# no_severe_vulnerability

test_a_critical_vulnerability if failed(release({"vulnerabilities": {"critical": 1}})) == {"no_severe_vulnerability"}

test_a_high_vulnerability if failed(release({"vulnerabilities": {"high": 1}})) == {"no_severe_vulnerability"}

test_an_unknown_severity_counts_as_high if {
	failed(release({"vulnerabilities": {"unknown": 1}})) == {"no_severe_vulnerability"}
}

# content_clean

test_each_finding_of_the_content_policy_stops_the_release if {
	every kind in ["malicious_code", "data_exfiltration", "prompt_injection", "copyright"] {
		failed(release({"findings": {kind: 1}})) == {"content_clean"}
	}
}

# training_data, privacy, documented

test_training_data_not_declared if {
	failed(release({"training_data": {"provenance_declared": false}})) == {"training_data"}
}

test_gdpr_not_declared if failed(release({"privacy": {"gdpr_declared": false}})) == {"privacy"}

test_ccpa_not_declared if failed(release({"privacy": {"ccpa_declared": false}})) == {"privacy"}

test_documentation_incomplete if failed(release({"documentation": {"complete": false}})) == {"documented"}

# exportable

test_a_classification_that_needs_a_licence if {
	failed(release({"export_control": {"classification": "5A002"}})) == {"exportable"}
}

# agreement

test_agreement_not_accepted if failed(developer({"agreement": {"accepted": false}})) == {"agreement"}

test_an_agreement_that_is_not_in_force if failed(developer({"agreement": {"sha256": "bb"}})) == {"agreement"}

test_agreement_without_warranties if failed(developer({"agreement": {"ip_warranties": false}})) == {"agreement"}

# not_sanctioned

test_developer_in_a_listed_country if failed(developer({"country": "KP"})) == {"not_sanctioned"}

test_organisation_on_no_list if {
	failed(developer({"kind": "organisation", "entity": "0000EXAMPLEHONEST080"})) == set()
}

test_organisation_on_a_list if {
	failed(developer({"kind": "organisation", "entity": "0000EXAMPLESANCT0015"})) == {"not_sanctioned"}
}

test_organisation_without_entity if failed(developer({"kind": "organisation"})) == {"not_sanctioned"}

test_missing_lists_clear_nobody if {
	decision := publish.decision with input as golden with data.sanctions as {} with data.agreements as texts
	decision.failed == {"not_sanctioned"}
}

# What the rule says before `gates.decision` leaves out what a refusal does not call for.
test_no_label_is_due_to_what_is_no_preview if {
	publish.obligations == [] with input as object.union(golden, release({"soak": {"hours": 1}}))
		with data.thresholds.marketplace.publish as limits
}
