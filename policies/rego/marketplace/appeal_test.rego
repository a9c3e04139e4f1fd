package marketplace.appeal_test

import rego.v1

import data.marketplace.appeal

golden := {
	"subject": {"type": "developer", "id": "acme", "properties": {}},
	"action": {"name": "marketplace.appeal"},
	"resource": {
		"type": "appeal",
		"id": "apl-1",
		"properties": {"state": "none", "developer": "acme", "against": "quarantined", "taken_off_by": "ofc-9"},
	},
	"context": {"step": "file"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := appeal.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == appeal.required
	decision.failed == set()
	decision.obligations == []
}

test_against_having_been_taken_off if failed({"resource": {"properties": {"against": "delisted"}}}) == set()

test_another_developer_appeals if failed({"subject": {"id": "initech"}}) == {"authorised"}

test_an_officer_files_none if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-7",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
		},
	}
	failed(change) == {"authorised"}
}

test_an_officer_with_the_id_of_the_developer if {
	change := {
		"subject": {
			"type": "officer",
			"id": "acme",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
		},
	}
	failed(change) == {"authorised"}
}

test_the_developer_decides_on_it if {
	change := {"resource": {"properties": {"state": "filed"}}, "context": {"step": "uphold"}}
	failed(change) == {"authorised", "second_factor"}
}

test_nothing_was_taken_off if failed({"resource": {"properties": {"against": "listed"}}}) == {"in_order"}

test_it_was_filed_before if failed({"resource": {"properties": {"state": "filed"}}}) == {"in_order"}

test_another_officer_upholds_it if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-7",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
		},
		"resource": {"properties": {"state": "filed"}},
		"context": {"step": "uphold"},
	}
	failed(change) == set()
}

test_another_officer_dismisses_it if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-7",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
		},
		"resource": {"properties": {"state": "filed"}},
		"context": {"step": "dismiss"},
	}
	failed(change) == set()
}

test_the_very_officer_who_took_it_off if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-9",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
		},
		"resource": {"properties": {"state": "filed"}},
		"context": {"step": "dismiss"},
	}
	failed(change) == {"another_person"}
}

test_an_officer_of_support_decides if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-7",
			"properties": {"groups": ["omega-support"], "second_factor": true},
		},
		"resource": {"properties": {"state": "filed"}},
		"context": {"step": "uphold"},
	}
	failed(change) == {"authorised"}
}

test_without_a_second_factor if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-7",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": false},
		},
		"resource": {"properties": {"state": "filed"}},
		"context": {"step": "uphold"},
	}
	failed(change) == {"second_factor"}
}

test_it_was_decided_before if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-7",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
		},
		"resource": {"properties": {"state": "upheld"}},
		"context": {"step": "dismiss"},
	}
	failed(change) == {"in_order"}
}

test_nothing_was_filed if {
	change := {
		"subject": {
			"type": "officer",
			"id": "ofc-7",
			"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
		},
		"context": {"step": "uphold"},
	}
	failed(change) == {"in_order"}
}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"id": "initech"}},
		{"resource": {"properties": {"against": "listed"}}},
		{
			"subject": {
				"type": "officer",
				"id": "ofc-9",
				"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
			},
			"resource": {"properties": {"state": "filed"}},
			"context": {"step": "dismiss"},
		},
		{
			"subject": {
				"type": "officer",
				"id": "ofc-7",
				"properties": {"groups": ["omega-trust-and-safety"], "second_factor": false},
			},
			"resource": {"properties": {"state": "filed"}},
			"context": {"step": "uphold"},
		},
	] {
		decision_on(change).allow == false
	}
}

test_who_files_may_be_who_took_it_off if failed({"resource": {"properties": {"taken_off_by": "acme"}}}) == set()
