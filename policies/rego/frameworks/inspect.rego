package frameworks.inspect

# An auditor has looked at something, and says what it came to. Exceptions are put on record as a gate that failed.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"asked_for", "authorised", "independent", "second_factor", "without_exception"}

test := input.resource.properties

held := roles.of(input.subject)

# METADATA
# title: the test is one that an auditor makes
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC4.1, iso27001/9.2.1]}
passed contains "asked_for" if test.kind == "inspection"

# METADATA
# title: whoever inspects is an auditor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC4.1, iso27001/9.2.1, iso27001/A.5.35]}
passed contains "authorised" if "auditor" in held

# METADATA
# title: nobody inspects a control that they answer for
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC4.1, iso27001/A.5.3, iso27001/A.5.35]}
passed contains "independent" if count(held - {test.owner}) == count(held)

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: the inspection found no exception
# custom: {severity: high, enforcement: monitoring, controls: [soc2/CC4.2, iso27001/10.2]}
passed contains "without_exception" if input.context.conclusion == "effective"

decision := gates.decision("frameworks.inspect", required, passed, [])
