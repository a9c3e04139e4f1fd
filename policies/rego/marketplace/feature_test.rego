package marketplace.feature_test

import rego.v1

import data.marketplace.feature

limits := {
	"min_rating": 4.5,
	"min_downloads": 100,
	"min_uptime_percent": 99.5,
	"support_response_hours_below": 24,
	"min_soak_hours": 24,
}

golden := {
	"subject": {"type": "developer", "id": "dev-7f3a"},
	"action": {"name": "marketplace.feature"},
	"resource": {
		"type": "listing",
		"id": "invoice-reader",
		"properties": {
			"developer": "dev-7f3a",
			"channel": "stable",
			"rating": 4.8,
			"downloads": 1250,
			"uptime_percent": 99.97,
			"support": {"response_hours": 3.5},
			"soak": {"hours": 72},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

decision_on(change) := decision if {
	decision := feature.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.feature as limits
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_good_listing_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == feature.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.feature
	object.keys(shipped) == object.keys(limits)
	every limit in shipped {
		is_number(limit)
	}
}

test_missing_limits_close_their_gates if {
	decision := feature.decision with input as golden with data.thresholds as {}
	decision.failed == {"available", "popular", "rated", "soaked", "supported"}
}

# authorised

test_another_developers_listing if failed({"developer": "dev-0001"}) == {"authorised"}

test_the_marketplace_itself if {
	decision_on({"subject": {"type": "service", "id": "badge-job"}}).failed == set()
}

test_the_job_that_awards_badges if {
	decision_on({"subject": {"type": "job", "id": "marketplace.award"}}).failed == set()
}

test_another_job if {
	decision_on({"subject": {"type": "job", "id": "marketplace.rescan"}}).failed == {"authorised"}
}

test_a_buyer_asks if decision_on({"subject": {"type": "buyer"}}).failed == {"authorised"}

# rated

test_rating_exactly_at_the_limit if failed({"rating": 4.5}) == set()

test_rating_just_below_the_limit if failed({"rating": 4.49}) == {"rated"}

# popular

test_downloads_exactly_at_the_limit if failed({"downloads": 100}) == set()

test_downloads_just_below_the_limit if failed({"downloads": 99}) == {"popular"}

# available

test_uptime_exactly_at_the_limit if failed({"uptime_percent": 99.5}) == set()

test_uptime_just_below_the_limit if failed({"uptime_percent": 99.49}) == {"available"}

# supported

test_support_just_below_the_limit if failed({"support": {"response_hours": 23.9}}) == set()

test_support_exactly_at_the_limit if failed({"support": {"response_hours": 24}}) == {"supported"}

# soaked, stable

test_soak_exactly_as_long_as_asked if failed({"soak": {"hours": 24}}) == set()

test_soak_too_short if failed({"soak": {"hours": 23.99}}) == {"soaked"}

test_a_preview_earns_no_badge if failed({"channel": "preview"}) == {"stable"}

test_each_of_these_alone_denies if {
	every facts in [
		{"rating": 4.49},
		{"downloads": 99},
		{"uptime_percent": 99.49},
		{"support": {"response_hours": 24}},
		{"soak": {"hours": 23.99}},
		{"channel": "preview"},
	] {
		decision_on({"resource": {"properties": facts}}).allow == false
	}
}

test_nobody_is_the_job_by_its_name if {
	decision_on({"subject": {"type": "buyer", "id": "marketplace.award"}}).failed == {"authorised"}
}
