package read

# The two users of the scenario read every record.
import rego.v1

import data.lib.gates

required := {"known_reader"}

readers := {"alice", "bob"}

# METADATA
# title: the reader is one of those who read records
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1]}
passed contains "known_reader" if input.subject.id in readers

decision := gates.decision("read", required, passed, [])
