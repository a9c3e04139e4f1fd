package auditor_portal.export

# An auditor takes something along: a report is made, the finished workpaper is vouched for, a file is handed out.
import rego.v1

import data.lib.audits
import data.lib.clock
import data.lib.gates

required := {"address", "in_engagement", "member", "open", "own_firm", "period_over", "second_factor", "within"}

report := input.resource.properties.object

# METADATA
# title: the engagement is one of the auditor's own firm, and the firm is active
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15]}
passed contains "own_firm" if audits.own_firm

# METADATA
# title: the auditor takes part in the engagement
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.18]}
passed contains "member" if audits.member

# METADATA
# title: the engagement has not been ended
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "open" if audits.open

# METADATA
# title: access has begun and is not over
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "within" if audits.within

# METADATA
# title: the request comes from a network of the auditor's firm
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.20]}
passed contains "address" if audits.address

# METADATA
# title: the auditor signed in with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if audits.second_factor

# METADATA
# title: the report is about a framework of the engagement, and about its period or a part of it
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC6.7, iso27001/A.5.14]}
passed contains "in_engagement" if {
	report.framework in report.frameworks
	clock.at(report.period_start) <= clock.at(report.from)
	clock.at(report.from) < clock.at(report.to)
	clock.at(report.to) <= clock.at(report.period_end)
}

# METADATA
# title: what is reported on is over, because populations are complete then
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC4.1, iso27001/9.2.2]}
passed contains "period_over" if clock.at(report.to) <= clock.now

# What leaves is named openly, so that the log vouches for it: a workpaper by its manifest, a file by its hash.
named contains {"id": "workpaper", "type": "execution", "manifest": report.sha256, "report": report.report} if {
	report.kind == "workpaper"
	report.sha256 != ""
	report.report != ""
}

named contains {"id": "file", "type": "execution", "sha256": report.sha256} if {
	report.kind == "file"
	report.sha256 != ""
}

decision := gates.decision("auditor_portal.export", required, passed, [each | some each in named])
