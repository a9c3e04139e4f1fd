package lib.gates

import rego.v1

import data.lib.override

# The one way from gates to a decision. A failed gate denies unless `data.enforcement` says that at this time it is
# monitored or a draft, or unless an override for it is valid: a gate that nobody described blocks, and so does one whose
# enforcement is misspelt.
decision(action, required, passed, obligations) := {
	"allow": allowed,
	"passed": passed,
	"failed": failed,
	"obligations": array.concat(duties, reviews),
	"overridden": overridden,
} if {
	failed := required - passed
	blocking := failed - {gate | some gate in failed; tolerated(action, gate)}
	overridden := {{"gate": gate, "id": grant.id} |
		some gate in blocking
		some grant in input.environment.overrides
		override.valid(grant, action, gate)
	}
	allowed := count(blocking - {each.gate | some each in overridden}) == 0
	duties := [each | some each in obligations; due(each, allowed)]
	reviews := [{"id": "review_override", "type": "review"} | allowed == true; count(overridden) > 0]
}

# Spans of time follow each other without a gap; times sort as they read.
tolerated(action, gate) if {
	some span in data.enforcement[action][gate]
	span.enforcement in {"draft", "monitoring"}
	span.from <= input.environment.time
	input.environment.time < span.to
}

# What is allowed is done under every obligation. What is denied is not done, so that only those remain which a refusal
# calls for: to ask for what is missing, to tell somebody, to have a person look.
due(_, true) := true

due(obligation, false) if obligation.type in {"hold", "notification", "step-up"}
