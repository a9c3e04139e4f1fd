package lib.gates_test

import rego.v1

import data.lib.gates

always(enforcement) := [{"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "enforcement": enforcement}]

rules := {"shop.sell": {"signed": always("blocking"), "documented": always("monitoring")}}

today := {"environment": {"time": "2026-11-22T14:00:00Z"}}

# At this time, when of two gates one is signed, and the other is in force as these spans say.
spanned(spans, time) := decision.allow if {
	decision := gates.decision("shop.sell", required, {"signed"}, [])
		with data.enforcement as {"shop.sell": {"documented": spans}}
		with input as {"environment": {"time": time}}
}

required := {"signed", "documented"}

test_all_gates_passed_allows if {
	gates.decision("shop.sell", required, required, []) == {
		"allow": true,
		"passed": required,
		"failed": set(),
		"obligations": [],
		"overridden": set(),
	} with input as today with data.enforcement as rules
}

test_a_monitored_gate_is_reported_and_does_not_deny if {
	decision := gates.decision("shop.sell", required, {"signed"}, []) with input as today with data.enforcement as rules
	decision.allow == true
	decision.failed == {"documented"}
}

test_a_blocking_gate_denies if {
	decision := gates.decision("shop.sell", required, {"documented"}, []) with input as today with data.enforcement as rules
	decision.allow == false
	decision.failed == {"signed"}
}

test_a_gate_without_an_entry_blocks if {
	decision := gates.decision("shop.sell", required | {"new"}, required, []) with input as today with data.enforcement as rules
	decision.allow == false
}

test_a_misspelt_enforcement_blocks if {
	misspelt := {"shop.sell": {"documented": always("Monitoring")}}
	decision := gates.decision("shop.sell", required, {"signed"}, []) with input as today with data.enforcement as misspelt
	decision.allow == false
}

test_monitoring_in_another_action_does_not_count if {
	elsewhere := {"shop.buy": {"documented": always("monitoring")}}
	decision := gates.decision("shop.sell", required, {"signed"}, []) with input as today with data.enforcement as elsewhere
	decision.allow == false
}

test_no_rules_at_all_blocks if {
	decision := gates.decision("shop.sell", required, set(), []) with input as today with data.enforcement as {}
	decision.allow == false
}

test_a_gate_that_nobody_requires_changes_nothing if {
	decision := gates.decision("shop.sell", required, required | {"extra"}, []) with input as today with data.enforcement as rules
	decision.allow == true
	decision.failed == set()
}

test_obligations_are_handed_on_in_order if {
	duties := [{"id": "b", "type": "notice"}, {"id": "a", "type": "notice"}]
	decision := gates.decision("shop.sell", required, required, duties) with input as today with data.enforcement as rules
	decision.obligations == duties
}

each_type := [{"id": type, "type": type} |
	some type in ["execution", "hold", "limit", "notice", "notification", "review", "step-up", "new"]
]

test_an_allow_carries_every_obligation if {
	decision := gates.decision("shop.sell", required, {"signed"}, each_type) with input as today with data.enforcement as rules
	decision.allow == true
	decision.obligations == each_type
}

test_a_deny_carries_those_alone_that_a_refusal_calls_for if {
	decision := gates.decision("shop.sell", required, {"documented"}, each_type) with input as today with data.enforcement as rules
	decision.allow == false
	[each.id | some each in decision.obligations] == ["hold", "notification", "step-up"]
}

test_an_obligation_without_a_type_falls_with_a_deny if {
	decision := gates.decision("shop.sell", required, set(), [{"id": "a"}]) with input as today with data.enforcement as rules
	decision.obligations == []
}

test_a_draft_denies_nothing if spanned(always("draft"), "2026-11-22T14:00:00Z")

steps := [
	{"from": "0001-01-01T00:00:00Z", "to": "2026-11-22T14:00:00Z", "enforcement": "draft"},
	{"from": "2026-11-22T14:00:00Z", "to": "2026-12-01T00:00:00Z", "enforcement": "monitoring"},
	{"from": "2026-12-01T00:00:00Z", "to": "2027-01-01T00:00:00Z", "enforcement": "blocking"},
	{"from": "2027-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "enforcement": "monitoring"},
]

test_a_gate_blocks_from_the_second_of_its_step_until_before_the_next if {
	every time in ["2026-11-22T13:59:59Z", "2026-11-22T14:00:00Z", "2026-11-30T23:59:59Z", "2027-01-01T00:00:00Z"] {
		spanned(steps, time) == true
	}
	spanned(steps, "2026-12-01T00:00:00Z") == false
	spanned(steps, "2026-12-31T23:59:59Z") == false
}

test_a_span_that_is_none_blocks if {
	whole := always("monitoring")[0]
	every span in [{"from": "soon"}, {"to": "2026-11-22T14:00:00Z"}, {"to": 5}, {"enforcement": 1}] {
		spanned([object.union(whole, span)], "2026-11-22T14:00:00Z") == false
	}
	spanned([], "2026-11-22T14:00:00Z") == false
}

test_without_a_time_everything_blocks if {
	decision := gates.decision("shop.sell", required, {"signed"}, []) with data.enforcement as rules with input as {}
	decision.allow == false
}

grant := {
	"id": "ovr-1",
	"kind": "request",
	"action": "shop.sell",
	"gate": "signed",
	"subject": {"type": "clerk", "id": "cl-1"},
	"resource": {"type": "fruit", "id": "apple"},
	"by": "cl-1",
	"role": "clerk",
	"from": "2026-11-22T13:00:00Z",
	"expires_at": "2026-11-22T20:00:00Z",
	"hours": 8,
	"minutes": 15,
	"approvals": [
		{"person": "per-1", "role": "ciso", "at": "2026-11-22T12:00:00Z"},
		{"person": "per-2", "role": "compliance_officer", "at": "2026-11-22T13:00:00Z"},
	],
}

overridable := {
	"approvers": {"shop.sell": {"signed": ["ciso", "compliance_officer"]}},
	"max_duration_hours": {"shop.sell": {"signed": 24}},
}

overridden(needed, passed, grants) := decision if {
	decision := gates.decision("shop.sell", needed, passed, each_type)
		with data.enforcement as rules
		with data.overrides as overridable
		with input as {
			"subject": {"type": "clerk", "id": "cl-1"},
			"resource": {"type": "fruit", "id": "apple"},
			"environment": {"time": "2026-11-22T14:00:00Z", "overrides": grants},
		}
}

test_a_valid_override_stands_for_its_gate_and_is_reviewed if {
	decision := overridden(required, {"documented"}, [grant])
	decision.allow == true
	decision.failed == {"signed"}
	decision.overridden == {{"gate": "signed", "id": "ovr-1"}}
	decision.obligations == array.concat(each_type, [{"id": "review_override", "type": "review"}])
}

test_of_several_overrides_each_that_is_valid_is_named if {
	other := object.union(grant, {"id": "ovr-2"})
	void := object.union(grant, {"id": "ovr-3", "approvals": []})
	decision := overridden(required, {"documented"}, [other, void, grant])
	{each.id | some each in decision.overridden} == {"ovr-1", "ovr-2"}
}

test_an_override_of_one_gate_opens_no_other if {
	decision := overridden(required | {"ripe"}, {"documented"}, [grant])
	decision.allow == false
	{each.id | some each in decision.obligations} == {"hold", "notification", "step-up"}
}

test_an_override_of_a_gate_that_denies_nothing_is_not_used if {
	monitored := object.union(grant, {"gate": "documented"})
	decision := overridden(required, {"signed"}, [grant, monitored])
	decision.allow == true
	decision.overridden == set()
	decision.obligations == each_type
}
