package dsr.handle

# An officer takes a step with a request: shows who the person is, approves, denies with a ground, extends with a reason.
# Which steps lead where, the service knows; it states here which there are.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {
	"authorised",
	"identity_verified",
	"in_order",
	"in_time",
	"named",
	"not_held",
	"not_own",
	"second_factor",
	"second_person",
}

request := input.resource.properties

step := input.context.step

code := input.context.code

officers := {"compliance_officer", "data_protection_officer", "privacy_officer"}

is_approval if step in {"agree", "approve"}

# Steps that name what they rest on.
names if step in {"deny", "extend", "hold", "link", "pause", "release", "verify"}

takes_two if request.kind in data.data_subjects.second_person

# Whoever works on the node with its keys.
node if {
	input.subject.type == "job"
	input.subject.id == "node"
}

# METADATA
# title: whoever handles requests of persons answers for their rights
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [gdpr/Art.12, gdpr/Art.32, soc2/CC6.1, soc2/CC6.3, soc2/P5.1, iso27001/A.5.34]}
passed contains "authorised" if roles.holds(input.subject, officers)

passed contains "authorised" if node

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

passed contains "second_factor" if node

# METADATA
# title: nobody handles a request of their own
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC5.1, soc2/P5.1, iso27001/A.5.3]}
passed contains "not_own" if request.own == false

# METADATA
# title: the step follows from where the request is
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.12, soc2/P5.1]}
passed contains "in_order" if step in request.possible

# METADATA
# title: nothing is approved before it was shown who the person is
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [gdpr/Art.12, gdpr/Art.32, ccpa/1798.130, soc2/P5.1, soc2/CC6.1]}
passed contains "identity_verified" if not is_approval

passed contains "identity_verified" if request.verified == true

# METADATA
# title: a refusal names a ground of the law, an extension its reason, a verification how it was done
# custom:
#   {severity: high, enforcement: blocking,
#    controls: [gdpr/Art.12, gdpr/Art.17, ccpa/1798.105, ccpa/1798.130, soc2/P5.1, soc2/P5.2]}
passed contains "named" if {
	step == "deny"
	ground := data.data_subjects.grounds[code]
	request.kind in ground.kinds
	ground.laws[request.law]
}

passed contains "named" if {
	step == "extend"
	code in data.data_subjects.extension_reasons
}

passed contains "named" if {
	step == "verify"
	code in data.data_subjects.methods
}

passed contains "named" if {
	step in {"hold", "link", "pause", "release"}
	code != ""
}

passed contains "named" if not names

# METADATA
# title: the time is extended once, while the person can be told within it
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.12, ccpa/1798.130, soc2/P5.1]}
passed contains "in_time" if step != "extend"

passed contains "in_time" if {
	request.extended == false
	clock.now <= clock.at(request.first_due)
}

# METADATA
# title: what cannot be undone is approved by two persons
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.32, soc2/CC5.1, soc2/P4.3, iso27001/A.5.3]}
passed contains "second_person" if not is_approval

passed contains "second_person" if not takes_two

passed contains "second_person" if {
	count(request.approvers) >= {"agree": 0, "approve": 1}[step]
	every approver in request.approvers {
		persons.differ(input.subject.id, approver)
	}
}

# METADATA
# title: nobody on whom a legal hold stands is erased
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.17, soc2/P4.2, iso27001/A.5.33]}
passed contains "not_held" if step != "approve"

passed contains "not_held" if request.kind != "erase"

passed contains "not_held" if request.held == false

decision := gates.decision("dsr.handle", required, passed, [])
