package policies.activate

# Policies of a commit are put in force: they decide from then on.
import rego.v1

import data.lib.change_window
import data.lib.clock
import data.lib.gates
import data.lib.roles

required := {"approved", "authorised", "in_change_window", "on_branch", "tested", "verified"}

limits := data.thresholds.policies.activate

commit := input.resource.properties

# METADATA
# title: whoever puts policies in force is appointed to, or works on the node with its keys
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.15]}
passed contains "authorised" if roles.holds(input.subject, {"policy_admin"})

passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == "node"
}

# METADATA
# title: every commit since the last one in force bears a signature that counts
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.4, iso27001/A.8.32]}
passed contains "verified" if commit.verified == true

# METADATA
# title: the commit is on the protected branch
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.4, iso27001/A.8.32]}
passed contains "on_branch" if commit.on_branch == true

# METADATA
# title: enough persons have approved exactly this tree; or it was in force before, or nothing of Git was
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [soc2/CC5.1, soc2/CC8.1, iso27001/A.5.3, iso27001/A.8.32]}
passed contains "approved" if commit.approval in {"activated", "first", "merged"}

passed contains "approved" if count({lower(signer) | some signer in commit.signers}) >= limits.min_signers

# METADATA
# title: the policies are admitted, and their tests pass
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "tested" if commit.tested == true

# METADATA
# title: the change window for policies is open
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "in_change_window" if change_window.open(limits.change_window, clock.now)

decision := gates.decision("policies.activate", required, passed, [])
