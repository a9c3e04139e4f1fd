package replay.reveal_pii_test

import rego.v1

import data.replay.reveal_pii

limits := {"purposes": ["data_subject_request", "incident_response"], "approval_seconds": 900}

regions := {"EU": "", "US": ""}

golden := {
	"subject": {"type": "user", "id": "usr-07", "properties": {"tenant": "acme", "roles": ["privacy_officer"]}},
	"action": {"name": "replay.reveal_pii"},
	"resource": {
		"type": "run",
		"id": "run-20261122-0042",
		"properties": {"tenant": "acme", "residency": "EU"},
	},
	"context": {
		"region": "EU",
		"purpose": "data_subject_request",
		"approval": {
			"granted": true,
			"approver": "usr-19",
			"tenant": "acme",
			"approver_roles": ["compliance_officer"],
			"run": "run-20261122-0042",
			"purpose": "data_subject_request",
			"approved_at": "2026-11-22T13:52:00Z",
		},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

consent := {"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}

request_approval := [{"id": "request_approval", "type": "step-up"}]

decision_on_all(document) := decision if {
	decision := reveal_pii.decision with input as document
		with data.thresholds.replay.reveal_pii as limits
		with data.residency.regions as regions
}

decision_on(change) := decision_on_all(object.union(golden, change))

with_approval(facts) := decision_on({"context": {"approval": facts}}).failed

abroad(facts) := decision_on({"resource": {"properties": facts}, "context": {"region": "US"}}).failed

unapproved := json.remove(golden, ["context/approval"])

test_a_good_request_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == reveal_pii.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.replay.reveal_pii
	object.keys(shipped) == object.keys(limits)
	is_array(shipped.purposes)
	is_number(shipped.approval_seconds)
}

test_missing_limits_close_their_gates if {
	decision := reveal_pii.decision with input as golden
		with data.thresholds as {}
		with data.residency.regions as regions
	decision.failed == {"approval_recent", "purpose_permitted"}
}

# authorised, own_tenant

test_an_engineer_reveals_nothing if {
	decision_on({"subject": {"properties": {"roles": ["engineer"]}}}).failed == {"authorised"}
}

test_the_run_of_another_tenant if {
	decision_on({"resource": {"properties": {"tenant": "globex"}}}).failed == {"own_tenant", "second_person"}
}

test_another_tenant_agrees_to_its_own_run if {
	facts := {"resource": {"properties": {"tenant": "globex"}}, "context": {"approval": {"tenant": "globex"}}}
	decision_on(facts).failed == {"own_tenant"}
}

# purpose_permitted

test_debugging_is_no_purpose if {
	debugging := {"context": {"purpose": "debugging", "approval": {"purpose": "debugging"}}}
	decision_on(debugging).failed == {"purpose_permitted"}
}

# second_person

test_nobody_agreed if with_approval({"granted": false}) == {"second_person"}

test_nobody_agrees_with_themselves if {
	with_approval({"approver": "usr-07"}) == {"second_person"}
	with_approval({"approver": "USR-07"}) == {"second_person"}
}

test_an_engineer_agrees if with_approval({"approver_roles": ["engineer"]}) == {"second_person"}

test_another_privacy_officer_agrees if with_approval({"approver_roles": ["privacy_officer"]}) == set()

test_an_officer_of_another_tenant_agrees if with_approval({"tenant": "globex"}) == {"second_person"}

# approval_fits

test_agreement_to_another_run if with_approval({"run": "run-20261122-0043"}) == {"approval_fits"}

test_agreement_to_another_purpose if with_approval({"purpose": "incident_response"}) == {"approval_fits"}

# approval_recent

test_agreed_exactly_as_long_ago_as_allowed if with_approval({"approved_at": "2026-11-22T13:45:00Z"}) == set()

test_agreed_a_second_earlier if with_approval({"approved_at": "2026-11-22T13:44:59Z"}) == {"approval_recent"}

test_to_be_agreed_later if with_approval({"approved_at": "2026-11-22T14:00:01Z"}) == {"approval_recent"}

# region_allowed

test_another_region_without_consent if abroad({}) == {"region_allowed"}

test_another_region_with_explicit_consent if abroad({"transfer_consent": consent}) == set()

# obligations

test_without_an_answer_somebody_is_asked if {
	decision := decision_on_all(unapproved)
	decision.failed == {"approval_fits", "approval_recent", "second_person"}
	decision.obligations == request_approval
}

test_an_agreement_that_is_too_old_is_asked_for_again if {
	old := {"context": {"approval": {"approved_at": "2026-11-21T14:00:00Z"}}}
	decision_on(old).obligations == request_approval
}

test_nobody_is_asked_for_what_cannot_be_allowed if {
	every gate, change in {
		"authorised": {"subject": {"properties": {"roles": ["engineer"]}}},
		"own_tenant": {"resource": {"properties": {"tenant": "globex"}}},
		"purpose_permitted": {"context": {"purpose": "debugging"}},
		"region_allowed": {"context": {"region": "US"}},
	} {
		decision := decision_on_all(object.union(unapproved, change))
		decision.failed == {gate, "approval_fits", "approval_recent", "second_person"}
		decision.obligations == []
	}
}

test_each_of_these_alone_denies if {
	every change in [
		{"resource": {"properties": {"tenant": "globex"}}, "context": {"approval": {"tenant": "globex"}}},
		{"context": {"region": "US"}},
	] {
		decision_on(change).allow == false
	}
}
