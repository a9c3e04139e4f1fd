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

ground := {
	"home": ["EU", "UK"],
	"place": "US",
	"recipients": ["lab"],
	"since": "2026-11-22T14:00:00Z",
	"until": "2026-11-22T14:00:01Z",
}

grounded_by(ground, home, place, basis, instrument, recipient) if {
	residency.grounded(home, place, basis, instrument, recipient)
		with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
		with data.residency as object.union(table, {"safeguards": {"scc": ground}})
}

stated(change) := object.union(ground, change)

test_a_ground_for_these_regions_and_this_recipient if {
	grounded_by(ground, "EU", "US", "safeguards", "scc", "lab")
	grounded_by(ground, "UK", "US", "safeguards", "scc", "lab")
}

test_a_ground_for_other_regions if {
	not grounded_by(ground, "APAC", "US", "safeguards", "scc", "lab")
	not grounded_by(ground, "EU", "APAC", "safeguards", "scc", "lab")
	not grounded_by(stated({"home": ["XX"]}), "XX", "US", "safeguards", "scc", "lab")
	not grounded_by(stated({"place": "XX"}), "EU", "XX", "safeguards", "scc", "lab")
}

test_a_ground_for_another_recipient if {
	not grounded_by(ground, "EU", "US", "safeguards", "scc", "shop")
	not grounded_by(stated({"recipients": []}), "EU", "US", "safeguards", "scc", "lab")
}

test_a_ground_for_every_recipient if {
	grounded_by(stated({"recipients": ["*"]}), "EU", "US", "safeguards", "scc", "shop")
}

test_a_ground_of_another_basis if {
	every basis in ["adequacy", "necessary", "consent", "home"] {
		not grounded_by(ground, "EU", "US", basis, "scc", "lab")
	}
	not grounded_by(ground, "EU", "US", "safeguards", "bcr", "lab")
}

test_a_ground_that_does_not_hold_yet if {
	not grounded_by(stated({"since": "2026-11-22T14:00:01Z"}), "EU", "US", "safeguards", "scc", "lab")
}

test_a_ground_that_has_ended if {
	not grounded_by(stated({"until": "2026-11-22T14:00:00Z"}), "EU", "US", "safeguards", "scc", "lab")
}

test_a_ground_without_an_end if {
	grounded_by(object.remove(ground, ["until"]), "EU", "US", "safeguards", "scc", "lab")
}

test_each_basis_has_its_table if {
	every basis, name in {"adequacy": "adequacy", "necessary": "derogations", "safeguards": "safeguards"} {
		residency.grounded("EU", "US", basis, "scc", "lab")
			with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
			with data.residency as object.union(table, {name: {"scc": ground}})
	}
}

test_the_shipped_grounds_name_regions_times_and_a_source if {
	every name in ["adequacy", "derogations", "processing", "safeguards"] {
		every _, each in data.residency[name] {
			every home in each.home {
				is_string(data.residency.regions[home])
			}
			is_string(data.residency.regions[each.place])
			is_string(each.source)
			time.parse_rfc3339_ns(each.since) < time.parse_rfc3339_ns(object.get(each, "until", "2200-01-01T00:00:00Z"))
		}
	}
}

test_the_shipped_regions_are_named if {
	object.keys(data.residency) == {"adequacy", "derogations", "processing", "regions", "safeguards"}
	count(data.residency.regions) > 0
	every code, name in data.residency.regions {
		regex.match(`^[A-Z]{2,8}$`, code)
		is_string(name)
	}
}

leaves(place, recipient) if {
	residency.leaves("EU", place, recipient)
		with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
		with data.residency as object.union(table, {"safeguards": {"scc": ground}})
}

test_any_ground_for_the_recipient_lets_data_leave if {
	leaves("US", "lab")
	not leaves("US", "shop")
	not leaves("UK", "lab")
}
