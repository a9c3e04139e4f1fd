package marketplace.deprecate_test

import rego.v1

import data.marketplace.deprecate

limits := {"min_notice_days": 90}

golden := {
	"subject": {"type": "developer", "id": "dev-7f3a", "properties": {}},
	"action": {"name": "marketplace.deprecate"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"developer": "dev-7f3a"}},
	"context": {"ends_at": "2027-03-31T00:00:00Z", "migration_guide": true},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

replaced_by(listing) := object.union(golden, {"context": {"migration_guide": false, "replacement": listing}})

decision_on(change) := decision if {
	decision := deprecate.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.deprecate as limits
}

test_a_good_deprecation_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == deprecate.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.deprecate
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.min_notice_days)
}

# authorised

test_another_developers_listing if decision_on({"subject": {"id": "dev-0001"}}).failed == {"authorised"}

test_an_officer_of_trust_and_safety if {
	officer := {"type": "officer", "id": "off-08", "properties": {"roles": ["trust_and_safety"]}}
	decision_on({"subject": officer}).failed == set()
}

test_an_officer_of_trust_and_safety_by_their_group if {
	officer := {"type": "officer", "id": "off-08", "properties": {"groups": ["omega-trust-and-safety"]}}
	decision_on({"subject": officer}).failed == set()
}

test_an_officer_of_another_office if {
	officer := {"type": "officer", "id": "off-08", "properties": {"roles": ["support"]}}
	decision_on({"subject": officer}).failed == {"authorised"}
}

test_a_developer_who_claims_a_role if {
	other := {"id": "dev-0001", "properties": {"roles": ["trust_and_safety"]}}
	decision_on({"subject": other}).failed == {"authorised"}
}

test_an_officer_with_the_id_of_the_developer_is_not_the_developer if {
	decision_on({"subject": {"type": "officer"}}).failed == {"authorised"}
}

# noticed

test_exactly_ninety_days if decision_on({"context": {"ends_at": "2027-02-20T14:00:00Z"}}).failed == set()

test_a_second_less if decision_on({"context": {"ends_at": "2027-02-20T13:59:59Z"}}).failed == {"noticed"}

test_eighty_nine_days if decision_on({"context": {"ends_at": "2027-02-19T14:00:00Z"}}).failed == {"noticed"}

test_an_end_in_the_past if decision_on({"context": {"ends_at": "2026-01-01T00:00:00Z"}}).failed == {"noticed"}

test_without_a_limit_no_notice_is_enough if {
	decision := deprecate.decision with input as golden with data.thresholds as {}
	decision.failed == {"noticed"}
}

# successor_named

test_a_replacement_instead_of_a_guide if {
	decision := deprecate.decision with input as replaced_by("invoice-reader-pro")
	decision.failed == set()
}

test_neither_guide_nor_replacement if decision_on({"context": {"migration_guide": false}}).failed == {"successor_named"}

test_a_listing_does_not_replace_itself if {
	decision := deprecate.decision with input as replaced_by("invoice-reader")
	decision.failed == {"successor_named"}
}

test_another_developer_is_denied if decision_on({"subject": {"id": "dev-0001"}}).allow == false
