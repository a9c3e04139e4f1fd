package studio.debug

# A member steps through a run of a workflow and sees its state.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.members

required := {"authorised", "changes_contained", "no_personal_data", "time_boxed"}

# METADATA
# title: whoever debugs is an owner or editor of the workspace of the workflow
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if {
	members.holds(input.subject.properties, input.resource.properties.workspace.id, {"owner", "editor"})
}

# METADATA
# title: the state shows no personal data, or shows them redacted
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.25, gdpr/Art.32, soc2/P4.1, iso27001/A.8.11]}
passed contains "no_personal_data" if input.context.personal_data in {"none", "redacted"}

# METADATA
# title: state is changed in the sandbox only
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.31]}
passed contains "changes_contained" if input.context.operation in {"inspect", "pause", "resume", "step"}

passed contains "changes_contained" if input.context.target == "sandbox"

# METADATA
# title: the session is open, and for no longer than a session may be
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.8.2]}
passed contains "time_boxed" if {
	opened := clock.at(input.context.session.opened_at)
	closes := clock.at(input.context.session.closes_at)
	opened <= clock.now
	clock.now < closes
	closes - opened <= clock.minutes(data.thresholds.studio.debug.max_minutes)
}

decision := gates.decision("studio.debug", required, passed, [])
