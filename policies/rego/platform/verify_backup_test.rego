package platform.verify_backup_test

import rego.v1

import data.platform.verify_backup

limits := {"max_age_hours": 24, "restore_test_days": 90}

golden := {
	"subject": {"type": "service", "id": "backup-watch-job", "properties": {"roles": ["backup_watch"]}},
	"action": {"name": "platform.verify_backup"},
	"resource": {
		"type": "store",
		"id": "decisions-db",
		"properties": {"backed_up_at": "2026-11-22T02:10:00Z", "restored_at": "2026-10-30T11:00:00Z"},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "platform"},
}

alert_operations := [{"id": "alert_operations", "type": "notification"}]

decision_on(change) := decision if {
	decision := verify_backup.decision with input as object.union(golden, change)
		with data.thresholds.platform.verify_backup as limits
}

of(facts) := decision_on({"resource": {"properties": facts}})

test_a_good_backup_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == verify_backup.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.platform.verify_backup
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.max_age_hours)
	is_number(shipped.restore_test_days)
}

test_missing_limits_are_reported_as_missing_backups if {
	decision := verify_backup.decision with input as golden with data.thresholds as {}
	decision.failed == {"recent", "restore_tested"}
	decision.obligations == alert_operations
}

# authorised

test_another_service if decision_on({"subject": {"properties": {"roles": ["retention"]}}}).failed == {"authorised"}

# recent

test_backup_exactly_a_day_old if of({"backed_up_at": "2026-11-21T14:00:00Z"}).failed == set()

test_backup_a_second_too_old_is_reported_and_operations_are_alerted if {
	decision := of({"backed_up_at": "2026-11-21T13:59:59Z"})
	decision.allow == true
	decision.failed == {"recent"}
	decision.obligations == alert_operations
}

test_backup_made_at_a_time_to_come if of({"backed_up_at": "2026-11-22T14:00:01Z"}).failed == {"recent"}

# restore_tested

test_restored_for_trial_exactly_as_long_ago_as_allowed if of({"restored_at": "2026-08-24T14:00:00Z"}).failed == set()

test_restored_for_trial_too_long_ago_is_reported if {
	decision := of({"restored_at": "2026-08-24T13:59:59Z"})
	decision.allow == true
	decision.failed == {"restore_tested"}
	decision.obligations == []
}
