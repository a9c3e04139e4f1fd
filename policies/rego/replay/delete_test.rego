package replay.delete_test

import rego.v1

import data.replay.delete

limits := {"retention_days": {"standard": 365, "health": 2555}}

golden := {
	"subject": {"type": "service", "id": "retention-job", "properties": {"tenant": "acme", "roles": ["retention"]}},
	"action": {"name": "replay.delete"},
	"resource": {
		"type": "run",
		"id": "run-20251101-0003",
		"properties": {
			"tenant": "acme",
			"recorded_at": "2025-11-01T10:00:00Z",
			"retention_class": "standard",
			"legal_hold": false,
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

decision_on(change) := decision if {
	decision := delete.decision with input as object.union(golden, change)
		with data.thresholds.replay.delete as limits
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

by(type, role) := decision_on({"subject": {"type": type, "properties": {"roles": [role]}}}).failed

test_a_good_deletion_passes_every_gate_and_takes_the_keys if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == delete.required
	decision.failed == set()
	decision.obligations == [{"id": "destroy_keys", "type": "execution"}]
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.replay.delete
	object.keys(shipped) == object.keys(limits)
	count(shipped.retention_days) > 0
	every days in shipped.retention_days {
		is_number(days)
		days > 0
	}
}

test_missing_limits_close_their_gate if {
	decision := delete.decision with input as golden with data.thresholds as {}
	decision.failed == {"retention_passed"}
}

test_nothing_is_destroyed_where_the_deletion_is_denied if {
	decision := decision_on({"resource": {"properties": {"legal_hold": true}}})
	decision.allow == false
	decision.obligations == []
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

# no_legal_hold

test_a_legal_hold_keeps_what_is_past_its_retention if failed({"legal_hold": true}) == {"no_legal_hold"}

# retention_passed

test_exactly_as_old_as_it_is_kept if failed({"recorded_at": "2025-11-22T14:00:00Z"}) == {"retention_passed"}

test_a_second_older_than_it_is_kept if failed({"recorded_at": "2025-11-22T13:59:59Z"}) == set()

test_health_data_are_kept_for_longer if {
	failed({"retention_class": "health"}) == {"retention_passed"}
	failed({"retention_class": "health", "recorded_at": "2019-11-24T13:59:59Z"}) == set()
}

test_a_class_that_policy_does_not_name if failed({"retention_class": "forever"}) == {"retention_passed"}

test_recorded_at_a_time_to_come if failed({"recorded_at": "2027-01-01T00:00:00Z"}) == {"retention_passed"}

test_another_tenant_is_denied if decision_on({"resource": {"properties": {"tenant": "globex"}}}).allow == false
