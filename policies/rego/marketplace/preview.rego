package marketplace.preview

# Somebody has the gates of a release tried, before it is published. Nothing is put on sale by it.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

# Who looks into releases of others.
inspectors := {"auditor", "compliance_officer", "trust_and_safety"}

# METADATA
# title: the gates are tried by the developer of the release or by who looks into releases
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if input.resource.properties.developer in input.subject.properties.parties

passed contains "authorised" if roles.holds(input.subject, inspectors)

decision := gates.decision("marketplace.preview", required, passed, [])
