package marketplace.sign_test

import rego.v1

import data.marketplace.sign

limits := {"min_builder_level": 2}

trusted := {"https://omega.example/services/builder": 2, "https://omega.example/services/other": 1}

lists := {"countries": {"KP": "listed"}, "entities": {"0000EXAMPLESANCT0015": "listed"}}

texts := {"developer": {"current": "1", "versions": {"1": {"sha256": "aa"}}}}

golden := {
	"subject": {
		"type": "developer",
		"id": "acme",
		"properties": {
			"agreement": {"accepted": true, "ip_warranties": true, "sha256": "aa"},
			"kind": "individual",
			"country": "DE",
		},
	},
	"action": {"name": "marketplace.sign"},
	"resource": {
		"type": "artifact",
		"id": "sha256:abababababababababababababababababababababababababababababababab",
		"properties": {
			"agent": "invoice-reader",
			"developer": "acme",
			"provenance": true,
			"builder": "https://omega.example/services/builder",
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(document) := decision if {
	decision := sign.decision with input as document
		with data.thresholds.marketplace.sign as limits
		with data.builders as trusted
		with data.sanctions as lists
		with data.agreements as texts
}

failed(facts) := decision_on(object.union(golden, {"resource": {"properties": facts}})).failed

failed_for(facts) := decision_on(object.union(golden, {"subject": {"properties": facts}})).failed

test_a_trusted_builder_has_provenance_signed if {
	decision := decision_on(golden)
	decision.allow == true
	decision.passed == sign.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.sign
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.min_builder_level)
}

# authorised

test_an_agent_of_another_developer if failed({"developer": "initech"}) == {"authorised"}

# agreement

test_no_agreement if failed_for({"agreement": {"accepted": false}}) == {"agreement"}

test_another_text if failed_for({"agreement": {"sha256": "bb"}}) == {"agreement"}

test_no_warranties if failed_for({"agreement": {"ip_warranties": false}}) == {"agreement"}

# not_sanctioned

test_a_listed_country if failed_for({"country": "KP"}) == {"not_sanctioned"}

test_a_listed_entity if {
	failed_for({"kind": "organisation", "entity": "0000EXAMPLESANCT0015"}) == {"not_sanctioned"}
}

test_an_organisation_without_entity if failed_for({"kind": "organisation"}) == {"not_sanctioned"}

# trusted_builder

test_whoever_is_no_builder_signs_without_provenance if {
	failed({"provenance": false, "builder": "https://omega.example/developers/acme"}) == set()
}

test_a_builder_that_nobody_trusts if {
	failed({"builder": "https://omega.example/developers/acme"}) == {"trusted_builder"}
}

test_a_builder_below_the_level_asked_for if {
	failed({"builder": "https://omega.example/services/other"}) == {"trusted_builder"}
}

test_without_a_limit_nobody_builds if {
	decision := sign.decision with input as golden
		with data.thresholds as {}
		with data.builders as trusted
		with data.sanctions as lists
		with data.agreements as texts
	decision.failed == {"trusted_builder"}
}

test_without_builders_nobody_builds if {
	decision := sign.decision with input as golden
		with data.thresholds.marketplace.sign as limits
		with data.builders as {}
		with data.sanctions as lists
		with data.agreements as texts
	decision.failed == {"trusted_builder"}
}
