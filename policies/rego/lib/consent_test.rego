package lib.consent_test

import rego.v1

import data.lib.consent

table := {
	"duty": {"basis": "legal_obligation"},
	"learn": {"basis": "consent"},
	"other": {"basis": "consent"},
	"public": {"basis": "public_task"},
	"rescue": {"basis": "vital_interests"},
	"sell": {"basis": "contract"},
	"watch": {"basis": "legitimate_interests"},
	"odd": {"basis": "because"},
}

given := {
	"purpose": "learn",
	"state": "granted",
	"given_at": "2026-11-22T14:00:00Z",
	"expires_at": "2026-11-22T14:00:01Z",
}

permitted(purpose, consents) if {
	consent.permitted(purpose, consents) with data.purposes as table
		with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
}

changed(change) := object.union(given, change)

test_consent_that_stands if permitted("learn", [given])

test_consent_of_everybody if {
	permitted("learn", [given, given])
	not permitted("learn", [given, changed({"state": "none"})])
	not permitted("learn", [changed({"state": "withdrawn"}), given])
}

test_nobody_has_not_consented if not permitted("learn", [])

test_consent_to_something_else if {
	not permitted("learn", [changed({"purpose": "other"})])
	not permitted("other", [given])
}

test_any_other_state if {
	every state in ["expired", "none", "withdrawn", "", null] {
		not permitted("learn", [changed({"state": state})])
	}
}

test_consent_given_later if not permitted("learn", [changed({"given_at": "2026-11-22T14:00:01Z"})])

test_consent_that_has_ended if not permitted("learn", [changed({"expires_at": "2026-11-22T14:00:00Z"})])

test_half_a_consent_is_none if {
	every name in object.keys(given) {
		not permitted("learn", [object.remove(given, [name])])
	}
}

test_what_holds_whatever_the_person_says if {
	every purpose in ["duty", "rescue", "sell"] {
		permitted(purpose, [])
		permitted(purpose, [changed({"purpose": purpose, "state": "withdrawn"})])
	}
}

test_what_a_person_may_object_to if {
	every purpose in ["public", "watch"] {
		permitted(purpose, [])
		permitted(purpose, [{"purpose": purpose, "state": "none"}])
		permitted(purpose, [changed({"purpose": purpose})])
		permitted(purpose, [changed({"purpose": purpose, "state": "expired"})])
		not permitted(purpose, [{"purpose": purpose, "state": "withdrawn"}])
		not permitted(purpose, [{"purpose": purpose, "state": "none"}, {"purpose": purpose, "state": "withdrawn"}])
		not permitted(purpose, [{"purpose": purpose}])
	}
}

test_a_purpose_that_nobody_listed if {
	not permitted("unknown", [changed({"purpose": "unknown"})])
	not permitted("odd", [changed({"purpose": "odd"})])
	not permitted(null, [given])
}

test_what_needs_consent if {
	consent.needed("learn") with data.purposes as table
	not consent.needed("sell") with data.purposes as table
	not consent.needed("unknown") with data.purposes as table
}

test_without_purposes_nothing_is_permitted if {
	not consent.permitted("learn", [given]) with data.purposes as {}
		with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
}

test_the_shipped_purposes_have_a_basis if {
	bases := (consent.firm | consent.open_to_objection) | {"consent"}
	every _, purpose in data.purposes {
		purpose.basis in bases
		is_string(purpose.title)
		is_string(purpose.law)
	}
	every _, purpose in data.purposes {
		is_number(object.get(purpose, "lasts_days", null)) == (purpose.basis == "consent")
	}
}
