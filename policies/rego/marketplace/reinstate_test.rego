package marketplace.reinstate_test

import rego.v1

import data.marketplace.reinstate

golden := {
	"subject": {
		"type": "officer",
		"id": "ofc-7",
		"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
	},
	"action": {"name": "marketplace.reinstate"},
	"resource": {
		"type": "listing",
		"id": "invoice-reader",
		"properties": {
			"developer": "acme",
			"state": "quarantined",
			"reason": "malicious_code",
			"taken_off_by": "ofc-9",
			"open_criticals": 0,
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := reinstate.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == reinstate.required
	decision.failed == set()
	decision.obligations == []
}

test_what_was_taken_off if failed({"resource": {"properties": {"state": "delisted"}}}) == set()

test_a_release_that_was_hidden if {
	change := {"resource": {"type": "release", "id": "invoice-reader:1.2.0", "properties": {"state": "yanked"}}}
	failed(change) == set()
}

test_the_job_brings_back_what_was_patched if {
	change := {
		"subject": {"type": "job", "id": "marketplace.watch_life", "properties": {}},
		"resource": {
			"properties": {
				"state": "delisted",
				"reason": "known_vulnerability",
				"taken_off_by": "marketplace.watch_life",
			},
		},
	}
	failed(change) == set()
}

test_the_job_brings_nothing_back_that_was_taken_off_for_something_else if {
	change := {
		"subject": {"type": "job", "id": "marketplace.watch_life", "properties": {}},
		"resource": {"properties": {"state": "delisted", "reason": "fraud"}},
	}
	failed(change) == {"authorised"}
}

test_the_job_brings_nothing_back_from_quarantine if {
	change := {
		"subject": {"type": "job", "id": "marketplace.watch_life", "properties": {}},
		"resource": {"properties": {"reason": "known_vulnerability"}},
	}
	failed(change) == {"authorised"}
}

test_the_job_brings_no_release_back if {
	change := {
		"subject": {"type": "job", "id": "marketplace.watch_life", "properties": {}},
		"resource": {
			"type": "release",
			"id": "invoice-reader:1.2.0",
			"properties": {"state": "delisted", "reason": "known_vulnerability"},
		},
	}
	failed(change) == {"authorised"}
}

test_an_officer_with_the_name_of_the_job if {
	change := {
		"subject": {
			"type": "officer",
			"id": "marketplace.watch_life",
			"properties": {"groups": ["omega-finance"], "second_factor": true},
		},
		"resource": {"properties": {"state": "delisted", "reason": "known_vulnerability"}},
	}
	failed(change) == {"authorised"}
}

test_another_job if {
	change := {
		"subject": {"type": "job", "id": "marketplace.rescan", "properties": {}},
		"resource": {"properties": {"state": "delisted", "reason": "known_vulnerability"}},
	}
	failed(change) == {"authorised", "second_factor"}
}

test_an_officer_of_finance_brings_it_back if {
	change := {"subject": {"properties": {"groups": ["omega-finance"]}}}
	failed(change) == {"authorised"}
}

test_without_a_second_factor if failed({"subject": {"properties": {"second_factor": false}}}) == {"second_factor"}

test_it_is_on_sale if failed({"resource": {"properties": {"state": "listed"}}}) == {"taken_off"}

test_a_critical_vulnerability_is_open if failed({"resource": {"properties": {"open_criticals": 1}}}) == {"patched"}

test_the_very_person_who_took_it_off if {
	change := {"resource": {"properties": {"taken_off_by": "ofc-7"}}}
	failed(change) == {"another_person"}
}

test_the_very_person_in_capitals if {
	change := {"resource": {"properties": {"taken_off_by": "OFC-7"}}}
	failed(change) == {"another_person"}
}

test_each_of_these_alone_denies if {
	every change in [
		{
			"subject": {"type": "job", "id": "marketplace.watch_life", "properties": {}},
			"resource": {"properties": {"state": "delisted", "reason": "fraud"}},
		},
		{"subject": {"properties": {"second_factor": false}}},
		{"resource": {"properties": {"state": "listed"}}},
		{"resource": {"properties": {"open_criticals": 1}}},
		{"resource": {"properties": {"taken_off_by": "ofc-7"}}},
	] {
		decision_on(change).allow == false
	}
}
