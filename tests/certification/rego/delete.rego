package delete

# Alice deletes softly; nobody deletes for good.
import rego.v1

import data.lib.gates

required := {"known_writer", "soft"}

# METADATA
# title: the record is deleted by Alice
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1]}
passed contains "known_writer" if input.subject.id == "alice"

# METADATA
# title: the deletion can be taken back
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1]}
passed contains "soft" if input.action.properties.soft == true

decision := gates.decision("delete", required, passed, [])
