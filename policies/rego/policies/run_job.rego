package policies.run_job

# Something is due that the service does by itself: policy says which of these it may do at all.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"due", "enabled", "not_too_often", "own"}

limits := data.thresholds.policies.run_job

# METADATA
# title: the job is one that policy lists, and has not switched off
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.9]}
passed contains "enabled" if data.jobs[input.resource.id].enabled == true

# METADATA
# title: a job runs itself and no other
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.2]}
passed contains "own" if input.subject.id == input.resource.id

# METADATA
# title: the time that the run is for has come
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.17]}
passed contains "due" if clock.at(input.resource.properties.scheduled_for) <= clock.now

# METADATA
# title: a run that was cut off is made again only so often
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.2, iso27001/A.8.6]}
passed contains "not_too_often" if input.context.attempt <= limits.max_attempts

decision := gates.decision("policies.run_job", required, passed, [])
