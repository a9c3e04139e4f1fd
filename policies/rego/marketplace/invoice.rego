package marketplace.invoice

# The job that makes invoices makes one, of a subscription for a month.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"enabled", "not_invoiced", "own", "period_over"}

# METADATA
# title: the job is one that policy lists, and has not switched off
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.9]}
passed contains "enabled" if data.jobs[input.subject.id].enabled == true

# METADATA
# title: nothing but the job that is there for it makes invoices
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.2]}
passed contains "own" if input.subject.id == "marketplace.invoice"

# METADATA
# title: the month is over
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.17]}
passed contains "period_over" if clock.at(input.resource.properties.period_ends_at) <= clock.now

# METADATA
# title: there is no invoice of the subscription for the month
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "not_invoiced" if input.resource.properties.finalised == false

decision := gates.decision("marketplace.invoice", required, passed, [])
