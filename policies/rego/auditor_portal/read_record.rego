package auditor_portal.read_record

# An auditor reads one record of the log, with its proof and the policies that decided.
import rego.v1

import data.lib.audits
import data.lib.gates

required := {"address", "in_scope", "member", "open", "own_firm", "second_factor", "within"}

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
# title: the record is of the engagement's tenant and period, about the log, or of the engagement's own
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.8.3]}
passed contains "in_scope" if input.resource.properties.object.in_scope == true

decision := gates.decision("auditor_portal.read_record", required, passed, [])
