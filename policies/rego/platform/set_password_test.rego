package platform.set_password_test

import rego.v1

import data.platform.set_password

limits := {"min_length": 12}

golden := {
	"subject": {"type": "user", "id": "usr-31"},
	"action": {"name": "platform.set_password"},
	"resource": {"type": "account", "id": "acc-31", "properties": {"person": "usr-31"}},
	"context": {"password": {"length": 19, "breaches": {"searched": true, "found": 0}, "reused": false}},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "platform"},
}

decision_on(change) := decision if {
	decision := set_password.decision with input as object.union(golden, change)
		with data.thresholds.platform.set_password as limits
}

password(facts) := decision_on({"context": {"password": facts}}).failed

test_a_good_password_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == set_password.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.platform.set_password
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.min_length)
	shipped.min_length >= 12
}

test_a_missing_limit_closes_its_gate if {
	decision := set_password.decision with input as golden with data.thresholds as {}
	decision.failed == {"long_enough"}
}

# authorised

test_the_account_of_another_person if {
	decision_on({"resource": {"properties": {"person": "usr-32"}}}).failed == {"authorised"}
}

# long_enough

test_password_of_twelve_characters if password({"length": 12}) == set()

test_password_of_eleven_characters if password({"length": 11}) == {"long_enough"}

# not_breached

test_password_found_among_breached_ones if password({"breaches": {"found": 1}}) == {"not_breached"}

test_nobody_could_look_for_it_among_breached_ones if password({"breaches": {"searched": false}}) == {"not_breached"}

# not_reused

test_password_that_the_account_had_before if password({"reused": true}) == {"not_reused"}
