package lib.override_test

import rego.v1

import data.lib.override

table := {"max_hours": 24, "approvers": {"shop.sell": {"in_season": ["ciso", "compliance_officer"]}}}

scope := {"action": "shop.sell", "gate": "in_season", "resource": "lamp"}

ciso := {"person": "per-1", "role": "ciso", "at": "2026-11-22T12:00:00Z"}

officer := {"person": "per-2", "role": "compliance_officer", "at": "2026-11-22T13:00:00Z"}

golden := {"scope": scope, "expires_at": "2026-11-23T12:00:00Z", "approvals": [ciso, officer]}

valid_at(time, grant, person) if {
	override.valid(grant, scope, person) with input as {"environment": {"time": time}} with data.overrides as table
}

valid(change) if valid_at("2026-11-22T14:00:00Z", object.union(golden, change), "per-9")

approved_by(approvals) if valid({"approvals": approvals})

test_two_persons_in_two_roles if valid({})

test_nobody if not approved_by([])

test_one_person if not approved_by([ciso])

test_one_person_in_both_roles if not approved_by([ciso, object.union(officer, {"person": "per-1"})])

test_capitals_make_no_second_person if {
	not approved_by([object.union(ciso, {"person": "MEM-1"}), object.union(officer, {"person": "mem-1"})])
	not valid_at("2026-11-22T14:00:00Z", golden, "PER-1")
}

test_two_persons_in_one_role if not approved_by([ciso, object.union(ciso, {"person": "per-2"})])

test_two_persons_where_policy_names_one_role if {
	one := {"max_hours": 24, "approvers": {"shop.sell": {"in_season": ["ciso"]}}}
	grant := object.union(golden, {"approvals": [ciso, object.union(ciso, {"person": "per-2"})]})
	override.valid(grant, scope, "per-9") with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
		with data.overrides as one
}

test_a_role_that_may_not if not approved_by([ciso, object.union(officer, {"role": "developer"})])

test_a_second_person_without_office_does_not_make_two if {
	both := [ciso, object.union(officer, {"person": "per-1"})]
	not approved_by(array.concat(both, [object.union(officer, {"person": "per-2", "role": "developer"})]))
}

test_nobody_approves_an_exception_for_himself if {
	not valid_at("2026-11-22T14:00:00Z", golden, "per-1")
	not valid_at("2026-11-22T14:00:00Z", golden, "per-2")
}

test_another_scope if {
	every change in [{"action": "shop.buy"}, {"gate": "signed"}, {"resource": "chair"}, {"more": "else"}] {
		not valid({"scope": change})
	}
}

test_a_gate_that_cannot_be_overridden if {
	signed := object.union(scope, {"gate": "signed"})
	not override.valid(object.union(golden, {"scope": signed}), signed, "per-9")
		with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
		with data.overrides as table
}

test_it_ends_at_the_second_it_names if {
	valid_at("2026-11-23T11:59:59Z", golden, "per-9")
	not valid_at("2026-11-23T12:00:00Z", golden, "per-9")
}

test_it_lasts_at_most_24_hours_from_the_first_approval if not valid({"expires_at": "2026-11-23T12:00:01Z"})

test_it_begins_with_the_last_approval if {
	valid_at("2026-11-22T13:00:00Z", golden, "per-9")
	not valid_at("2026-11-22T12:59:59Z", golden, "per-9")
}

test_an_old_approval_is_not_used_again if {
	not approved_by([object.union(ciso, {"at": "2025-11-22T12:00:00Z"}), officer])
}

test_an_approval_that_does_not_count_harms_nothing if {
	approved_by([object.union(ciso, {"person": "per-3", "at": "2025-11-22T12:00:00Z"}), ciso, officer])
}

test_without_data_nothing_is_overridden if {
	not override.valid(golden, scope, "per-9") with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
		with data.overrides as {}
}

test_the_shipped_table_can_be_read if {
	object.keys(data.overrides) == {"max_hours", "approvers"}
	data.overrides.max_hours > 0
	data.overrides.max_hours <= 24
	every action, gates in data.overrides.approvers {
		every gate, roles in gates {
			is_string(data.rules[action][gate].title)
			count(roles) > 0
			every role in roles {
				regex.match(`^[a-z][a-z0-9_]{0,63}$`, role)
			}
		}
	}
}
