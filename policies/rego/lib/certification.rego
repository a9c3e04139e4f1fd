package lib.certification

# How far a component is certified. The level follows from the evidence, and the evidence counts for one digest only.
import rego.v1

limits := data.thresholds.studio.certification

# `component` is {"digest", "certification"}; a level includes those below it. Nothing is asked for `none`.
reaches(_, "none") := true

reaches(component, "basic") if basic(component)

reaches(component, "enterprise") if {
	basic(component)
	enterprise(component.certification.enterprise)
}

reaches(component, "critical") if {
	basic(component)
	enterprise(component.certification.enterprise)
	critical(component.certification.critical)
}

basic(component) if {
	component.certification.digest == component.digest
	evidence := component.certification.basic
	evidence.security_scan_passed == true
	evidence.documentation_complete == true
	evidence.coverage_percent >= limits.min_coverage_percent
}

enterprise(evidence) if {
	evidence.compliance_scan_passed == true
	evidence.soak_hours >= limits.min_soak_hours
	evidence.guaranteed_uptime_percent >= limits.min_guaranteed_uptime_percent
}

critical(evidence) if {
	evidence.formal_verification_passed == true
	evidence.penetration_test_passed == true
	evidence.insurance_usd >= limits.min_insurance_usd
}
