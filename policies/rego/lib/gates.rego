package lib.gates

import rego.v1

# The one way from gates to a decision. A failed gate is tolerated only where `data.rules` says that it is monitored:
# a gate without an entry there blocks, and so does one whose enforcement is misspelt.
decision(action, required, passed, obligations) := {
	"allow": count(failed - tolerated) == 0,
	"passed": passed,
	"failed": failed,
	"obligations": obligations,
} if {
	failed := required - passed
	tolerated := {gate | some gate in failed; data.rules[action][gate].enforcement == "monitoring"}
}
