package marketplace.quarantine

# A listing or one release of it is neither sold nor installed nor run any more, until somebody has looked.
import rego.v1

import data.lib.gates
import data.lib.offices

required := {"authorised", "on_sale", "second_factor"}

# METADATA
# title: trust and safety puts a listing or a release into quarantine
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.4, iso27001/A.5.26, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: what is put into quarantine is on the market by now
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.4, iso27001/A.5.26]}
passed contains "on_sale" if input.resource.properties.state in {"deprecated", "listed", "preview", "yanked"}

decision := gates.decision("marketplace.quarantine", required, passed, [])
