package studio.sandbox

# A workflow is tried out where it can do no harm.
import rego.v1

import data.lib.gates
import data.lib.members

required := {"authorised", "isolated", "no_egress", "no_production_secrets", "test_data", "time_boxed"}

# METADATA
# title: whoever tries the workflow is an owner or editor of its workspace
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	members.holds(input.subject.properties, input.resource.properties.workspace.id, {"owner", "editor"})
}

# METADATA
# title: the sandbox is fully isolated
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.8, soc2/CC8.1, iso27001/A.8.31]}
passed contains "isolated" if input.context.isolation == "full"

# METADATA
# title: nothing can leave the sandbox over the network
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.12, iso27001/A.8.22]}
passed contains "no_egress" if input.context.network == "none"

# METADATA
# title: the sandbox is given no secret of production
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17, iso27001/A.8.31]}
passed contains "no_production_secrets" if input.context.production_secrets == 0

# METADATA
# title: the sandbox works on made-up or redacted data
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.25, soc2/C1.1, iso27001/A.8.33]}
passed contains "test_data" if input.context.data in {"mock", "redacted"}

# METADATA
# title: the trial ends within the time that a sandbox may take
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.8.6]}
passed contains "time_boxed" if {
	input.context.timeout_seconds >= 1
	input.context.timeout_seconds <= data.thresholds.studio.sandbox.max_seconds
}

decision := gates.decision("studio.sandbox", required, passed, [])
