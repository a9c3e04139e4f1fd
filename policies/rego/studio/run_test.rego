package studio.run_test

import rego.v1

import data.studio.run

limits := {"max_micro_usd": 50000000, "rate": {"max": 60, "period_seconds": 3600}}

regions := {"regions": {"EU": "", "US": ""}}

digest := "sha256:aa"

consent := {"regions": ["US"], "given_at": "2026-11-01T09:00:00Z", "withdrawn": false}

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "editor"}},
	"action": {"name": "studio.run"},
	"resource": {
		"type": "workflow",
		"id": "wf-4b1e",
		"properties": {
			"digest": digest,
			"workspace": {
				"id": "ws-7d20",
				"region": "EU",
				"budget": {"limit_micro_usd": 100000000, "spent_micro_usd": 40000000},
				"runs": {"count": 3, "period_seconds": 3600},
			},
		},
	},
	"context": {"region": "EU", "estimate": {"digest": digest, "p95_micro_usd": 150000}},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

scheduler := {"type": "service", "id": "scheduler", "properties": {"workspace": "ws-7d20"}}

decision_on(document) := decision if {
	decision := run.decision with input as document
		with data.thresholds.studio.run as limits
		with data.residency as regions
}

failed(change) := decision_on(object.union(golden, change)).failed

member(facts) := {"subject": {"properties": facts}}

workspace(facts) := {"resource": {"properties": {"workspace": facts}}}

by_service(facts) := decision_on(object.union(
	json.remove(golden, ["subject/properties/role"]),
	{"subject": scheduler, "resource": {"properties": facts}},
)).failed

stop_at(amount) := [{"id": "stop_at_cost", "type": "limit", "micro_usd": amount}]

costs(amount, spent) := decision_on(object.union(golden, {
	"resource": {"properties": {"workspace": {"budget": {"spent_micro_usd": spent}}}},
	"context": {"estimate": {"p95_micro_usd": amount}},
}))

test_a_good_run_passes_every_gate if {
	decision := decision_on(golden)
	decision.allow == true
	decision.passed == run.required
	decision.failed == set()
	decision.obligations == stop_at(50000000)
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.studio.run
	object.keys(shipped) == object.keys(limits)
	object.keys(shipped.rate) == object.keys(limits.rate)
	every limit in [shipped.max_micro_usd, shipped.rate.max, shipped.rate.period_seconds] {
		is_number(limit)
		limit == floor(limit)
	}
}

test_missing_limits_close_their_gates if {
	decision := run.decision with input as golden with data.thresholds as {} with data.residency as {}
	decision.failed == {"resident", "under_cap", "within_rate"}
}

test_no_facts_no_run if not run.decision.allow with input as {"action": {"name": "studio.run"}}

# authorised

test_an_owner_may_run if failed(member({"role": "owner"})) == set()

test_roles_that_may_not_run if {
	every role in ["commenter", "viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

test_a_service_runs_what_is_deployed if by_service({"deployed_digest": digest}) == set()

test_a_service_runs_nothing_else if {
	by_service({"deployed_digest": "sha256:00"}) == {"authorised"}
	by_service({}) == {"authorised"}
}

test_a_service_of_another_workspace if {
	by_service({"deployed_digest": digest, "workspace": {"id": "ws-0001"}}) == {"authorised"}
}

test_what_is_deployed_is_not_open_to_everybody if {
	viewer := member({"role": "viewer"})
	failed(object.union(viewer, {"resource": {"properties": {"deployed_digest": digest}}})) == {"authorised"}
}

test_a_service_holds_no_role if {
	named := {"subject": object.union(scheduler, {"properties": {"role": "owner"}})}
	failed(named) == {"authorised"}
}

# estimated

test_an_estimate_of_another_version if failed({"context": {"estimate": {"digest": "sha256:00"}}}) == {"estimated"}

# under_cap, within_budget

test_exactly_what_one_run_may_cost if {
	decision := costs(50000000, 40000000)
	decision.failed == set()
	decision.obligations == stop_at(50000000)
}

test_more_than_one_run_may_cost if costs(50000001, 40000000).failed == {"under_cap"}

test_exactly_what_is_left if {
	decision := costs(150000, 99850000)
	decision.failed == set()
	decision.obligations == stop_at(150000)
}

test_one_unit_more_than_is_left if {
	decision := costs(150001, 99850000)
	decision.failed == {"within_budget"}
	decision.obligations == []
}

test_a_budget_that_is_overdrawn_lets_nothing_run if costs(0, 100000001).failed == {"within_budget"}

# within_rate

test_the_last_run_of_the_hour if failed(workspace({"runs": {"count": 59}})) == set()

test_one_run_too_many if failed(workspace({"runs": {"count": 60}})) == {"within_rate"}

test_runs_counted_over_too_short_a_time if failed(workspace({"runs": {"period_seconds": 3599}})) == {"within_rate"}

# resident

test_another_region_without_consent if failed({"context": {"region": "US"}}) == {"resident"}

test_another_region_with_consent if {
	failed(object.union(workspace({"transfer_consent": consent}), {"context": {"region": "US"}})) == set()
}

test_consent_that_was_withdrawn if {
	withdrawn := object.union(consent, {"withdrawn": true})
	failed(object.union(workspace({"transfer_consent": withdrawn}), {"context": {"region": "US"}})) == {"resident"}
}

# What the rule says before `gates.decision` leaves out what a refusal does not call for.
test_no_limit_is_due_where_nothing_is_left if {
	facts := {"resource": {"properties": {"workspace": {"budget": {"spent_micro_usd": 100000001}}}}}
	run.obligations == [] with input as object.union(golden, facts)
		with data.thresholds.studio.run as limits
		with data.residency as regions
}
