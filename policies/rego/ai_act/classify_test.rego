package ai_act.classify_test

import rego.v1

import data.ai_act.classify

table := {"officer": {
	"auditors": ["auditor"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"security": ["security_officer"],
}}

# A system that does nothing that the law speaks of.
golden := {
	"subject": {"type": "officer", "id": "ofc-3", "properties": {"groups": ["compliance"], "second_factor": true}},
	"action": {"name": "ai_act.classify"},
	"resource": {"type": "workflow", "id": "wf-4b1e", "properties": {}},
	"context": {
		"title": "Stock forecast",
		"purpose": "says how much of each part is ordered",
		"roles": ["provider"],
		"on_market": "2026-08-02",
		"practices": {
			"crime_prediction": false,
			"exploitation": false,
			"face_scraping": false,
			"intimate_imagery": false,
			"manipulation": false,
			"public_identification": false,
			"social_scoring": false,
		},
		"emotion_recognition": {"used": false, "places": [], "medical_or_safety": false},
		"biometrics": {"categorisation": false, "infers_sensitive_traits": false, "remote_identification": false},
		"annex_i": {"safety_component": false, "third_party_assessment": false},
		"annex_iii": [],
		"profiling": false,
		"exceptions": {"claimed": []},
		"interacts": false,
		"generates": {"content": false, "deep_fakes": false, "public_interest_text": false},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

dates := {
	"literacy": {"from": "2025-02-02", "unchecked": false},
	"intimate_imagery": {"from": "2026-12-02", "unchecked": true},
	"transparency": {"from": "2026-08-02", "unchecked": false},
	"marking_existing": {"from": "2026-12-02", "unchecked": true},
	"annex_iii": {"from": "2027-12-02", "unchecked": true},
	"annex_i": {"from": "2028-08-02", "unchecked": true},
}

law := {
	"dates": dates,
	"high_risk": {
		"annex_iii": {
			"provider": {"requirements": ["art_9", "art_10"], "provider": ["art_16", "art_49"]},
			"deployer": {"deployer": ["art_26", "art_27"]},
		},
		"annex_i": {"provider": {"requirements": ["art_9"]}, "deployer": {"deployer": ["art_26"]}},
	},
	"exempt": ["art_6", "art_49"],
}

asked(system) := object.union(golden, {"context": system})

decision_on(system) := decided(asked(system))

decided(question) := decision if {
	decision := classify.decision with input as question with data.roles as table with data.ai_duties as law
}

failed(system) := decision_on(system).failed

obligation(system, id) := found if {
	some found in decision_on(system).obligations
	found.id == id
}

ids(system) := [each.id | some each in decision_on(system).obligations]

class(system) := obligation(system, "class").class

documented := {"claimed": ["preparatory_task"], "documentation": "ab12"}

minimal := [
	{"id": "class", "type": "classification", "class": "minimal"},
	{"id": "literacy", "type": "duty", "unchecked": false, "art_4": "2025-02-02"},
]

test_a_system_that_the_law_hardly_speaks_of_is_minimal if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == classify.required
	decision.failed == set()
	decision.obligations == minimal
}

test_every_gate_blocks if {
	every rule in data.rules["ai_act.classify"] {
		rule.enforcement == "blocking"
	}
}

# authorised, second_factor

test_who_may_classify if {
	every group in ["cisos", "compliance", "security"] {
		decided(object.union(golden, {"subject": {"properties": {"groups": [group]}}})).failed == set()
	}
	decided(object.union(golden, {"subject": {"properties": {"groups": ["auditors"]}}})).failed == {"authorised"}
}

test_a_session_without_a_second_factor if {
	decided(object.union(golden, {"subject": {"properties": {"second_factor": false}}})).failed == {"second_factor"}
}

# what Article 5 prohibits

practising(name) := {"practices": {name: true}}

test_each_prohibited_practice_denies_and_leaves_no_class if {
	gates := {
		"crime_prediction": "no_crime_prediction",
		"exploitation": "no_exploitation",
		"face_scraping": "no_face_scraping",
		"manipulation": "no_manipulation",
		"public_identification": "no_public_identification",
		"social_scoring": "no_social_scoring",
	}
	every practice, gate in gates {
		decision := decision_on(practising(practice))
		decision.allow == false
		decision.failed == {gate}
		decision.obligations == []
	}
}

recognising(places) := {"emotion_recognition": {"used": true, "places": places}}

test_emotions_at_work_or_in_education_are_not_recognised if {
	every places in [["workplace"], ["education"], ["elsewhere", "workplace"], ["education", "elsewhere"], []] {
		failed(recognising(places)) == {"no_emotion_recognition_at_work"}
	}
}

test_emotions_elsewhere_are_a_matter_of_high_risk_and_of_transparency if {
	system := object.union(recognising(["elsewhere"]), {"roles": ["deployer"]})
	failed(system) == set()
	class(system) == "high"
	obligation(system, "high_risk_for") == {"id": "high_risk_for", "type": "reason", "biometrics": true}
	reason := obligation(system, "transparency_for")
	reason == {"id": "transparency_for", "type": "reason", "emotion_recognition": true}
	duty := obligation(system, "tell_of_recognition")
	duty == {"id": "tell_of_recognition", "type": "duty", "unchecked": false, "art_50_3": "2026-08-02"}
}

test_emotions_at_work_for_medical_or_safety_reasons if {
	system := {"emotion_recognition": {"used": true, "places": ["workplace"], "medical_or_safety": true}}
	failed(system) == set()
	class(system) == "high"
}

categorising(sensitive) := {"biometrics": {"categorisation": true, "infers_sensitive_traits": sensitive}}

test_sensitive_traits_are_not_inferred if {
	failed(categorising(true)) == {"no_sensitive_categorisation"}
	failed({"biometrics": {"infers_sensitive_traits": true}}) == set()
}

test_other_categories_are_a_matter_of_high_risk_and_of_transparency if {
	class(categorising(false)) == "high"
	obligation(categorising(false), "high_risk_for").biometrics == true
	obligation(categorising(false), "transparency_for").biometric_categorisation == true
	system := object.union(categorising(false), {"roles": ["deployer"]})
	obligation(system, "tell_of_recognition").art_50_3 == "2026-08-02"
	not obligation(categorising(false), "tell_of_recognition")
}

at(time, system) := decided(object.union(asked(system), {"environment": {"time": time}}))

test_intimate_imagery_is_prohibited_from_its_day_on if {
	before := at("2026-12-01T23:59:59Z", practising("intimate_imagery"))
	before.allow == true
	before.obligations == array.concat(minimal, [{
		"id": "prohibited_from",
		"type": "notification",
		"intimate_imagery": "2026-12-02",
	}])
	after := at("2026-12-02T00:00:00Z", practising("intimate_imagery"))
	after.failed == {"no_intimate_imagery"}
	after.obligations == []
	at("2026-12-02T00:00:00Z", {}).obligations == minimal
}

test_a_day_that_is_none_lets_nothing_through if {
	every from in [null, {}, 20261202] {
		wrong := object.union(law, {"dates": {"intimate_imagery": {"from": from}}})
		question := asked(practising("intimate_imagery"))
		decision := classify.decision with input as question with data.roles as table with data.ai_duties as wrong
		decision.failed == {"no_intimate_imagery"}
	}
}

# high risk by Annex III

test_an_area_of_annex_iii_is_high_risk if {
	system := {"annex_iii": ["employment", "justice"]}
	decision_on(system).allow == true
	class(system) == "high"
	obligation(system, "high_risk_for") == {
		"id": "high_risk_for",
		"type": "reason",
		"employment": true,
		"justice": true,
	}
	ids(system) == ["class", "high_risk_for", "literacy", "provider", "requirements"]
	obligation(system, "requirements") == {
		"id": "requirements",
		"type": "duty",
		"unchecked": true,
		"art_10": "2027-12-02",
		"art_9": "2027-12-02",
	}
	obligation(system, "provider").art_49 == "2027-12-02"
}

test_remote_identification_is_high_risk if {
	system := {"biometrics": {"remote_identification": true}}
	class(system) == "high"
	obligation(system, "high_risk_for").biometrics == true
}

test_duties_are_those_of_the_roles if {
	area := {"annex_iii": ["education"]}
	ids(object.union(area, {"roles": ["deployer"]})) == ["class", "high_risk_for", "deployer", "literacy"]
	obligation(object.union(area, {"roles": ["deployer"]}), "deployer").art_27 == "2027-12-02"
	both := {"roles": ["provider", "deployer"]}
	ids(object.union(area, both)) == ["class", "high_risk_for", "deployer", "literacy", "provider", "requirements"]
	ids({"roles": ["importer"]}) == ["class"]
	ids({"roles": ["deployer"]}) == ["class", "literacy"]
}

# Article 6(3)

claiming(exceptions) := {"annex_iii": ["employment"], "exceptions": exceptions}

test_an_exception_that_is_documented_counts if {
	class(claiming(documented)) == "minimal"
	obligation(claiming(documented), "class") == {
		"id": "class",
		"type": "classification",
		"class": "minimal",
		"preparatory_task": true,
	}
	obligation(claiming(documented), "exempt") == {
		"id": "exempt",
		"type": "duty",
		"unchecked": true,
		"art_49": "2027-12-02",
		"art_6": "2027-12-02",
	}
	deployer := object.union(claiming(documented), {"roles": ["deployer"]})
	ids(deployer) == ["class", "literacy"]
}

test_an_exception_without_documentation_or_with_profiling_is_none if {
	class(claiming({"claimed": ["preparatory_task"]})) == "high"
	class(claiming({"claimed": [], "documentation": "ab12"})) == "high"
	class(object.union(claiming(documented), {"profiling": true})) == "high"
	not obligation(object.union(claiming(documented), {"profiling": true}), "class").preparatory_task
}

test_an_exception_of_nothing_is_not_spoken_of if {
	decision_on({"exceptions": documented}).obligations == minimal
}

# high risk by Annex I

test_a_safety_component_that_others_assess_is_high_risk_later if {
	system := {"annex_i": {"safety_component": true, "third_party_assessment": true}}
	class(system) == "high"
	obligation(system, "high_risk_for") == {"id": "high_risk_for", "type": "reason", "annex_i": true}
	ids(system) == ["class", "high_risk_for", "literacy", "requirements"]
	obligation(system, "requirements").art_9 == "2028-08-02"
	class(object.union(system, {"annex_i": {"third_party_assessment": false}})) == "minimal"
	class(object.union(system, {"annex_i": {"safety_component": false}})) == "minimal"
}

test_no_exception_sets_annex_i_aside if {
	system := object.union(claiming(documented), {"annex_i": {"safety_component": true, "third_party_assessment": true}})
	class(system) == "high"
	obligation(system, "requirements").art_9 == "2028-08-02"
}

test_annex_iii_binds_before_annex_i if {
	system := {"annex_iii": ["migration"], "annex_i": {"safety_component": true, "third_party_assessment": true}}
	obligation(system, "requirements").art_9 == "2027-12-02"
	obligation(system, "high_risk_for").annex_i == true
}

# transparency

test_whoever_talks_to_a_machine_is_told_so if {
	class({"interacts": true}) == "limited"
	ids({"interacts": true}) == ["class", "transparency_for", "literacy", "tell_of_ai"]
	obligation({"interacts": true}, "transparency_for").interacts == true
	duty := obligation({"interacts": true}, "tell_of_ai")
	duty == {"id": "tell_of_ai", "type": "duty", "unchecked": false, "art_50_1": "2026-08-02"}
	ids({"interacts": true, "roles": ["deployer"]}) == ["class", "transparency_for", "literacy"]
}

generating(name) := {"generates": {name: true}}

test_what_is_generated_is_marked_by_the_provider if {
	reasons := {
		"content": "generates_content",
		"deep_fakes": "deep_fakes",
		"public_interest_text": "public_interest_text",
	}
	every name, reason in reasons {
		class(generating(name)) == "limited"
		obligation(generating(name), "transparency_for")[reason] == true
		ids(generating(name)) == ["class", "transparency_for", "literacy", "mark_content"]
	}
}

test_what_was_on_the_market_before_is_marked_later if {
	marking := obligation(generating("content"), "mark_content")
	marking == {"id": "mark_content", "type": "duty", "unchecked": false, "art_50_2": "2026-08-02"}
	old := object.union(generating("content"), {"on_market": "2026-08-01"})
	obligation(old, "mark_content") == {
		"id": "mark_content",
		"type": "duty",
		"unchecked": true,
		"art_50_2": "2026-12-02",
	}
}

test_deep_fakes_and_texts_for_the_public_are_disclosed_by_the_deployer if {
	deployer := {"roles": ["deployer"]}
	every name in ["deep_fakes", "public_interest_text"] {
		duty := obligation(object.union(generating(name), deployer), "disclose_content")
		duty == {"id": "disclose_content", "type": "duty", "unchecked": false, "art_50_4": "2026-08-02"}
	}
	ids(object.union(generating("content"), deployer)) == ["class", "transparency_for", "literacy"]
}

# the most that one decision says

everything := {
	"roles": ["provider", "deployer", "importer", "distributor"],
	"practices": {"intimate_imagery": true},
	"emotion_recognition": {"used": true, "places": ["elsewhere"]},
	"biometrics": {"categorisation": true, "remote_identification": true},
	"annex_i": {"safety_component": true, "third_party_assessment": true},
	"annex_iii": [
		"biometrics",
		"critical_infrastructure",
		"education",
		"employment",
		"essential_services",
		"justice",
		"law_enforcement",
		"migration",
	],
	"interacts": true,
	"generates": {"content": true, "deep_fakes": true, "public_interest_text": true},
}

exceptions := ["detects_patterns", "improves_human_result", "narrow_procedural_task", "preparatory_task"]

test_the_most_that_is_said_fits_into_a_decision if {
	shipped := classify.decision with input as asked(everything) with data.roles as table
	most(shipped)
	exempted := object.union(everything, {"exceptions": {"claimed": exceptions, "documentation": "ab12"}})
	other := classify.decision with input as asked(exempted) with data.roles as table
	most(other)
}

most(decision) if {
	decision.allow == true
	count(decision.obligations) <= 15
	every each in decision.obligations {
		count(each) <= 16
	}
}

# The days in force, of which the tests above bring their own.

test_every_day_is_a_day if {
	every date in data.ai_duties.dates {
		is_boolean(date.unchecked)
		regex.match(`^20[0-9]{2}-[01][0-9]-[0-3][0-9]$`, date.from)
	}
}
