package privacy.transfer_test

import rego.v1

import data.privacy.transfer

table := {
	"officer": {"cooks": ["cook"], "dpo": ["data_protection_officer"], "privacy": ["privacy_officer"]},
	"service": {"lab": ["exporter"], "shop": ["consent_reader"]},
}

purposes := {"learn": {"basis": "consent"}, "sell": {"basis": "contract"}, "watch": {"basis": "legitimate_interests"}}

regions := {
	"regions": {"APAC": "", "EU": "", "UK": "", "US": ""},
	"adequacy": {"eu-uk": {
		"home": ["EU"],
		"place": "UK",
		"recipients": ["*"],
		"since": "2026-11-22T14:00:00Z",
		"until": "2026-11-22T14:00:01Z",
	}},
	"safeguards": {"scc": {"home": ["EU"], "place": "US", "recipients": ["lab"], "since": "2026-01-01T00:00:00Z"}},
	"derogations": {"claims": {"home": ["EU"], "place": "US", "recipients": ["court"], "since": "2026-01-01T00:00:00Z"}},
}

consent := {
	"purpose": "learn",
	"state": "granted",
	"given_at": "2026-11-22T14:00:00Z",
	"expires_at": "2026-11-22T14:00:01Z",
}

golden := {
	"subject": {"type": "service", "id": "lab", "properties": {}},
	"action": {"name": "privacy.transfer"},
	"resource": {
		"type": "export",
		"id": "exp-0123456789abcdef01234567",
		"properties": {
			"home": "EU",
			"purpose": "learn",
			"people": 1,
			"consents": [consent],
			"recalled": false,
			"recipient": "lab",
			"restricted": false,
			"objected": false,
		},
	},
	"context": {"place": "EU", "basis": "home"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

on(change) := decision if {
	decision := transfer.decision with input as object.union(golden, change)
		with data.roles as table
		with data.purposes as purposes
		with data.residency as regions
}

failed(change) := on(change).failed

facts(change) := {"resource": {"properties": change}}

to(place, basis) := {"context": {"place": place, "basis": basis}}

by(place, basis, instrument) := {"context": {"place": place, "basis": basis, "instrument": instrument}}

test_data_that_stay_pass_every_gate if {
	decision := on({})
	decision.allow == true
	decision.passed == transfer.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_who_moves_data if {
	failed({"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["dpo"]}}}) == set()
	failed({"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["privacy"]}}}) == set()
	failed({"subject": {"type": "officer", "id": "lab", "properties": {"groups": ["cooks"]}}}) == {"authorised"}
	failed({"subject": {"id": "shop"}}) == {"authorised"}
	decision := on({"subject": {"id": "garden"}})
	decision.allow == false
	decision.failed == {"authorised"}
}

# current

test_a_part_that_was_called_back if failed(facts({"recalled": true})) == {"current"}

# everybody

test_somebody_whose_consent_nobody_looked_up if failed(facts({"people": 2})) == {"everybody"}

test_more_consents_than_persons if failed(facts({"consents": [consent, consent]})) == {"everybody"}

# purpose_permitted

test_a_purpose_without_consent if {
	every state in ["expired", "none", "withdrawn"] {
		failed(facts({"consents": [object.union(consent, {"state": state})]})) == {"purpose_permitted"}
	}
	failed(facts({"consents": [object.union(consent, {"expires_at": "2026-11-22T14:00:00Z"})]})) == {"purpose_permitted"}
}

test_one_of_two_has_not_consented if {
	asked := facts({"people": 2, "consents": [consent, {"purpose": "learn", "state": "none"}]})
	failed(asked) == {"purpose_permitted"}
}

test_a_purpose_that_rests_on_something_else if {
	failed(facts({"purpose": "sell", "consents": [{"purpose": "sell", "state": "none"}]})) == set()
	failed(facts({"purpose": "watch", "consents": [{"purpose": "watch", "state": "none"}]})) == set()
	failed(facts({"purpose": "watch", "consents": [{"purpose": "watch", "state": "withdrawn"}]})) == {"purpose_permitted"}
	failed(facts({"purpose": "unknown"})) == {"purpose_permitted"}
}

# region_allowed

test_another_region_without_a_ground if {
	every basis in ["adequacy", "consent", "home", "necessary", "safeguards"] {
		failed(to("US", basis)) == {"region_allowed"}
	}
}

test_a_region_that_nobody_listed if {
	failed(object.union(facts({"home": "XX"}), to("XX", "home"))) == {"region_allowed"}
}

leaving := {"regions": ["US"], "given_at": "2026-11-22T14:00:00Z", "withdrawn": false}

test_everybody_has_consented_to_leave if {
	asked := object.union(facts({"transfer_consent": leaving}), to("US", "consent"))
	failed(asked) == set()
	failed(object.union(asked, to("APAC", "consent"))) == {"region_allowed"}
	failed(object.union(asked, to("US", "home"))) == {"region_allowed"}
	failed(object.union(asked, facts({"transfer_consent": {"withdrawn": true}}))) == {"region_allowed"}
}

test_an_adequate_region if {
	failed(by("UK", "adequacy", "eu-uk")) == set()
	failed(by("US", "adequacy", "eu-uk")) == {"region_allowed"}
	failed(by("UK", "safeguards", "eu-uk")) == {"region_allowed"}
	failed(object.union(by("UK", "adequacy", "eu-uk"), facts({"home": "APAC"}))) == {"region_allowed"}
}

test_safeguards_for_one_recipient if {
	failed(by("US", "safeguards", "scc")) == set()
	failed(object.union(by("US", "safeguards", "scc"), facts({"recipient": "shop"}))) == {"region_allowed"}
}

test_a_single_case_that_is_necessary if {
	failed(object.union(by("US", "necessary", "claims"), facts({"recipient": "court"}))) == set()
	failed(by("US", "necessary", "claims")) == {"region_allowed"}
}

# unrestricted

test_somebody_who_restricts_or_objects if {
	every mark in [{"restricted": true}, {"objected": true}, {"restricted": true, "objected": true}] {
		failed(facts(mark)) == {"unrestricted"}
		on(facts(mark)).allow == false
	}
}

test_nobody_objects_to_what_rests_on_a_contract if {
	sold := facts({"purpose": "sell", "consents": [{"purpose": "sell", "state": "none"}], "objected": true})
	failed(sold) == set()
	failed(object.union(sold, facts({"restricted": true}))) == {"unrestricted"}
}
