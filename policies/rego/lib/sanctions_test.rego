package lib.sanctions_test

import rego.v1

import data.lib.sanctions

lists := {"countries": {"KP": "listed"}, "entities": {"0000EXAMPLESANCT0015": "listed"}}

honest := {"kind": "organisation", "country": "DE", "entity": "0000EXAMPLEHONEST080"}

clear(party) if sanctions.clear(party) with data.sanctions as lists

test_an_individual_from_elsewhere_is_clear if clear({"kind": "individual", "country": "DE"})

test_an_individual_from_a_listed_country_is_not if not clear({"kind": "individual", "country": "KP"})

test_an_unlisted_organisation_is_clear if clear(honest)

test_a_listed_organisation_is_not if {
	not clear({"kind": "organisation", "country": "DE", "entity": "0000EXAMPLESANCT0015"})
}

test_an_organisation_in_a_listed_country_is_not if {
	not clear({"kind": "organisation", "country": "KP", "entity": "0000EXAMPLEHONEST080"})
}

test_an_organisation_that_names_no_entity_is_not if not clear({"kind": "organisation", "country": "DE"})

test_a_party_without_country_is_not if not clear({"kind": "individual"})

test_a_party_of_no_known_kind_is_not if {
	not clear({"kind": "trust", "country": "DE", "entity": "0000EXAMPLEHONEST080"})
}

test_an_individual_who_acts_for_a_listed_organisation_is_not if {
	not clear({"kind": "individual", "country": "DE", "entity": "0000EXAMPLESANCT0015"})
}

test_an_entry_counts_whatever_its_remark if {
	remarkless := {"countries": {"KP": ""}, "entities": {}}
	not sanctions.clear({"kind": "individual", "country": "KP"}) with data.sanctions as remarkless
}

test_without_lists_nobody_is_clear if {
	every incomplete in [{}, {"countries": {}}, {"entities": {}}] {
		not sanctions.clear({"kind": "individual", "country": "DE"}) with data.sanctions as incomplete
		not sanctions.clear(honest) with data.sanctions as incomplete
	}
}

test_the_shipped_lists_are_lists if {
	count(data.sanctions.countries) > 0
	is_object(data.sanctions.entities)
}
