package lib.override_test

import rego.v1

import data.lib.override

table := {
	"approvers": {"shop.sell": {"in_season": ["ciso", "compliance_officer", "trader"]}},
	"max_duration_hours": {"shop.sell": {"in_season": 24}},
	"break_glass": {"shop.sell": {"in_season": ["ciso", "security_officer"]}},
	"break_glass_hours": {"shop.sell": {"in_season": 4}},
	"confirm_minutes": {"shop.sell": {"in_season": 15}},
}

ciso := {"person": "per-1", "role": "ciso", "at": "2026-11-22T12:00:00Z"}

officer := {"person": "per-2", "role": "compliance_officer", "at": "2026-11-22T13:00:00Z"}

golden := {
	"id": "ovr-1",
	"kind": "request",
	"action": "shop.sell",
	"gate": "in_season",
	"subject": {"type": "clerk", "id": "per-9"},
	"resource": {"type": "fruit", "id": "lamp"},
	"by": "per-8",
	"role": "clerk",
	"from": "2026-11-22T13:00:00Z",
	"expires_at": "2026-11-23T12:00:00Z",
	"hours": 24,
	"minutes": 15,
	"approvals": [ciso, officer],
}

broken := object.union(golden, {
	"kind": "break_glass",
	"by": "per-9",
	"role": "security_officer",
	"expires_at": "2026-11-22T17:00:00Z",
	"hours": 4,
	"approvals": [],
})

asked(time) := {
	"subject": {"type": "clerk", "id": "per-9"},
	"resource": {"type": "fruit", "id": "lamp"},
	"environment": {"time": time},
}

valid_at(time, grant) if {
	override.valid(grant, "shop.sell", "in_season") with input as asked(time) with data.overrides as table
}

valid(change) if valid_at("2026-11-22T14:00:00Z", object.union(golden, change))

approved_by(approvals) if valid({"approvals": approvals})

test_two_persons_in_two_roles if valid({})

test_any_two_of_the_roles if approved_by([object.union(ciso, {"role": "trader"}), officer])

test_nobody if not approved_by([])

test_one_person if not approved_by([ciso])

test_one_person_in_both_roles if not approved_by([ciso, object.union(officer, {"person": "per-1"})])

test_capitals_make_no_second_person if {
	not approved_by([object.union(ciso, {"person": "MEM-1"}), object.union(officer, {"person": "mem-1"})])
	not approved_by([object.union(ciso, {"person": "PER-8"}), officer])
	not approved_by([object.union(ciso, {"person": "PER-9"}), officer])
}

test_two_persons_in_one_role if not approved_by([ciso, object.union(ciso, {"person": "per-2"})])

test_a_role_that_may_not if not approved_by([ciso, object.union(officer, {"role": "developer"})])

test_a_second_person_without_office_does_not_make_two if {
	both := [ciso, object.union(officer, {"person": "per-1"})]
	not approved_by(array.concat(both, [object.union(officer, {"person": "per-2", "role": "developer"})]))
}

test_nobody_approves_what_he_would_use if {
	not approved_by([object.union(ciso, {"person": "per-9"}), officer])
	not approved_by([ciso, object.union(officer, {"person": "per-9"})])
}

test_nobody_approves_what_he_asked_for if {
	not approved_by([object.union(ciso, {"person": "per-8"}), officer])
	not approved_by([ciso, object.union(officer, {"person": "per-8"})])
}

test_another_scope if {
	every change in [
		{"action": "shop.buy"},
		{"gate": "signed"},
		{"subject": {"type": "robot", "id": "per-9"}},
		{"subject": {"type": "clerk", "id": "per-7"}},
		{"resource": {"type": "stone", "id": "lamp"}},
		{"resource": {"type": "fruit", "id": "chair"}},
	] {
		not valid(change)
		not valid_at("2026-11-22T13:05:00Z", object.union(broken, change))
	}
}

test_it_is_asked_about_another_scope if {
	not override.valid(golden, "shop.buy", "in_season") with input as asked("2026-11-22T14:00:00Z")
		with data.overrides as table
	not override.valid(golden, "shop.sell", "signed") with input as asked("2026-11-22T14:00:00Z")
		with data.overrides as table
}

test_another_kind if not valid({"kind": "favour"})

test_it_ends_at_the_second_it_names if {
	valid_at("2026-11-23T11:59:59Z", golden)
	not valid_at("2026-11-23T12:00:00Z", golden)
}

test_it_lasts_no_longer_than_it_says_from_the_first_approval_that_counts if {
	not valid({"expires_at": "2026-11-23T12:00:01Z"})
	not valid({"hours": 23})
}

test_it_lasts_no_longer_than_policy_has if {
	long := {"hours": 25, "expires_at": "2026-11-23T13:00:00Z"}
	not valid(long)
	longer := object.union(table, {"max_duration_hours": {"shop.sell": {"in_season": 25}}})
	override.valid(object.union(golden, long), "shop.sell", "in_season") with input as asked("2026-11-22T14:00:00Z")
		with data.overrides as longer
}

