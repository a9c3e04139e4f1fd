package privacy.process_test

import rego.v1

import data.privacy.process

settings := {"purposes": {
	"support": {
		"services": ["studio"],
		"regions": ["EU", "MARS"],
		"lanes": ["names", "patterns"],
		"operators": {"CARD": "mask", "IP": "generalise", "MAC": "keep", "SECRET": "drop", "IBAN": "mask", "SSN": "tokenise"},
	},
	"training": {"services": ["studio"], "regions": ["EU"], "lanes": ["names"], "operators": {}},
	"broken": {"services": ["studio"], "regions": ["EU"], "lanes": ["names"]},
}}

grounds := {
	"broken": {"basis": "contract"},
	"support": {"basis": "legitimate_interests"},
	"training": {"basis": "consent"},
}

unasked := {"purpose": "support", "state": "none"}

given := {
	"purpose": "training",
	"state": "granted",
	"given_at": "2026-11-22T13:59:59Z",
	"expires_at": "2026-11-22T14:00:01Z",
}

trained(consent) := {
	"resource": {"properties": {"consent": consent}},
	"context": {"purpose": "training", "lane": "names"},
}

golden := {
	"subject": {"type": "service", "id": "studio", "properties": {"tenant": "default"}},
	"action": {"name": "privacy.process"},
	"resource": {
		"type": "person",
		"id": "psn_0123456789abcdef0123456789abcdef",
		"properties": {"consent": unasked, "restricted": false, "objected": false},
	},
	"context": {"step": "redact", "purpose": "support", "region": "EU", "lane": "patterns"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

names_job := {
	"subject": {"type": "job", "id": "privacy.find_names", "properties": {}},
	"context": {"step": "find_names", "lane": "names"},
}

decided(document) := decision if {
	decision := process.decision with input as document
		with data.redaction as settings
		with data.purposes as grounds
		with data.residency.regions as {"EU": "", "US": ""}
}

on(change) := decided(object.union(golden, change))

failed(change) := on(change).failed

test_a_good_request_passes_every_gate if {
	decision := on({})
	decision.allow == true
	decision.passed == process.required
	decision.failed == set()
}

test_the_purpose_says_what_becomes_of_each_kind if {
	on({}).obligations == [
		{"id": "access", "type": "access", "purpose": "support", "step": "redact", "by": "studio"},
		{"id": "drop", "type": "redact", "secret": true},
		{"id": "generalise", "type": "redact", "ip": true},
		{"id": "keep", "type": "redact", "mac": true},
		{"id": "mask", "type": "redact", "card": true, "iban": true},
	]
}

test_what_a_purpose_does_not_name_gets_a_token if {
	decision := on(trained(given))
	[each.id | some each in decision.obligations] == ["access"]
}

test_the_shipped_purposes_have_what_the_rules_read if {
	every _, purpose in data.redaction.purposes {
		object.keys(purpose) == {"lanes", "operators", "regions", "services"}
		every operator in purpose.operators {
			operator in {"drop", "generalise", "keep", "mask", "tokenise"}
		}
	}
	every name, _ in data.redaction.purposes {
		is_string(data.purposes[name].basis)
	}
}

test_without_settings_nothing_is_permitted if {
	decision := process.decision with input as golden
		with data.redaction as {}
		with data.residency.regions as {"EU": ""}
	decision.failed == {"authorised", "lane_permitted", "purpose_permitted", "region_permitted"}
}

test_without_grounds_nothing_is_permitted if {
	decision := process.decision with input as golden
		with data.redaction as settings
		with data.purposes as {}
		with data.residency.regions as {"EU": ""}
	decision.failed == {"consented"}
}

# authorised

test_a_service_that_the_purpose_does_not_name if failed({"subject": {"id": "shop"}}) == {"authorised"}

test_the_job_looks_for_names if failed(names_job) == set()

test_the_job_is_of_no_tenant if {
	decided(json.remove(object.union(golden, names_job), ["subject/properties/tenant"])).failed == set()
}

test_the_job_does_nothing_else if {
	failed(object.union(names_job, {"context": {"step": "redact"}})) == {"authorised"}
	failed(object.union(names_job, {"context": {"step": "read"}})) == {"authorised", "own_document"}
}

test_another_job if failed(object.union(names_job, {"subject": {"id": "jobs.forget"}})) == {"authorised"}

test_a_job_of_the_name_of_a_service if {
	failed({"subject": {"type": "job", "id": "studio"}}) == {"authorised"}
}

test_a_service_of_the_name_of_the_job if {
	failed({"subject": {"id": "privacy.find_names"}, "context": {"step": "find_names"}}) == {"authorised"}
}

test_a_service_does_not_look_for_names_itself if failed({"context": {"step": "find_names"}}) == {"authorised"}

# own_tenant

test_a_service_of_another_tenant if failed({"subject": {"properties": {"tenant": "acme"}}}) == {"own_tenant"}

test_a_service_of_no_tenant if {
	decided(object.union(golden, {"subject": {"properties": {"tenant": null}}})).failed == {"own_tenant"}
	decided(json.remove(golden, ["subject/properties/tenant"])).failed == {"own_tenant"}
}

# own_document

read_by(service) := {
	"resource": {"properties": {"service": service}},
	"context": {"step": "read"},
}

test_a_service_reads_its_own_document if failed(read_by("studio")) == set()

test_a_service_reads_the_document_of_another if failed(read_by("shop")) == {"own_document"}

test_a_document_of_nobody if failed({"context": {"step": "read"}}) == {"own_document"}

# purpose_permitted

test_a_purpose_that_nobody_has_heard_of if {
	failed({"context": {"purpose": "gossip"}}) == {
		"authorised",
		"consented",
		"lane_permitted",
		"purpose_permitted",
		"region_permitted",
	}
}

test_a_purpose_without_operators if {
	failed({"context": {"purpose": "broken", "lane": "names"}}) == {"purpose_permitted"}
}

# region_permitted

test_a_region_that_the_purpose_does_not_have if failed({"context": {"region": "US"}}) == {"region_permitted"}

test_a_region_that_there_is_not if failed({"context": {"region": "MARS"}}) == {"region_permitted"}

# lane_permitted

test_a_purpose_for_which_names_have_to_be_looked_for if {
	failed(object.union(trained(given), {"context": {"lane": "patterns"}})) == {"lane_permitted"}
}

# consented

test_a_purpose_that_rests_on_consent if {
	failed(trained(given)) == set()
	failed(trained({"purpose": "training", "state": "none"})) == {"consented"}
	failed(trained(object.union(given, {"state": "withdrawn"}))) == {"consented"}
	failed(trained(object.union(given, {"expires_at": "2026-11-22T14:00:00Z"}))) == {"consented"}
}

test_consent_to_something_else if failed(trained(object.union(given, {"purpose": "support"}))) == {"consented"}

test_no_step_does_without_consent if {
	withdrawn := trained(object.union(given, {"state": "withdrawn"}))
	failed(object.union(withdrawn, names_job)) == {"consented"}
	failed(object.union(withdrawn, {
		"resource": {"properties": {"consent": {"state": "withdrawn"}, "service": "studio"}},
		"context": {"step": "read", "purpose": "training", "lane": "names"},
	})) == {"consented"}
}

test_an_objection if {
	failed({"resource": {"properties": {"consent": {"purpose": "support", "state": "withdrawn"}}}}) == {"consented"}
}

test_a_consent_that_nobody_has_looked_up if {
	decided(json.remove(golden, ["resource/properties/consent"])).failed == {"consented"}
}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"id": "shop"}},
		{"subject": {"properties": {"tenant": "acme"}}},
		read_by("shop"),
		{"context": {"purpose": "broken", "lane": "names"}},
		{"context": {"region": "US"}},
		object.union(trained(given), {"context": {"lane": "patterns"}}),
		trained({"purpose": "training", "state": "none"}),
	] {
		on(change).allow == false
		on(change).obligations == []
	}
}

# unrestricted

restricted := {"resource": {"properties": {"restricted": true}}}

objected := {"resource": {"properties": {"objected": true}}}

test_a_person_who_restricts_or_objects if {
	every mark in [restricted, objected, object.union(restricted, objected)] {
		failed(mark) == {"unrestricted"}
		failed(object.union(trained(given), mark)) == {"unrestricted"}
		failed(object.union(names_job, mark)) == {"unrestricted"}
		on(mark).allow == false
	}
}

test_nobody_objects_to_what_rests_on_a_contract if {
	decision := process.decision with input as object.union(golden, objected)
		with data.redaction as settings
		with data.purposes as {"support": {"basis": "contract"}}
		with data.residency.regions as {"EU": "", "US": ""}
	decision.failed == set()
}

test_whether_somebody_restricts_was_not_looked_up if {
	decided(json.remove(golden, ["resource/properties/restricted"])).failed == {"unrestricted"}
}
