package policies.run_job_test

import rego.v1

import data.policies.run_job

limits := {"max_attempts": 3}

jobs := {
	"payloads.sweep": {"enabled": true},
	"evidence.expire": {"enabled": false},
}

golden := {
	"subject": {"type": "job", "id": "payloads.sweep", "properties": {}},
	"action": {"name": "policies.run_job"},
	"resource": {
		"type": "job",
		"id": "payloads.sweep",
		"properties": {"scheduled_for": "2026-11-22T14:00:00Z"},
	},
	"context": {"attempt": 1, "missed": 0, "by": "schedule"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := run_job.decision with input as object.union(golden, change)
		with data.jobs as jobs
		with data.thresholds.policies.run_job as limits
}

failed(change) := decision_on(change).failed

test_a_job_that_is_due_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == run_job.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.policies.run_job
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.max_attempts)
}

test_missing_data_close_their_gates if {
	decision := run_job.decision with input as golden with data.thresholds as {} with data.jobs as {}
	decision.allow == false
	decision.failed == {"enabled", "not_too_often"}
}

# enabled, own

test_a_job_that_is_switched_off if {
	failed({"subject": {"id": "evidence.expire"}, "resource": {"id": "evidence.expire"}}) == {"enabled"}
}

test_a_job_that_nobody_lists if {
	decision := decision_on({"subject": {"id": "odd.work"}, "resource": {"id": "odd.work"}})
	decision.allow == false
	decision.failed == {"enabled"}
}

test_a_job_that_runs_another if {
	decision := decision_on({"subject": {"id": "evidence.expire"}})
	decision.allow == false
	decision.failed == {"own"}
}

# due

test_a_run_that_was_due_long_ago if {
	failed({"resource": {"properties": {"scheduled_for": "2026-10-22T14:00:00Z"}}}) == set()
}

test_a_run_that_is_due_in_a_second if {
	decision := decision_on({"resource": {"properties": {"scheduled_for": "2026-11-22T14:00:01Z"}}})
	decision.allow == false
	decision.failed == {"due"}
}

# not_too_often

test_the_last_attempt if failed({"context": {"attempt": 3}}) == set()

test_one_attempt_too_many if {
	decision := decision_on({"context": {"attempt": 4}})
	decision.allow == false
	decision.failed == {"not_too_often"}
}
