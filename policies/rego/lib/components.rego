package lib.components

# Which components a workspace lets its workflows use. What decides, in this order: the name stands in the list of
# what is allowed; it matches a pattern of what is denied; it matches a pattern of what is allowed; the default of the
# governance level, which is a certification that anything unlisted must have. A level without a default allows nothing
# that is not listed.
import rego.v1

import data.lib.certification

# `component` is {"kind", "digest", "certification"}, `workspace` {"governance", "components"}: per kind two lists.
allowed(name, component, workspace) if name in workspace.components[component.kind].allow

allowed(name, component, workspace) if {
	lists := workspace.components[component.kind]
	undenied(name, lists.deny)
	some pattern in lists.allow
	glob.match(pattern, null, name)
}

allowed(name, component, workspace) if {
	undenied(name, workspace.components[component.kind].deny)
	level := data.thresholds.studio.use_component.certification_of_unlisted[workspace.governance]
	certification.reaches(component, level)
}

# Every pattern is known not to match. Capitals are no way around one. A `*` stands for any characters, `.` too.
undenied(name, patterns) if {
	every pattern in patterns {
		glob.match(pattern, null, lower(name)) == false
	}
}
