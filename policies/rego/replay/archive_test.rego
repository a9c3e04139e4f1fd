package replay.archive_test

import rego.v1

import data.replay.archive

limits := {"hot_days": 90, "ciphers": ["aes-256-gcm"]}

regions := {"EU": "", "US": ""}

golden := {
	"subject": {"type": "service", "id": "retention-job", "properties": {"tenant": "acme", "roles": ["retention"]}},
	"action": {"name": "replay.archive"},
	"resource": {
		"type": "run",
		"id": "run-20260801-0007",
		"properties": {"tenant": "acme", "residency": "EU", "recorded_at": "2026-08-01T10:00:00Z"},
	},
	"context": {"copy": {"verified": true, "cipher": "aes-256-gcm", "region": "EU"}},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

consent := {"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}

decision_on(change) := decision if {
	decision := archive.decision with input as object.union(golden, change)
		with data.thresholds.replay.archive as limits
		with data.residency.regions as regions
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

by(type, role) := decision_on({"subject": {"type": type, "properties": {"roles": [role]}}}).failed

copied(facts) := decision_on({"context": {"copy": facts}}).failed

test_a_good_archiving_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == archive.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.replay.archive
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.hot_days)
	is_array(shipped.ciphers)
}

test_missing_limits_close_their_gates if {
	decision := archive.decision with input as golden
		with data.thresholds as {}
		with data.residency.regions as regions
	decision.failed == {"encrypted", "old_enough"}
}

# authorised, own_tenant

test_a_records_manager if by("user", "records_manager") == set()

test_another_service if by("service", "recorder") == {"authorised"}

test_an_engineer if by("user", "engineer") == {"authorised"}

test_a_role_of_the_other_kind_of_subject_is_none if {
	by("user", "retention") == {"authorised"}
	by("service", "records_manager") == {"authorised"}
}

test_the_run_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

# old_enough

test_exactly_ninety_days_old if failed({"recorded_at": "2026-08-24T14:00:00Z"}) == {"old_enough"}

test_ninety_days_and_a_second_old if failed({"recorded_at": "2026-08-24T13:59:59Z"}) == set()

test_recorded_at_a_time_to_come if failed({"recorded_at": "2027-01-01T00:00:00Z"}) == {"old_enough"}

# copy_verified, encrypted

test_the_copy_was_not_read_back if copied({"verified": false}) == {"copy_verified"}

test_the_copy_is_in_the_clear if copied({"cipher": "none"}) == {"encrypted"}

# region_allowed

test_the_copy_lies_in_another_region_without_consent if copied({"region": "US"}) == {"region_allowed"}

test_the_copy_lies_in_another_region_with_explicit_consent if {
	decision_on({
		"resource": {"properties": {"transfer_consent": consent}},
		"context": {"copy": {"region": "US"}},
	}).failed == set()
}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"type": "user", "properties": {"roles": ["engineer"]}}},
		{"resource": {"properties": {"tenant": "globex"}}},
	] {
		decision_on(change).allow == false
	}
}
