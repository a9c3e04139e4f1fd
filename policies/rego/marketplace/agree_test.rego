package marketplace.agree_test

import rego.v1

import data.marketplace.agree

texts := {
	"developer": {"current": "2", "ip_warranties": true},
	"buyer": {"current": "1", "ip_warranties": false},
}

lists := {"countries": {"KP": "listed"}, "entities": {}}

text := "aa00000000000000000000000000000000000000000000000000000000000000"

golden := {
	"subject": {"type": "developer", "id": "acme", "properties": {"kind": "individual", "country": "DE"}},
	"action": {"name": "marketplace.agree"},
	"resource": {
		"type": "agreement",
		"id": "developer:2",
		"properties": {"sha256": text, "side": "developer", "version": "2"},
	},
	"context": {"sha256": text, "accepted": true, "ip_warranties": true},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

buyer := {
	"subject": {"type": "buyer", "id": "globex"},
	"resource": {"id": "buyer:1", "properties": {"side": "buyer", "version": "1"}},
	"context": {"ip_warranties": false},
}

decision_on(change) := decision if {
	decision := agree.decision with input as object.union(golden, change)
		with data.agreements as texts
		with data.sanctions as lists
}

failed(change) := decision_on(change).failed

test_a_developer_accepts_the_agreement if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == agree.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_agreements_are_of_this_form if {
	object.keys(data.agreements) == {"buyer", "developer"}
	every side in data.agreements {
		is_string(side.versions[side.current].text)
		is_boolean(side.ip_warranties)
	}
}

# authorised

test_a_buyer_accepts_the_agreement_of_buyers if failed(buyer) == set()

test_a_buyer_does_not_accept_the_agreement_of_developers if {
	failed({"subject": buyer.subject, "resource": {"properties": {"version": "1"}}}) == {"authorised"}
}

# current

test_an_older_version if failed({"resource": {"properties": {"version": "1"}}}) == {"current"}

test_no_agreement_no_acceptance if {
	decision := agree.decision with input as golden with data.agreements as {} with data.sanctions as lists
	decision.failed == {"current"}
}

# shown

test_another_text if {
	failed({"context": {"sha256": "bb00000000000000000000000000000000000000000000000000000000000000"}}) == {"shown"}
}

# accepted

test_not_accepted if failed({"context": {"accepted": false}}) == {"accepted"}

# warranted

test_a_developer_without_warranties if failed({"context": {"ip_warranties": false}}) == {"warranted"}

test_a_side_that_says_nothing_of_warranties_wants_them if {
	decision := agree.decision with input as object.union(golden, buyer)
		with data.agreements as {"buyer": {"current": "1"}}
		with data.sanctions as lists
	decision.failed == {"warranted"}
}

# not_sanctioned

test_a_listed_country if failed({"subject": {"properties": {"country": "KP"}}}) == {"not_sanctioned"}
