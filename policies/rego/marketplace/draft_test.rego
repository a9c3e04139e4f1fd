package marketplace.draft_test

import rego.v1

import data.marketplace.draft

limits := {"max_drafts": 10, "max_artifact_bytes": 1000, "max_accompanying_bytes": 500}

lists := {"countries": {"KP": "listed"}, "entities": {}}

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
	"action": {"name": "marketplace.draft"},
	"resource": {
		"type": "release",
		"id": "invoice-reader:1.0.0",
		"properties": {
			"developer": "acme",
			"developer_tenant": "default",
			"taken": false,
			"drafts": 9,
			"state": "draft",
			"version": "1.0.0",
			"artifact": {"sha256": "ab", "bytes": 1000},
			"accompanying_bytes": 500,
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

agent := json.remove(
	object.union(golden, {"resource": {"type": "agent", "id": "invoice-reader"}}),
	["resource/properties/version", "resource/properties/artifact", "resource/properties/accompanying_bytes"],
)

decision_on(document) := decision if {
	decision := draft.decision with input as document
		with data.thresholds.marketplace.draft as limits
		with data.sanctions as lists
		with data.agreements as texts
}

failed(facts) := decision_on(object.union(golden, {"resource": {"properties": facts}})).failed

failed_for(facts) := decision_on(object.union(golden, {"subject": {"properties": facts}})).failed

test_a_release_is_brought_in if {
	decision := decision_on(golden)
	decision.allow == true
	decision.passed == draft.required
	decision.failed == set()
	decision.obligations == []
}

test_an_agent_is_laid_out if decision_on(agent).failed == set()

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.draft
	object.keys(shipped) == object.keys(limits)
	every limit in shipped {
		is_number(limit)
	}
}

# authorised

test_another_developers_agent if failed({"developer": "initech"}) == {"authorised"}

# agreement

test_no_agreement if failed_for({"agreement": {"accepted": false}}) == {"agreement"}

test_another_text if failed_for({"agreement": {"sha256": "bb"}}) == {"agreement"}

test_no_warranties if failed_for({"agreement": {"ip_warranties": false}}) == {"agreement"}

# not_sanctioned

test_a_listed_country if failed_for({"country": "KP"}) == {"not_sanctioned"}

# unused

test_a_version_that_is_there if failed({"taken": true}) == {"unused"}

# few

test_as_many_drafts_as_there_may_be if failed({"drafts": 10}) == {"few"}

# sized

test_a_byte_too_many if failed({"artifact": {"bytes": 1001}}) == {"sized"}

test_an_empty_artifact if failed({"artifact": {"bytes": 0}}) == {"sized"}

test_one_byte if failed({"artifact": {"bytes": 1}}) == set()

test_a_byte_too_many_beside_it if failed({"accompanying_bytes": 501}) == {"sized"}

test_a_release_without_artifact if {
	decision_on(json.remove(golden, ["resource/properties/artifact"])).failed == {"sized"}
}

# versioned

test_a_version_that_is_none if failed({"version": "1.0"}) == {"versioned"}

test_a_release_without_version if {
	decision_on(json.remove(golden, ["resource/properties/version"])).failed == {"versioned"}
}

# own_catalogue

test_the_own_private_catalogue if failed({"tenant": "default"}) == set()

test_the_private_catalogue_of_others if failed({"tenant": "globex"}) == {"own_catalogue"}

# open

test_an_agent_that_is_on_sale if {
	failed({"state": "listed"}) == set()
	failed({"state": "deprecated"}) == set()
}

test_an_agent_that_is_not_sold_any_more if {
	failed({"state": "quarantined"}) == {"open"}
	failed({"state": "delisted"}) == {"open"}
}
