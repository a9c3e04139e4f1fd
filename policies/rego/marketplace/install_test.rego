package marketplace.install_test

import rego.v1

import data.marketplace.install

limits := {"token_seconds": 900, "redemptions": 1}

lists := {"countries": {"KP": "listed"}, "entities": {}}

golden := {
	"subject": {"type": "buyer", "id": "globex", "properties": {"kind": "individual", "country": "DE"}},
	"action": {"name": "marketplace.install"},
	"resource": {
		"type": "release",
		"id": "invoice-reader:1.0.0",
		"properties": {
			"step": "redeem",
			"bought": true,
			"buyer": "globex",
			"agent_state": "listed",
			"state": "listed",
			"artifact": "sha256:aa",
			"expected": "sha256:aa",
			"age_seconds": 900,
			"redeemed": 0,
		},
	},
	"context": {"pinned": false},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := install.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.install as limits
		with data.sanctions as lists
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

pinned(facts) := decision_on({"resource": {"properties": facts}, "context": {"pinned": true}}).failed

test_a_token_is_used if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == install.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.install
	object.keys(shipped) == object.keys(limits)
	every limit in shipped {
		is_number(limit)
	}
}

# authorised

test_somebody_elses_token if failed({"buyer": "initech"}) == {"authorised"}

# bought

test_nothing_was_bought if failed({"bought": false}) == {"bought"}

# fresh

test_a_second_too_late if failed({"age_seconds": 901}) == {"fresh"}

test_a_second_time if failed({"redeemed": 1}) == {"fresh"}

test_a_token_is_given_whatever_came_before if failed({"step": "issue", "age_seconds": 901, "redeemed": 7}) == set()

test_without_limits_no_token_is_used if {
	decision := install.decision with input as golden with data.thresholds as {} with data.sanctions as lists
	decision.failed == {"fresh"}
}

# installable

test_a_preview_is_installed if failed({"state": "preview"}) == set()

test_an_agent_that_is_not_sold_any_more_is_installed_by_who_bought_it if failed({"agent_state": "delisted"}) == set()

test_what_was_never_published_is_not_installed if {
	failed({"state": "draft"}) == {"installable"}
	pinned({"state": "draft"}) == {"installable"}
}

test_a_release_that_is_yanked_is_installed_where_it_is_pinned if {
	failed({"state": "yanked"}) == {"installable"}
	pinned({"state": "yanked"}) == set()
}

test_nothing_that_is_quarantined_is_installed if {
	failed({"state": "quarantined"}) == {"installable"}
	pinned({"state": "quarantined"}) == {"installable"}
	failed({"agent_state": "quarantined"}) == {"installable"}
	pinned({"agent_state": "quarantined", "state": "yanked"}) == {"installable"}
}

# same_bytes

test_other_bytes if failed({"artifact": "sha256:bb"}) == {"same_bytes"}

# not_sanctioned

test_a_listed_country if decision_on({"subject": {"properties": {"country": "KP"}}}).failed == {"not_sanctioned"}
