package marketplace.invoice_test

import rego.v1

import data.marketplace.invoice

golden := {
	"subject": {"type": "job", "id": "marketplace.invoice", "properties": {}},
	"action": {"name": "marketplace.invoice"},
	"resource": {
		"type": "invoice",
		"id": "sub-1/2026-10",
		"properties": {"period_ends_at": "2026-11-01T00:00:00Z", "finalised": false},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := invoice.decision with input as object.union(golden, change)
		with data.jobs as {"marketplace.invoice": {"enabled": true}, "jobs.idle": {"enabled": false}}
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_good_invoice_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == invoice.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_job_is_enabled if data.jobs["marketplace.invoice"].enabled == true

test_the_job_is_switched_off if {
	decision := invoice.decision with input as golden with data.jobs as {"marketplace.invoice": {"enabled": false}}
	decision.failed == {"enabled"}
	decision.allow == false
}

test_without_jobs_none_is_enabled if {
	decision := invoice.decision with input as golden with data.jobs as {}
	decision.failed == {"enabled"}
}

test_another_job if {
	decision := invoice.decision with input as object.union(golden, {"subject": {"id": "jobs.forget"}})
		with data.jobs as {"jobs.forget": {"enabled": true}}
	decision.failed == {"own"}
}

test_the_month_ends_this_second if failed({"period_ends_at": "2026-11-22T14:00:00Z"}) == set()

test_the_month_has_a_second_to_go if failed({"period_ends_at": "2026-11-22T14:00:01Z"}) == {"period_over"}

test_an_invoice_that_was_made if failed({"finalised": true}) == {"not_invoiced"}
