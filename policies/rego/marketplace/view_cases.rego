package marketplace.view_cases

# An officer looks at the purchases that were blocked or held, and at what is known of one.
import rego.v1

import data.lib.gates
import data.lib.offices

required := {"authorised", "second_factor"}

# METADATA
# title: whoever looks at suspected fraud works for trust and safety
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: the session was opened with a second factor
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("marketplace.view_cases", required, passed, [])
