package auditor_portal.sign_in_test

import rego.v1

import data.auditor_portal.sign_in

golden := {
	"subject": {"type": "visitor", "id": "visitor", "properties": {}},
	"action": {"name": "auditor_portal.sign_in"},
	"resource": {
		"type": "auditor",
		"id": "north/ada",
		"properties": {
			"step": "answer",
			"verified": true,
			"refusal": "",
			"firm": {"state": "active", "networks": ["192.0.2.0/24", "2001:db8::/32"]},
			"auditor": "active",
			"second_factor": {"asserted": true, "recent": true, "codes": false, "code": false},
		},
	},
	"context": {"address": "192.0.2.7"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "portal"},
}

decided(question) := decision if {
	decision := sign_in.decision with input as question
}

decision_on(facts) := decided(object.union(golden, {"resource": {"properties": facts}}))

password_only := {"asserted": false}

with_codes := {"asserted": false, "codes": true}

ask_for_code := [{"id": "ask_for_code", "type": "step-up"}]

departure := {
	"type": "firm",
	"id": "north",
	"properties": {
		"step": "leave",
		"verified": false,
		"refusal": "",
		"firm": {"state": "active", "networks": ["192.0.2.0/24"]},
		"auditor": "unknown",
		"second_factor": {"asserted": false, "recent": false, "codes": false, "code": false},
	},
}

leaving(changed) := decided(object.union(golden, {"resource": object.union(departure, changed)}))

test_an_auditor_of_the_firm_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == {"address", "auditor_active", "firm_active", "second_factor", "verified"}
	decision.failed == set()
	decision.obligations == []
}

test_whoever_leaves_for_the_provider_shows_nothing_yet if {
	decision := leaving({})
	decision.allow == true
	decision.failed == set()
	decision.obligations == []
}

test_nobody_leaves_as_somebody if {
	decision := leaving({"type": "auditor", "id": "north/ada"})
	decision.allow == false
	decision.failed == {"auditor_active", "second_factor", "verified"}
}

test_nobody_comes_back_as_a_firm if {
	decision := decided(object.union(golden, {"resource": {"type": "firm", "id": "north"}}))
	decision.allow == false
	decision.failed == {"verified"}
}

# verified

test_an_answer_that_does_not_hold if {
	every facts in [{"verified": false}, {"verified": false, "refusal": "bad_signature"}, {"refusal": "bad_signature"}] {
		decision := decision_on(facts)
		decision.allow == false
		decision.failed == {"verified"}
	}
}

# firm_active

test_a_firm_that_was_suspended_or_is_none if {
	every state in ["suspended", "unknown"] {
		decision_on({"firm": {"state": state}}).failed == {"firm_active"}
		decision_on({"firm": {"state": state}}).allow == false
		leaving({"properties": {"firm": {"state": state}}}).failed == {"firm_active"}
	}
}

# auditor_active

test_somebody_whom_no_officer_named_or_who_was_revoked if {
	every state in ["revoked", "unknown"] {
		decision := decision_on({"auditor": state})
		decision.allow == false
		decision.failed == {"auditor_active"}
	}
}

# address

from(address) := decided(object.union(golden, {"context": {"address": address}}))

test_addresses_within_the_networks if {
	every address in ["192.0.2.0", "192.0.2.255", "2001:db8::1", "2001:db8:ffff::"] {
		from(address).failed == set()
	}
}

test_addresses_elsewhere_or_unknown if {
	every address in ["192.0.3.0", "10.0.0.1", "2001:db9::1", "::1", "::", "", "192.0.2", "192.0.2.7.1"] {
		decision := from(address)
		decision.allow == false
		decision.failed == {"address"}
	}
}

test_a_firm_without_a_network_comes_from_nowhere if {
	decision := decision_on({"firm": {"networks": []}})
	decision.allow == false
	decision.failed == {"address"}
}

test_a_network_that_is_none_lets_nobody_in if {
	decision_on({"firm": {"networks": ["192.0.2.0/240"]}}).failed == {"address"}
	decision_on({"firm": {"networks": ["192.0.2.0/240", "192.0.2.0/24"]}}).failed == set()
}

test_nobody_leaves_from_elsewhere if leaving({"properties": {"firm": {"networks": ["198.51.100.0/24"]}}}).failed == {"address"}

# second_factor

test_a_password_alone if {
	every step in ["answer", "try", "code"] {
		decision := decision_on({"step": step, "second_factor": password_only})
		decision.allow == false
		decision.failed == {"second_factor"}
		decision.obligations == []
	}
}

test_a_second_factor_that_is_too_old if {
	decision := decision_on({"second_factor": {"recent": false}})
	decision.allow == false
	decision.failed == {"second_factor"}
}

test_nobody_is_asked_for_a_code_before_they_are_known if {
	decision := decision_on({"verified": false, "second_factor": with_codes})
	decision.allow == false
	decision.obligations == []
}

test_an_age_of_no_second_factor if decision_on({"second_factor": {"asserted": false}}).failed == {"second_factor"}

test_who_has_codes_is_asked_for_one if {
	every step in ["answer", "try"] {
		decision := decision_on({"step": step, "second_factor": with_codes})
		decision.allow == true
		decision.failed == set()
		decision.obligations == ask_for_code
	}
}

test_who_showed_one_to_the_provider_is_asked_for_none if decision_on({"second_factor": {"codes": true}}).obligations == []

test_a_code_does_not_make_up_for_a_sign_in_that_is_too_old if {
	every step in ["answer", "try", "code"] {
		facts := {"step": step, "second_factor": object.union(with_codes, {"recent": false, "code": true})}
		decision := decision_on(facts)
		decision.allow == false
		decision.failed == {"second_factor"}
	}
}

test_a_code_of_another_step_counts_as_well if {
	decision_on({"second_factor": object.union(with_codes, {"code": true})}).allow == true
}

test_the_right_code_ends_the_asking if {
	decision := decision_on({"step": "code", "second_factor": object.union(with_codes, {"code": true})})
	decision.allow == true
	decision.failed == set()
	decision.obligations == []
}

test_a_wrong_code if {
	decision := decision_on({"step": "code", "second_factor": with_codes})
	decision.allow == false
	decision.failed == {"second_factor"}
	decision.obligations == []
}

test_a_code_of_a_firm_that_has_none if {
	decision := decision_on({"step": "code", "second_factor": object.union(password_only, {"code": true})})
	decision.allow == false
	decision.failed == {"second_factor"}
}
