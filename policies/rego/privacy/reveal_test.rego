package privacy.reveal_test

import rego.v1

import data.privacy.reveal

limits := {
	"purposes": ["security", "support"],
	"services": {"platform": ["security"], "studio": ["gossip"]},
	"approvals": {"officer": 1, "service": 2},
	"approval_seconds": 3600,
}

table := {"officer": {
	"compliance": ["compliance_officer"],
	"cooks": ["cook"],
	"dpo": ["data_protection_officer"],
	"privacy": ["privacy_officer"],
}}

approval := {"by": "ofc-2", "at": "2026-11-22T13:30:00Z"}

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["privacy"], "second_factor": true}},
	"action": {"name": "privacy.reveal"},
	"resource": {
		"type": "person",
		"id": "psn_0123456789abcdef0123456789abcdef",
		"properties": {
			"purpose": "support",
			"region": "EU",
			"home": "EU",
			"requester_type": "officer",
			"requester": "ofc-1",
			"approvals": [approval],
		},
	},
	"context": {"step": "reveal"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

requesting := {"context": {"step": "request"}, "resource": {"properties": {"approvals": []}}}

approving := {
	"subject": {"id": "ofc-2", "properties": {"groups": ["compliance"]}},
	"context": {"step": "approve"},
	"resource": {"properties": {"approvals": []}},
}

by_service := {
	"subject": {"type": "service", "id": "platform", "properties": {"tenant": "default", "groups": []}},
	"resource": {"properties": {
		"purpose": "security",
		"requester_type": "service",
		"requester": "platform",
		"approvals": [approval, {"by": "ofc-3", "at": "2026-11-22T13:31:00Z"}],
	}},
}

decided(document) := decision if {
	decision := reveal.decision with input as document
		with data.redaction.reveal as limits
		with data.residency as regions
		with data.roles as table
}

regions := {
	"regions": {"EU": "", "UK": "", "US": ""},
	"adequacy": {"eu-uk": {"home": ["EU"], "place": "UK", "recipients": ["*"], "since": "2026-01-01T00:00:00Z"}},
	"safeguards": {"own-staff": {"home": ["EU"], "place": "US", "recipients": ["officers"], "since": "2026-11-22T14:00:00Z"}},
	"derogations": {"one": {"home": ["UK"], "place": "US", "recipients": ["platform"], "since": "2026-01-01T00:00:00Z"}},
}

on(change) := decided(object.union(golden, change))

failed(change) := on(change).failed

facts(change) := failed({"resource": {"properties": change}})

also(base, change) := failed(object.union(base, change))

test_a_good_request_passes_every_gate if {
	decision := on({})
	decision.allow == true
	decision.passed == reveal.required
	decision.failed == set()
	decision.obligations == [{"id": "access", "type": "access", "purpose": "support", "step": "reveal", "by": "officer"}]
}

test_every_step_of_a_good_request if {
	failed(requesting) == set()
	failed(approving) == set()
	failed(by_service) == set()
	also(by_service, requesting) == set()
	on(requesting).obligations == []
	on(approving).obligations == []
	on(by_service).obligations == [{"id": "access", "type": "access", "purpose": "security", "step": "reveal", "by": "platform"}]
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	object.keys(data.redaction.reveal) == object.keys(limits)
	data.redaction.reveal.approvals == limits.approvals
}

test_without_limits_nothing_is_revealed if {
	decision := reveal.decision with input as golden
		with data.redaction as {}
		with data.residency.regions as {"EU": ""}
		with data.roles as table
	decision.failed == {"purpose_permitted", "second_person"}
}

# authorised

of(groups) := {"subject": {"properties": {"groups": groups}}}

test_who_asks_and_sees if {
	failed(of(["dpo"])) == set()
	every groups in [[], ["compliance"], ["cooks"], ["nobody"]] {
		failed(of(groups)) == {"authorised"}
		also(requesting, of(groups)) == {"authorised"}
	}
}

test_who_agrees if {
	every groups in [["compliance"], ["dpo"], ["privacy"]] {
		also(approving, of(groups)) == set()
	}
	every groups in [[], ["cooks"]] {
		also(approving, of(groups)) == {"authorised"}
	}
}

test_a_service_for_a_purpose_that_is_not_its_own if {
	also(by_service, {"resource": {"properties": {"purpose": "support"}}}) == {"authorised"}
}

test_a_service_that_nobody_named if {
	shop := {"subject": {"id": "shop"}, "resource": {"properties": {"requester": "shop"}}}
	also(by_service, shop) == {"authorised"}
}

test_a_service_does_not_agree if also(by_service, {
	"context": {"step": "approve"},
	"resource": {"properties": {"requester": "shop"}},
}) == {"authorised"}

test_an_officer_of_the_name_of_a_service if {
	failed({
		"subject": {"id": "platform", "properties": {"groups": []}},
		"resource": {"properties": {"purpose": "security", "requester": "platform"}},
	}) == {"authorised"}
}

# own_tenant, second_factor

test_a_service_of_another_tenant if {
	also(by_service, {"subject": {"properties": {"tenant": "acme"}}}) == {"own_tenant"}
}

test_a_service_has_no_session if {
	decided(json.remove(object.union(golden, by_service), ["subject/properties/second_factor"])).failed == set()
}

test_a_session_without_a_second_factor if {
	alone := {"subject": {"properties": {"second_factor": false}}}
	failed(alone) == {"second_factor"}
	also(requesting, alone) == {"second_factor"}
	also(approving, alone) == {"second_factor"}
}

# purpose_permitted

test_a_purpose_for_which_nothing_is_revealed if {
	facts({"purpose": "gossip"}) == {"purpose_permitted"}
	also(requesting, {"resource": {"properties": {"purpose": "gossip"}}}) == {"purpose_permitted"}
	gossip := {"subject": {"id": "studio"}, "resource": {"properties": {"purpose": "gossip", "requester": "studio"}}}
	also(by_service, gossip) == {"purpose_permitted"}
}

# region_allowed

test_another_region if {
	facts({"region": "US", "home": "UK"}) == {"region_allowed"}
	also(requesting, {"resource": {"properties": {"home": "US"}}}) == {"region_allowed"}
}

test_another_region_with_a_ground if {
	facts({"region": "UK"}) == set()
	facts({"region": "US"}) == set()
	also(approving, {"resource": {"properties": {"region": "US"}}}) == set()
	also(by_service, {"resource": {"properties": {"region": "UK"}}}) == set()
	also(by_service, {"resource": {"properties": {"region": "US"}}}) == {"region_allowed"}
	also(by_service, {"resource": {"properties": {"home": "UK", "region": "US"}}}) == set()
	failed({
		"resource": {"properties": {"region": "US"}},
		"environment": {"time": "2026-11-22T13:59:59Z"},
	}) == {"region_allowed"}
}

test_a_region_that_there_is_not if facts({"region": "MARS", "home": "MARS"}) == {"region_allowed"}

# own_request

test_what_somebody_else_asked_for if {
	facts({"requester": "ofc-9"}) == {"own_request"}
	facts({"requester": "OFC-1"}) == {"own_request"}
	also(requesting, {"resource": {"properties": {"requester": "ofc-9"}}}) == {"own_request"}
}

test_what_a_service_of_the_same_name_asked_for if {
	two := [approval, {"by": "ofc-3", "at": "2026-11-22T13:31:00Z"}]
	facts({"requester_type": "service", "approvals": two}) == {"own_request"}
}

# another_person

test_nobody_agrees_with_themselves if {
	also(approving, {"subject": {"id": "ofc-1"}}) == {"another_person"}
	also(approving, {"subject": {"id": "OFC-1"}}) == {"another_person"}
}

# second_person

test_nobody_agreed if facts({"approvals": []}) == {"second_person"}

test_whoever_asked_does_not_count if facts({"approvals": [object.union(approval, {"by": "OFC-1"})]}) == {"second_person"}

test_an_agreement_exactly_as_old_as_allowed if {
	facts({"approvals": [object.union(approval, {"at": "2026-11-22T13:00:00Z"})]}) == set()
}

test_an_agreement_that_is_too_old_or_still_to_come if {
	every at in ["2026-11-22T12:59:59Z", "2026-11-22T14:00:01Z"] {
		facts({"approvals": [object.union(approval, {"at": at})]}) == {"second_person"}
	}
}

test_one_officer_is_too_few_for_a_service if {
	also(by_service, {"resource": {"properties": {"approvals": [approval]}}}) == {"second_person"}
	again := [approval, {"by": "OFC-2", "at": "2026-11-22T13:31:00Z"}]
	also(by_service, {"resource": {"properties": {"approvals": again}}}) == {"second_person"}
}

# obligations

test_where_only_the_agreement_is_missing_somebody_is_asked if {
	decision := on({"resource": {"properties": {"approvals": []}}})
	decision.allow == false
	decision.obligations == [{"id": "request_approval", "type": "step-up"}]
}

test_what_is_revealed_without_an_agreement_is_an_access_too if {
	span := {"enforcement": "monitoring", "from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
	decision := on({"resource": {"properties": {"approvals": []}}}) with data.enforcement as {"privacy.reveal": {"second_person": [span]}}
	decision.allow == true
	[each.id | some each in decision.obligations] == ["access", "request_approval"]
}

test_nobody_is_asked_for_what_cannot_be_allowed if {
	every change in [
		of([]),
		{"subject": {"properties": {"second_factor": false}}},
		{"resource": {"properties": {"purpose": "gossip"}}},
		{"resource": {"properties": {"region": "US", "home": "UK"}}},
		{"resource": {"properties": {"requester": "ofc-9"}}},
	] {
		decision := on(object.union(change, {"resource": {"properties": object.union(
			object.get(change, ["resource", "properties"], {}),
			{"approvals": []},
		)}}))
		decision.allow == false
		decision.obligations == []
	}
}

test_each_of_these_alone_denies if {
	every change in [
		of(["cooks"]),
		{"subject": {"properties": {"second_factor": false}}},
		{"resource": {"properties": {"purpose": "gossip"}}},
		{"resource": {"properties": {"region": "US", "home": "UK"}}},
		{"resource": {"properties": {"requester": "ofc-9"}}},
		{"resource": {"properties": {"approvals": []}}},
	] {
		on(change).allow == false
	}
	on(object.union(approving, {"subject": {"id": "ofc-1"}})).allow == false
	on(object.union(by_service, {"subject": {"properties": {"tenant": "acme"}}})).allow == false
}
