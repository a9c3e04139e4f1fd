package marketplace.support_test

import rego.v1

import data.marketplace.support

golden := {
	"subject": {"type": "buyer", "id": "globex", "properties": {}},
	"action": {"name": "marketplace.support"},
	"resource": {
		"type": "ticket",
		"id": "tkt-1",
		"properties": {"state": "none", "buyer": "globex", "developer": "acme", "bought": true},
	},
	"context": {"step": "open"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := support.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == support.required
	decision.failed == set()
	decision.obligations == []
}

test_somebody_who_did_not_buy_it_asks if failed({"resource": {"properties": {"bought": false}}}) == {"authorised"}

test_somebody_asks_in_the_name_of_another_buyer if failed({"subject": {"id": "initech"}}) == {"authorised"}

test_a_developer_asks_nobody if failed({"subject": {"type": "developer", "id": "globex"}}) == {"authorised"}

test_it_was_asked_before if failed({"resource": {"properties": {"state": "open"}}}) == {"in_order"}

test_the_developer_answers if {
	change := {
		"subject": {"type": "developer", "id": "acme", "properties": {}},
		"resource": {"properties": {"state": "open"}},
		"context": {"step": "answer"},
	}
	failed(change) == set()
}

test_once_more if {
	change := {
		"subject": {"type": "developer", "id": "acme", "properties": {}},
		"resource": {"properties": {"state": "answered"}},
		"context": {"step": "answer"},
	}
	failed(change) == set()
}

test_another_developer_answers if {
	change := {
		"subject": {"type": "developer", "id": "initech", "properties": {}},
		"resource": {"properties": {"state": "open"}},
		"context": {"step": "answer"},
	}
	failed(change) == {"authorised"}
}

test_the_developer_resolves_it if {
	change := {
		"subject": {"type": "developer", "id": "acme", "properties": {}},
		"resource": {"properties": {"state": "answered"}},
		"context": {"step": "resolve"},
	}
	failed(change) == set()
}

test_without_an_answer_before if {
	change := {
		"subject": {"type": "developer", "id": "acme", "properties": {}},
		"resource": {"properties": {"state": "open"}},
		"context": {"step": "resolve"},
	}
	failed(change) == set()
}

test_the_office_of_support_answers if {
	change := {
		"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-support"]}},
		"resource": {"properties": {"state": "open"}},
		"context": {"step": "answer"},
	}
	failed(change) == set()
}

test_the_office_of_support_resolves_it if {
	change := {
		"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-support"]}},
		"resource": {"properties": {"state": "answered"}},
		"context": {"step": "resolve"},
	}
	failed(change) == set()
}

test_the_developer_opens_none if {
	change := {"subject": {"type": "developer", "id": "acme", "properties": {}}}
	failed(change) == {"authorised"}
}

test_somebody_else_with_the_id_of_the_developer if {
	change := {
		"subject": {"type": "officer", "id": "acme", "properties": {"groups": ["omega-finance"]}},
		"resource": {"properties": {"state": "open"}},
		"context": {"step": "answer"},
	}
	failed(change) == {"authorised"}
}

test_the_office_of_support_opens_none if {
	change := {"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-support"]}}}
	failed(change) == {"authorised"}
}

test_an_officer_of_finance_answers if {
	change := {
		"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-finance"]}},
		"resource": {"properties": {"state": "open"}},
		"context": {"step": "answer"},
	}
	failed(change) == {"authorised"}
}

test_the_buyer_resolves_it if {
	change := {"resource": {"properties": {"state": "answered"}}, "context": {"step": "resolve"}}
	failed(change) == set()
}

test_the_buyer_answers_nobody if {
	change := {"resource": {"properties": {"state": "open"}}, "context": {"step": "answer"}}
	failed(change) == {"authorised"}
}

test_another_buyer_resolves_it if {
	change := {
		"subject": {"id": "initech"},
		"resource": {"properties": {"state": "answered"}},
		"context": {"step": "resolve"},
	}
	failed(change) == {"authorised"}
}

test_what_is_resolved_is_answered_no_more if {
	change := {
		"subject": {"type": "developer", "id": "acme", "properties": {}},
		"resource": {"properties": {"state": "resolved"}},
		"context": {"step": "answer"},
	}
	failed(change) == {"in_order"}
}

test_nor_resolved_again if {
	change := {"resource": {"properties": {"state": "resolved"}}, "context": {"step": "resolve"}}
	failed(change) == {"in_order"}
}

test_nothing_is_resolved_that_was_not_asked if {
	change := {"resource": {"properties": {"state": "none"}}, "context": {"step": "resolve"}}
	failed(change) == {"in_order"}
}

test_each_of_these_alone_denies if {
	every change in [
		{"resource": {"properties": {"bought": false}}},
		{"resource": {"properties": {"state": "open"}}},
	] {
		decision_on(change).allow == false
	}
}
