package dsr.fulfil

# A request of a person is carried out, by the job that is there for it: asked again each time it goes on.
import rego.v1

import data.lib.gates

required := {"approved", "enabled", "identity_verified", "not_held", "own", "second_person"}

request := input.resource.properties

# What an officer has paused, stopped or ended is not in it.
going_on := {"approved", "in_processing", "pending_external"}

takes_two if request.kind in data.data_subjects.second_person

approvers := {lower(approver) | some approver in request.approvers}

# METADATA
# title: the job is one that policy lists, and has not switched off
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.9]}
passed contains "enabled" if data.jobs[input.subject.id].enabled == true

# METADATA
# title: nothing but the job that is there for it carries requests out
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.2]}
passed contains "own" if input.subject.id == "dsr.fulfil"

# METADATA
# title: nothing is carried out that was not approved, or is paused
# custom:
#   {severity: critical, enforcement: blocking, controls: [gdpr/Art.12, soc2/P5.1, iso27001/A.5.34]}
passed contains "approved" if {
	request.state in going_on
	count(approvers) >= 1
}

# METADATA
# title: nothing is exported, changed or erased before it was shown who the person is
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [gdpr/Art.12, gdpr/Art.32, ccpa/1798.130, soc2/P5.1, soc2/CC6.1]}
passed contains "identity_verified" if request.verified == true

# METADATA
# title: nobody on whom a legal hold stands is erased
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.17, soc2/P4.2, iso27001/A.5.33]}
passed contains "not_held" if request.kind != "erase"

passed contains "not_held" if request.held == false

# METADATA
# title: what cannot be undone was approved by two persons
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.32, soc2/CC5.1, soc2/P4.3, iso27001/A.5.3]}
passed contains "second_person" if not takes_two

passed contains "second_person" if count(approvers) >= 2

decision := gates.decision("dsr.fulfil", required, passed, [])
