package lib.residency_test

import rego.v1

import data.lib.residency

table := {"regions": {"APAC": "", "EU": "", "UK": "", "US": ""}}

consent := {"regions": ["US"], "given_at": "2026-11-22T14:00:00Z", "withdrawn": false}

crosses(home, place, change) if {
	residency.crosses(home, place, object.union(consent, change))
		with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
		with data.residency as table
}

stays(home, place) if residency.stays(home, place) with data.residency as table

test_data_stay_in_their_region if {
	every region in ["APAC", "EU", "UK", "US"] {
		stays(region, region)
	}
}

test_another_region_is_not_home if not stays("EU", "US")

test_a_region_that_nobody_listed_is_no_home if {
	not stays("XX", "XX")
	not stays(null, null)
}

test_consent_names_the_region if crosses("EU", "US", {})

test_consent_for_another_region if {
	not crosses("EU", "APAC", {})
	not crosses("EU", "US", {"regions": []})
}

test_consent_withdrawn if not crosses("EU", "US", {"withdrawn": true})

test_consent_given_later if not crosses("EU", "US", {"given_at": "2026-11-22T14:00:01Z"})

test_consent_opens_no_region_that_nobody_listed if {
	not crosses("EU", "XX", {"regions": ["XX"]})
	not crosses("XX", "US", {})
}

test_half_a_consent_is_none if {
	every name in ["regions", "given_at", "withdrawn"] {
		half := object.remove(consent, [name])
		not residency.crosses("EU", "US", half) with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
			with data.residency as table
	}
}

test_without_regions_nothing_may_go_anywhere if {
	not residency.stays("EU", "EU") with data.residency as {}
	not residency.crosses("EU", "US", consent) with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
		with data.residency as {}
}

test_the_shipped_regions_are_named if {
	object.keys(data.residency) == {"regions"}
	count(data.residency.regions) > 0
	every code, name in data.residency.regions {
		regex.match(`^[A-Z]{2,8}$`, code)
		is_string(name)
	}
}
