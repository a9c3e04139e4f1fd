package lib.change_window_test

import rego.v1

import data.lib.change_window
import data.lib.clock

week := ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# Tests bring their own windows, so that a change of policies/data does not break them.
weekend := {
	"zone": "UTC",
	"allow": [{"days": ["Saturday", "Sunday"], "from": "00:00", "to": "06:00"}],
	"deny": [],
	"freezes": [],
}

berlin := {
	"zone": "Europe/Berlin",
	"allow": [{"days": week, "from": "09:00", "to": "17:00"}],
	"deny": [{"days": ["Friday"], "from": "12:00", "to": "24:00"}],
	"freezes": [{"name": "accounts", "from": "2027-03-29T00:00:00Z", "to": "2027-04-06T00:00:00Z"}],
}

mumbai := {
	"offset_minutes": 330,
	"allow": [{"days": ["Sunday"], "from": "01:00", "to": "05:00"}],
	"deny": [],
	"freezes": [],
}

freezes := [
	{"name": "summer_sale", "from": "2026-07-01T00:00:00Z", "to": "2026-07-03T00:00:00Z"},
	{"name": "turn_of_the_year", "from": "2026-12-19T00:00:00Z", "to": "2027-01-04T00:00:00Z"},
]

opened(window, text) if opened_under(window, freezes, text)

opened_under(window, frozen, text) if {
	change_window.open("tested", clock.at(text)) with data.change_windows as {
		"freezes": frozen,
		"windows": {"tested": window},
	}
}

test_a_weekend_begins_at_midnight_and_ends_before_six if {
	every text in ["2026-11-21T00:00:00Z", "2026-11-21T05:59:59Z", "2026-11-22T03:00:00Z"] {
		opened(weekend, text)
	}
	every text in ["2026-11-20T23:59:59Z", "2026-11-21T06:00:00Z", "2026-11-22T14:00:00Z", "2026-11-23T00:00:00Z"] {
		not opened(weekend, text)
	}
}

test_a_window_begins_and_ends_within_an_hour if {
	late := object.union(weekend, {"allow": [{"days": ["Saturday"], "from": "09:15", "to": "16:45"}]})
	every text in ["2026-11-21T09:15:00Z", "2026-11-21T09:16:00Z", "2026-11-21T16:44:59Z"] {
		opened(late, text)
	}
	every text in ["2026-11-21T09:14:59Z", "2026-11-21T16:45:00Z"] {
		not opened(late, text)
	}
}

test_a_window_reads_the_clock_of_its_zone_in_winter if {
	opened(berlin, "2026-11-23T08:00:00Z")
	not opened(berlin, "2026-11-23T07:59:59Z")
	not opened(berlin, "2026-11-23T16:00:00Z")
}

test_a_window_reads_the_clock_of_its_zone_in_summer if {
	opened(berlin, "2026-07-20T07:00:00Z")
	not opened(berlin, "2026-07-20T06:59:59Z")
	not opened(berlin, "2026-07-20T15:00:00Z")
}

test_an_offset_moves_the_day_too if {
	opened(mumbai, "2026-11-21T19:30:00Z")
	opened(mumbai, "2026-11-21T23:29:59Z")
	not opened(mumbai, "2026-11-21T19:29:59Z")
	not opened(mumbai, "2026-11-21T23:30:00Z")
	not opened(mumbai, "2026-11-22T19:30:00Z")
}

test_deny_beats_allow if {
	opened(berlin, "2026-11-20T10:59:59Z")
	not opened(berlin, "2026-11-20T11:00:00Z")
	opened(berlin, "2026-11-21T11:00:00Z")
}

test_deny_ends_where_it_says if {
	until_three := object.union(berlin, {"deny": [{"days": ["Friday"], "from": "12:00", "to": "15:00"}]})
	not opened(until_three, "2026-11-20T13:59:59Z")
	opened(until_three, "2026-11-20T14:00:00Z")
}

test_the_end_of_the_day_is_part_of_nothing_after_it if {
	whole := object.union(weekend, {"allow": [{"days": ["Sunday"], "from": "00:00", "to": "24:00"}]})
	opened(whole, "2026-11-22T23:59:59Z")
	not opened(whole, "2026-11-23T00:00:00Z")
}

