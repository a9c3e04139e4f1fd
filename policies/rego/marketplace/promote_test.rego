package marketplace.promote_test

import rego.v1

import data.marketplace.promote

limits := {
	"fee_minor_per_month": {"USD": {"least": 50000, "most": 200000}, "EUR": {"least": 50000, "most": 200000}},
	"max_months": 12,
}

golden := {
	"subject": {"type": "developer", "id": "acme", "properties": {}},
	"action": {"name": "marketplace.promote"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"developer": "acme", "state": "listed"}},
	"context": {"months": 3, "fee": {"currency": "USD", "minor": 75000}},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := promote.decision with input as object.union(object.remove(golden, replaced(change)), change)
		with data.thresholds.marketplace.promote as limits
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == promote.required
	decision.failed == set()
	decision.obligations == [{"id": "label_promoted", "type": "notice"}]
}

test_the_shipped_limits_have_the_form_that_rules_read if {
	object.keys(data.thresholds.marketplace.promote) == object.keys(limits)
}

test_missing_limits_close_their_gates if {
	decision := promote.decision with input as golden with data.thresholds as {}
	decision.failed == {"limited", "priced"}
}

test_exactly_the_least if failed({"context": {"fee": {"minor": 50000}}}) == set()

test_exactly_the_most if failed({"context": {"fee": {"minor": 200000}}}) == set()

test_a_cent_below_the_least if failed({"context": {"fee": {"minor": 49999}}}) == {"priced"}

test_a_cent_above_the_most if failed({"context": {"fee": {"minor": 200001}}}) == {"priced"}

test_a_currency_without_a_range if failed({"context": {"fee": {"currency": "CHF"}}}) == {"priced"}

test_twelve_months if failed({"context": {"months": 12}}) == set()

test_thirteen_months if failed({"context": {"months": 13}}) == {"limited"}

test_the_listing_of_another if failed({"subject": {"id": "initech"}}) == {"authorised"}

test_a_buyer_promotes_nothing if failed({"subject": {"type": "buyer"}}) == {"authorised"}

test_a_listing_that_is_about_to_end if failed({"resource": {"properties": {"state": "deprecated"}}}) == {"on_sale"}

test_each_of_these_alone_denies if {
	every change in [
		{"context": {"fee": {"minor": 49999}}},
		{"context": {"months": 13}},
		{"subject": {"id": "initech"}},
		{"resource": {"properties": {"state": "deprecated"}}},
	] {
		decision_on(change).allow == false
	}
}
