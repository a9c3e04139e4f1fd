package privacy.consent_test

import rego.v1

import data.privacy.consent

table := {
	"officer": {
		"cooks": ["cook"],
		"dpo": ["data_protection_officer"],
		"privacy": ["privacy_officer"],
	},
	"service": {"shop": ["consent_recorder"], "kitchen": ["consent_reader"]},
}

purposes := {"learn": {"basis": "consent"}, "other": {"basis": "consent"}, "sell": {"basis": "contract"}}

golden := {
	"subject": {"type": "officer", "id": "ofc-51", "properties": {"groups": ["privacy"]}},
	"action": {"name": "privacy.consent"},
	"resource": {
		"type": "person",
		"id": "psn_0123456789abcdef0123456789abcdef",
		"properties": {"notice": {"purpose": "learn", "newest": true}},
	},
	"context": {"act": "granted", "purpose": "learn"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

on(asked) := decision if {
	decision := consent.decision with input as asked with data.roles as table with data.purposes as purposes
}

failed(change) := on(object.union(golden, change)).failed

service(name) := {"subject": {"type": "service", "id": name, "properties": {}}}

withdrawal := {"context": {"act": "withdrawn"}}

test_a_grant_passes_every_gate if {
	decision := on(golden)
	decision.allow == true
	decision.passed == consent.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_both_kinds_of_keepers if {
	failed({"subject": {"properties": {"groups": ["dpo"]}}}) == set()
	failed({"subject": {"properties": {"groups": ["cooks", "privacy"]}}}) == set()
}

test_an_officer_of_something_else if {
	decision := on(object.union(golden, {"subject": {"properties": {"groups": ["cooks"]}}}))
	decision.allow == false
	decision.failed == {"authorised"}
}

test_a_service_that_persons_tell_it_to if {
	failed(service("shop")) == set()
	failed(object.union(service("shop"), withdrawal)) == set()
}

test_a_service_that_only_reads_or_that_nobody_listed if {
	failed(service("kitchen")) == {"authorised"}
	failed(service("garden")) == {"authorised"}
}

test_an_officer_called_as_a_service if {
	failed({"subject": {"id": "shop", "properties": {"groups": []}}}) == {"authorised"}
}

test_a_service_writes_no_texts if {
	failed(object.union(service("shop"), {"context": {"act": "notice"}})) == {"authorised"}
}

# informed

test_a_text_that_is_not_the_newest if {
	failed({"resource": {"properties": {"notice": {"newest": false}}}}) == {"informed"}
}

test_a_text_of_another_purpose if {
	failed({"resource": {"properties": {"notice": {"purpose": "other"}}}}) == {"informed"}
}

test_a_text_that_nobody_has if {
	failed_without := on(json.patch(golden, [{"op": "remove", "path": "/resource/properties/notice"}])).failed
	failed_without == {"informed"}
}

# purpose_asks

test_a_purpose_that_rests_on_something_else if {
	decision := on(object.union(golden, {
		"context": {"purpose": "sell"},
		"resource": {"properties": {"notice": {"purpose": "sell"}}},
	}))
	decision.allow == false
	decision.failed == {"purpose_asks"}
}

test_a_text_for_a_purpose_that_asks if {
	asked := {"context": {"act": "notice"}, "resource": {"type": "notice", "id": "n-1"}}
	failed(asked) == set()
	failed(object.union(asked, {"context": {"purpose": "sell"}})) == {"purpose_asks"}
}

# a withdrawal

test_nothing_stands_in_the_way_of_a_withdrawal if {
	decision := on(json.patch(object.union(golden, withdrawal), [
		{"op": "remove", "path": "/resource/properties/notice"},
		{"op": "replace", "path": "/context/purpose", "value": "unknown"},
	]))
	decision.allow == true
	decision.obligations == [{"id": "recall_exports", "type": "execution"}]
}

test_not_even_a_withdrawal_by_anybody if {
	decision := on(object.union(golden, object.union(withdrawal, service("garden"))))
	decision.failed == {"authorised"}
	decision.obligations == []
}
