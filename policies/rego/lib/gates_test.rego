package lib.gates_test

import rego.v1

import data.lib.gates

rules := {"shop.sell": {
	"signed": {"enforcement": "blocking"},
	"documented": {"enforcement": "monitoring"},
}}

required := {"signed", "documented"}

test_all_gates_passed_allows if {
	gates.decision("shop.sell", required, required, []) == {
		"allow": true,
		"passed": required,
		"failed": set(),
		"obligations": [],
	} with data.rules as rules
}

test_a_monitored_gate_is_reported_and_does_not_deny if {
	decision := gates.decision("shop.sell", required, {"signed"}, []) with data.rules as rules
	decision.allow == true
	decision.failed == {"documented"}
}

test_a_blocking_gate_denies if {
	decision := gates.decision("shop.sell", required, {"documented"}, []) with data.rules as rules
	decision.allow == false
	decision.failed == {"signed"}
}

test_a_gate_without_an_entry_blocks if {
	decision := gates.decision("shop.sell", required | {"new"}, required, []) with data.rules as rules
	decision.allow == false
}

test_a_misspelt_enforcement_blocks if {
	misspelt := {"shop.sell": {"documented": {"enforcement": "Monitoring"}}}
	decision := gates.decision("shop.sell", required, {"signed"}, []) with data.rules as misspelt
	decision.allow == false
}

test_monitoring_in_another_action_does_not_count if {
	elsewhere := {"shop.buy": {"documented": {"enforcement": "monitoring"}}}
	decision := gates.decision("shop.sell", required, {"signed"}, []) with data.rules as elsewhere
	decision.allow == false
}

test_no_rules_at_all_blocks if {
	decision := gates.decision("shop.sell", required, set(), []) with data.rules as {}
	decision.allow == false
}

test_a_gate_that_nobody_requires_changes_nothing if {
	decision := gates.decision("shop.sell", required, required | {"extra"}, []) with data.rules as rules
	decision.allow == true
	decision.failed == set()
}

test_obligations_are_handed_on_in_order if {
	duties := [{"id": "b", "type": "notice"}, {"id": "a", "type": "notice"}]
	decision := gates.decision("shop.sell", required, required, duties) with data.rules as rules
	decision.obligations == duties
}

each_type := [{"id": type, "type": type} |
	some type in ["execution", "hold", "limit", "notice", "notification", "review", "step-up", "new"]
]

test_an_allow_carries_every_obligation if {
	decision := gates.decision("shop.sell", required, {"signed"}, each_type) with data.rules as rules
	decision.allow == true
	decision.obligations == each_type
}

test_a_deny_carries_those_alone_that_a_refusal_calls_for if {
	decision := gates.decision("shop.sell", required, {"documented"}, each_type) with data.rules as rules
	decision.allow == false
	[each.id | some each in decision.obligations] == ["hold", "notification", "step-up"]
}

test_an_obligation_without_a_type_falls_with_a_deny if {
	decision := gates.decision("shop.sell", required, set(), [{"id": "a"}]) with data.rules as rules
	decision.obligations == []
}
