package lib.components_test

import rego.v1

import data.lib.components

levels := {"open": "none", "standard": "basic"}

limits := {"use_component": {"certification_of_unlisted": levels}, "certification": {"min_coverage_percent": 80}}

certified := {
	"kind": "agent",
	"digest": "sha256:aa",
	"certification": {
		"digest": "sha256:aa",
		"basic": {"security_scan_passed": true, "coverage_percent": 91, "documentation_complete": true},
	},
}

bare := {"kind": "agent", "digest": "sha256:aa"}

lists(allow, deny) := {"agent": {"allow": allow, "deny": deny}}

allowed(name, governance, component, kinds) if {
	workspace := {"governance": governance, "components": kinds}
	components.allowed(name, component, workspace) with data.thresholds.studio as limits
}

strict(name, allow, deny) if allowed(name, "strict", certified, lists(allow, deny))

open(name, allow, deny) if allowed(name, "open", bare, lists(allow, deny))

test_a_name_on_the_list if strict("reader", ["reader"], [])

test_a_name_on_the_list_beats_a_pattern_that_denies if {
	strict("salesforce", ["salesforce", "jira"], ["*"])
	open("beta_reader", ["beta_reader"], ["beta_*"])
}

test_a_name_on_the_list_is_taken_to_the_letter if {
	not strict("Reader", ["reader"], [])
	not strict("reader2", ["reader"], [])
}

test_a_pattern_that_denies_beats_one_that_allows if {
	not strict("acme/beta_reader", ["acme/*"], ["*beta_*"])
	strict("acme/reader", ["acme/*"], ["*beta_*"])
}

test_a_pattern_that_denies_beats_the_default if {
	not open("experimental_x", [], ["experimental_*", "beta_*"])
	not open("beta_x", [], ["experimental_*", "beta_*"])
	open("stable_x", [], ["experimental_*", "beta_*"])
}

test_a_star_matches_dots_slashes_and_nothing if {
	not open("experimental_a.b/c:d", [], ["experimental_*"])
	not open("experimental_", [], ["experimental_*"])
}

test_capitals_are_no_way_around_a_pattern if not open("eXperimental_x", [], ["experimental_*"])

test_a_denied_name_is_a_pattern_without_a_star if {
	not open("web_scraper", [], ["web_scraper"])
	open("web_scraper2", [], ["web_scraper"])
}

test_a_pattern_that_allows_beats_the_default if {
	strict("acme/reader", ["acme/*"], [])
	not strict("other/reader", ["acme/*"], [])
}

test_the_default_of_open_is_everything if allowed("reader", "open", bare, lists([], []))

test_the_default_of_standard_is_what_is_certified if {
	allowed("reader", "standard", certified, lists([], []))
	not allowed("reader", "standard", bare, lists([], []))
}

test_the_default_of_strict_is_nothing if not allowed("reader", "strict", certified, lists([], []))

test_a_level_that_nobody_described_allows_nothing_unlisted if not allowed("reader", "lax", certified, lists([], []))

test_the_lists_of_another_kind_do_not_count if {
	kinds := {"agent": {"allow": [], "deny": ["*"]}, "tool": {"allow": ["reader"], "deny": []}}
	not allowed("reader", "open", certified, kinds)
	allowed("reader", "open", object.union(certified, {"kind": "tool"}), kinds)
}

test_without_lists_nothing_is_allowed if {
	every kinds in [{}, {"agent": {}}, {"agent": {"allow": []}}, {"agent": {"allow": ["r*"]}}] {
		not allowed("reader", "open", certified, kinds)
	}
}

test_without_limits_only_what_is_listed if {
	workspace := {"governance": "open", "components": lists(["reader"], [])}
	components.allowed("reader", bare, workspace) with data.thresholds as {}
	not components.allowed("writer", bare, workspace) with data.thresholds as {}
}
