package lib.gates

import rego.v1

# The one way from gates to a decision. A failed gate is tolerated only where `data.rules` says that it is monitored:
# a gate without an entry there blocks, and so does one whose enforcement is misspelt.
decision(action, required, passed, obligations) := {
	"allow": allowed,
	"passed": passed,
	"failed": failed,
	"obligations": [each | some each in obligations; due(each, allowed)],
} if {
	failed := required - passed
	tolerated := {gate | some gate in failed; data.rules[action][gate].enforcement == "monitoring"}
	allowed := count(failed - tolerated) == 0
}

# What is allowed is done under every obligation. What is denied is not done, so that only those remain which a refusal
# calls for: to ask for what is missing, to tell somebody, to have a person look.
due(_, true) := true

due(obligation, false) if obligation.type in {"hold", "notification", "step-up"}
