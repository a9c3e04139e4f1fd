package policies.request_override

# Somebody asks that one gate be set aside, for one subject, one resource and some hours.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised", "not_running", "overridable", "second_factor", "within_limits"}

asked := input.context

requesters := {"ciso", "compliance_officer", "policy_admin", "policy_author", "security_officer"}

# METADATA
# title: whoever asks holds one of the roles that have to do with policies
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if roles.holds(input.subject, requesters)

# METADATA
# title: policy names who may approve an override of this gate
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "overridable" if count(data.overrides.approvers[asked.action][asked.gate]) >= 2

# METADATA
# title: it would last no longer, and be used no oftener, than policy has
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "within_limits" if {
	hours := data.overrides.max_duration_hours[asked.action][asked.gate]
	is_number(hours)
	asked.hours <= hours
	uses := data.overrides.max_uses[asked.action][asked.gate]
	is_number(uses)
	asked.uses <= uses
}

# METADATA
# title: no other override of the same scope is asked for or in force
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "not_running" if input.resource.properties.running == false

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("policies.request_override", required, passed, [])