test_a_limit_that_is_no_number_is_none if {
	every limit in ["24", null, [24], {}] {
		hours := {"max_duration_hours": {"shop.sell": {"in_season": limit}}}
		not override.valid(golden, "shop.sell", "in_season") with input as asked("2026-11-22T14:00:00Z")
			with data.overrides as object.union(table, hours)
		brief := {"break_glass_hours": {"shop.sell": {"in_season": limit}}}
		not override.valid(broken, "shop.sell", "in_season") with input as asked("2026-11-22T13:05:00Z")
			with data.overrides as object.union(table, brief)
		minutes := {"confirm_minutes": {"shop.sell": {"in_season": limit}}}
		not override.valid(broken, "shop.sell", "in_season") with input as asked("2026-11-22T13:05:00Z")
			with data.overrides as object.union(table, minutes)
	}
}

test_it_begins_with_the_last_approval if {
	valid_at("2026-11-22T13:00:00Z", golden)
	not valid_at("2026-11-22T12:59:59Z", golden)
}

test_an_old_approval_is_not_used_again if {
	not approved_by([object.union(ciso, {"at": "2025-11-22T12:00:00Z"}), officer])
}

test_an_approval_that_does_not_count_harms_nothing if {
	approved_by([object.union(ciso, {"person": "per-3", "at": "2025-11-22T12:00:00Z"}), ciso, officer])
}

test_without_data_nothing_is_overridden if {
	not override.valid(golden, "shop.sell", "in_season") with input as asked("2026-11-22T14:00:00Z")
		with data.overrides as {}
	not override.valid(broken, "shop.sell", "in_season") with input as asked("2026-11-22T13:05:00Z")
		with data.overrides as {}
}

# break-glass

glass_at(time, change) if valid_at(time, object.union(broken, change))

confirmation := {"person": "per-2", "role": "compliance_officer", "at": "2026-11-22T13:14:59Z"}

confirmed_by(change) if glass_at("2026-11-22T14:00:00Z", {"approvals": [object.union(confirmation, change)]})

test_one_person_breaks_the_glass_for_himself_and_it_closes_unconfirmed if {
	glass_at("2026-11-22T13:00:00Z", {})
	glass_at("2026-11-22T13:14:59Z", {})
	not glass_at("2026-11-22T13:15:00Z", {})
}

test_it_is_not_open_before_it_is_broken if not glass_at("2026-11-22T12:59:59Z", {})

test_confirmed_it_stays_open_until_it_ends if {
	confirmed_by({})
	glass_at("2026-11-22T16:59:59Z", {"approvals": [confirmation]})
	not glass_at("2026-11-22T17:00:00Z", {"approvals": [confirmation]})
}

test_a_confirmation_in_time_is_one if {
	confirmed_by({"at": "2026-11-22T13:00:00Z"})
	not confirmed_by({"at": "2026-11-22T13:15:00Z"})
	not confirmed_by({"at": "2026-11-22T12:59:59Z"})
}

test_whoever_broke_it_does_not_confirm if {
	every person in ["per-9", "PER-9"] {
		not confirmed_by({"person": person})
	}
	not glass_at("2026-11-22T14:00:00Z", {"by": "per-2", "approvals": [confirmation]})
}

test_a_role_that_may_not_confirm if not confirmed_by({"role": "security_officer"})

test_a_role_that_may_not_break_it if not glass_at("2026-11-22T13:05:00Z", {"role": "trader"})

test_it_is_open_no_longer_than_policy_has if {
	not glass_at("2026-11-22T13:05:00Z", {"hours": 5, "expires_at": "2026-11-22T18:00:00Z"})
	not glass_at("2026-11-22T13:05:00Z", {"expires_at": "2026-11-22T17:00:01Z"})
	not glass_at("2026-11-22T13:05:00Z", {"minutes": 16})
}

test_fewer_minutes_than_policy_has_are_kept if {
	glass_at("2026-11-22T13:04:59Z", {"minutes": 5})
	not glass_at("2026-11-22T13:05:00Z", {"minutes": 5})
}

test_two_approvals_make_no_request_of_a_broken_glass if {
	not glass_at("2026-11-22T14:00:00Z", {"role": "clerk", "approvals": [ciso, officer]})
}

test_a_request_is_no_broken_glass if not glass_at("2026-11-22T13:05:00Z", {"kind": "request"})

test_the_shipped_table_can_be_read if {
	every action, gates in data.overrides.approvers {
		every gate, roles in gates {
			is_string(data.rules[action][gate].title)
			count(roles) >= 2
			is_number(data.overrides.max_duration_hours[action][gate])
			data.overrides.max_duration_hours[action][gate] <= 24
			is_number(data.overrides.break_glass_hours[action][gate])
			is_number(data.overrides.confirm_minutes[action][gate])
			is_number(data.overrides.max_uses[action][gate])
			is_array(data.overrides.break_glass[action][gate])
		}
	}
	is_number(data.overrides.review_hours)
	is_number(data.overrides.gap_hours)
}
