package dsr.fulfil_test

import rego.v1

import data.dsr.fulfil

golden := {
	"subject": {"type": "job", "id": "dsr.fulfil", "properties": {}},
	"action": {"name": "dsr.fulfil"},
	"resource": {"type": "dsr_request", "id": "dsr-1f", "properties": {
		"approvers": ["ofc-1", "ofc-2"],
		"held": false,
		"kind": "erase",
		"state": "approved",
		"verified": true,
	}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

kinds := {"access", "erase", "export", "object", "rectify", "restrict"}

decision_on(change) := decision if {
	decision := fulfil.decision with input as object.union(golden, change)
		with data.jobs as {"dsr.fulfil": {"enabled": true}, "dsr.idle": {"enabled": false}}
		with data.data_subjects as {"second_person": ["erase"]}
}

failed(change) := decision_on(change).failed

facts(change) := {"resource": {"properties": change}}

test_an_erasure_that_two_approved_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == fulfil.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["dsr.fulfil"] {
		rule.enforcement == "blocking"
	}
}

test_missing_data_close_their_gates if {
	decision := fulfil.decision with input as golden with data.jobs as {} with data.data_subjects as {}
	decision.allow == false
	decision.failed == {"enabled"}
}

# enabled, own

test_a_job_that_is_switched_off if failed({"subject": {"id": "dsr.idle"}}) == {"enabled", "own"}

test_another_job if {
	decision := fulfil.decision with input as object.union(golden, {"subject": {"id": "jobs.forget"}})
		with data.jobs as {"jobs.forget": {"enabled": true}}
	decision.failed == {"own"}
}

# approved

test_the_states_in_which_it_goes_on if {
	every state in ["approved", "in_processing", "pending_external"] {
		failed(facts({"state": state})) == set()
	}
	every state in ["pending", "paused", "legal_hold", "denied", "complete", "error", "requires_manual"] {
		failed(facts({"state": state})) == {"approved"}
	}
}

test_what_nobody_approved if failed(facts({"kind": "access", "approvers": []})) == {"approved"}

# identity_verified

test_somebody_unknown if failed(facts({"verified": false})) == {"identity_verified"}

# not_held

test_a_hold_stops_an_erasure_and_nothing_else if {
	failed(facts({"held": true})) == {"not_held"}
	every kind in kinds - {"erase"} {
		failed(facts({"held": true, "kind": kind})) == set()
	}
}

# second_person

test_one_person_is_enough_for_what_can_be_undone if {
	every kind in kinds - {"erase"} {
		failed(facts({"kind": kind, "approvers": ["ofc-1"]})) == set()
	}
}

test_one_person_under_two_spellings_is_one if {
	failed(facts({"approvers": ["ofc-1"]})) == {"second_person"}
	failed(facts({"approvers": ["ofc-1", "OFC-1"]})) == {"second_person"}
	failed(facts({"approvers": ["ofc-1", "ofc-1", "ofc-3"]})) == set()
}