test_a_freeze_of_the_window_closes_it if {
	opened(berlin, "2027-03-28T12:00:00Z")
	not opened(berlin, "2027-03-29T12:00:00Z")
	not opened(berlin, "2027-04-05T12:00:00Z")
	opened(berlin, "2027-04-06T12:00:00Z")
}

test_a_freeze_of_all_closes_every_window_from_its_first_second_to_its_last if {
	any_time := object.union(weekend, {"allow": [{"days": week, "from": "00:00", "to": "24:00"}]})
	not opened(any_time, "2026-07-02T12:00:00Z")
	opened(any_time, "2026-12-18T23:59:59Z")
	not opened(any_time, "2026-12-19T00:00:00Z")
	not opened(any_time, "2027-01-03T23:59:59Z")
	opened(any_time, "2027-01-04T00:00:00Z")
}

test_a_window_that_nobody_described_is_closed if {
	not change_window.open("other", clock.at("2026-11-21T00:00:00Z")) with data.change_windows as {
		"freezes": [],
		"windows": {"tested": weekend},
	}
}

test_a_window_that_lacks_something_is_closed if {
	every name in ["allow", "deny", "freezes", "zone"] {
		not opened(object.remove(weekend, [name]), "2026-11-21T00:00:00Z")
	}
}

test_without_the_freezes_of_all_nothing_is_open if {
	not change_window.open("tested", clock.at("2026-11-21T00:00:00Z")) with data.change_windows as {
		"windows": {"tested": weekend},
	}
}

test_a_deny_that_cannot_be_read_closes if {
	every broken in [{"from": "00:00", "to": "04:00"}, {"days": ["Sunday"], "to": "24:00"}, {"days": week}, "Sunday"] {
		not opened(object.union(weekend, {"deny": [broken]}), "2026-11-22T03:00:00Z")
	}
}

test_a_freeze_that_cannot_be_read_closes if {
	every broken in [{}, {"name": "audit"}, {"to": "2027-01-01T00:00:00Z"}] {
		not opened_under(weekend, [broken], "2026-11-21T00:00:00Z")
	}
}

# The shipped windows

is_name(text) if regex.match(`^[a-z][a-z0-9_]{0,63}$`, text)

is_time(text) if regex.match(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, text)

is_entry(entry) if {
	object.keys(entry) == {"days", "from", "to"}
	count(entry.days) > 0
	every day in entry.days {
		day in week
	}
	is_time(entry.from)
	is_time(entry.to)
	entry.from < entry.to
}

is_freeze(freeze) if {
	object.keys(freeze) == {"name", "from", "to"}
	is_name(freeze.name)
	clock.at(freeze.from) < clock.at(freeze.to)
}

# A zone is named in full: an empty name or `Local` would mean something else on every machine.
is_placed(window) if {
	object.keys(window) == {"allow", "deny", "freezes", "zone"}
	regex.match(`^(UTC|[A-Z][A-Za-z_]+/[A-Za-z0-9_+/-]+)$`, window.zone)
	count(time.clock([0, window.zone])) == 3
}

is_placed(window) if {
	object.keys(window) == {"allow", "deny", "freezes", "offset_minutes"}
	is_number(window.offset_minutes)
	abs(window.offset_minutes) <= 840
}

test_the_shipped_windows_can_be_read if {
	object.keys(data.change_windows) == {"freezes", "windows"}
	count(data.change_windows.windows) > 0
	every name, window in data.change_windows.windows {
		is_name(name)
		is_placed(window)
		is_array(window.allow)
		is_array(window.deny)
		is_array(window.freezes)
	}
}

test_the_shipped_spans_begin_before_they_end if {
	every window in data.change_windows.windows {
		every entry in array.concat(window.allow, window.deny) {
			is_entry(entry)
		}
		every freeze in array.concat(window.freezes, data.change_windows.freezes) {
			is_freeze(freeze)
		}
	}
}

test_weekend_is_shipped_as_an_example if {
	change_window.open("weekend", clock.at("2026-11-21T05:59:59Z"))
	not change_window.open("weekend", clock.at("2026-11-21T06:00:00Z"))
}
