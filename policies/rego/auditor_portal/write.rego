package auditor_portal.write

# An auditor writes something of their own in an engagement: a request, a message, a search, a note, a conclusion.
import rego.v1

import data.lib.audits
import data.lib.gates

required := {"address", "member", "open", "own_firm", "own_work", "second_factor", "within"}

written := input.resource.properties.object

# METADATA
# title: the engagement is one of the auditor's own firm, and the firm is active
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15]}
passed contains "own_firm" if audits.own_firm

# METADATA
# title: the auditor takes part in the engagement
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.18]}
passed contains "member" if audits.member

# METADATA
# title: the engagement has not been ended
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "open" if audits.open

# METADATA
# title: access has begun and is not over
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "within" if audits.within

# METADATA
# title: the request comes from a network of the auditor's firm
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.20]}
passed contains "address" if audits.address

# METADATA
# title: the auditor signed in with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if audits.second_factor

# METADATA
# title: what is changed is the auditor's own work, or belongs to all who take part
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3, iso27001/A.5.33]}
passed contains "own_work" if written.author == ""

passed contains "own_work" if written.author == input.subject.id

decision := gates.decision("auditor_portal.write", required, passed, [])
