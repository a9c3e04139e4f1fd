package ai_act.classify

# A system, which is an agent or a workflow, gets its class under Regulation (EU) 2024/1689. Each practice that Article 5
# prohibits is a gate of its own: such a system has no class, it is denied. All others are allowed, and the obligations
# say the class, what it rests on, and which articles bind whom from which day.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {
	"authorised",
	"no_crime_prediction",
	"no_emotion_recognition_at_work",
	"no_exploitation",
	"no_face_scraping",
	"no_intimate_imagery",
	"no_manipulation",
	"no_public_identification",
	"no_sensitive_categorisation",
	"no_social_scoring",
	"second_factor",
}

system := input.context

law := data.ai_duties

# METADATA
# title: whoever classifies answers for compliance or security
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.6, soc2/CC6.3, iso27001/A.5.15]}
passed contains "authorised" if roles.holds(input.subject, {"ciso", "compliance_officer", "security_officer"})

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: nobody is manipulated below their consciousness, or deceived, to their significant harm
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(a)]}
passed contains "no_manipulation" if system.practices.manipulation == false

# METADATA
# title: nobody's age, disability or social situation is exploited to their significant harm
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(b)]}
passed contains "no_exploitation" if system.practices.exploitation == false

# METADATA
# title: nobody is scored by their social behaviour and treated worse for it
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(c)]}
passed contains "no_social_scoring" if system.practices.social_scoring == false

# METADATA
# title: crimes are not predicted from profiling or traits alone
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(d)]}
passed contains "no_crime_prediction" if system.practices.crime_prediction == false

# METADATA
# title: no database of faces is made by untargeted scraping
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(e)]}
passed contains "no_face_scraping" if system.practices.face_scraping == false

# METADATA
# title: emotions are recognised neither at work nor in education, or for medical or safety reasons alone
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(f)]}
passed contains "no_emotion_recognition_at_work" if system.emotion_recognition.used == false

passed contains "no_emotion_recognition_at_work" if system.emotion_recognition.medical_or_safety == true

passed contains "no_emotion_recognition_at_work" if {
	count(system.emotion_recognition.places) > 0
	every place in system.emotion_recognition.places {
		place == "elsewhere"
	}
}

# METADATA
# title: nobody is put into categories that infer sensitive traits from biometric data
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(g)]}
passed contains "no_sensitive_categorisation" if system.biometrics.categorisation == false

passed contains "no_sensitive_categorisation" if system.biometrics.infers_sensitive_traits == false

# METADATA
# title: nobody is identified from afar, in real time, in public, for law enforcement
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5(1)(h)]}
passed contains "no_public_identification" if system.practices.public_identification == false

# METADATA
# title: no intimate imagery of persons without their consent, and no abuse material, once that is prohibited
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5-intimate-imagery]}
passed contains "no_intimate_imagery" if system.practices.intimate_imagery == false

passed contains "no_intimate_imagery" if not_yet(law.dates.intimate_imagery)

# A day is a text that sorts before every second of it.
not_yet(date) if {
	is_string(date.from)
	input.environment.time < date.from
}

# What makes it high-risk: Article 6(1) with Annex I, Article 6(2) with Annex III. Some areas follow from what it does.
areas contains area if some area in system.annex_iii

areas contains "biometrics" if system.emotion_recognition.used == true

areas contains "biometrics" if system.biometrics.categorisation == true

areas contains "biometrics" if system.biometrics.remote_identification == true

# Article 6(3) and (4): an exception counts only where it is documented, and never where persons are profiled.
default exempt := false

exempt if {
	count(system.exceptions.claimed) > 0
	is_string(system.exceptions.documentation)
	system.profiling == false
}

high contains area if {
	exempt == false
	some area in areas
}

high contains "annex_i" if {
	system.annex_i.safety_component == true
	system.annex_i.third_party_assessment == true
}

# What persons have to be told, Article 50.
limited contains "interacts" if system.interacts == true

limited contains "generates_content" if system.generates.content == true

limited contains "deep_fakes" if system.generates.deep_fakes == true

limited contains "public_interest_text" if system.generates.public_interest_text == true

limited contains "emotion_recognition" if system.emotion_recognition.used == true

limited contains "biometric_categorisation" if system.biometrics.categorisation == true

class := "high" if {
	count(high) > 0
} else := "limited" if {
	count(limited) > 0
} else := "minimal"

# Exceptions that set areas aside.
set_aside contains exception if {
	exempt == true
	count(areas) > 0
	some exception in system.exceptions.claimed
}

members(names, value) := {name: value | some name in names}

classification := object.union({"id": "class", "type": "classification", "class": class}, members(set_aside, true))

because(id, names) := [object.union({"id": id, "type": "reason"}, members(names, true))] if {
	count(names) > 0
} else := []

# Duties: each names its articles, and the day from which they bind; `unchecked` days have not been compared with the
# Official Journal. The id stands in front, so that they follow each other by it.
duty(id, articles, date) := [id, object.union(
	{"id": id, "type": "duty", "unchecked": date.unchecked},
	members(articles, date.from),
)]

# Annex III binds earlier than Annex I, and binds to more.
route := "annex_iii" if {
	count(high - {"annex_i"}) > 0
} else := "annex_i"

bearers := {role | some role in system.roles}

duties contains duty("literacy", {"art_4"}, law.dates.literacy) if count(bearers & {"deployer", "provider"}) > 0

duties contains duty(id, articles, law.dates[route]) if {
	class == "high"
	some role in bearers
	some id, articles in law.high_risk[route][role]
}

duties contains duty("exempt", law.exempt, law.dates.annex_iii) if {
	count(set_aside) > 0
	"provider" in bearers
}

duties contains duty("tell_of_ai", {"art_50_1"}, law.dates.transparency) if {
	"provider" in bearers
	"interacts" in limited
}

duties contains duty("mark_content", {"art_50_2"}, law.dates[marking]) if {
	"provider" in bearers
	count(limited & {"deep_fakes", "generates_content", "public_interest_text"}) > 0
}

duties contains duty("tell_of_recognition", {"art_50_3"}, law.dates.transparency) if {
	"deployer" in bearers
	count(limited & {"biometric_categorisation", "emotion_recognition"}) > 0
}

duties contains duty("disclose_content", {"art_50_4"}, law.dates.transparency) if {
	"deployer" in bearers
	count(limited & {"deep_fakes", "public_interest_text"}) > 0
}

# What was on the market before has more time to mark what it generates.
marking := "marking_existing" if {
	system.on_market < law.dates.transparency.from
} else := "transparency"

# What is done today and prohibited from a day on.
soon := [{"id": "prohibited_from", "type": "notification", "intimate_imagery": law.dates.intimate_imagery.from}] if {
	system.practices.intimate_imagery == true
	not_yet(law.dates.intimate_imagery)
} else := []

obligations := array.concat(
	array.concat([classification], array.concat(because("high_risk_for", high), because("transparency_for", limited))),
	array.concat([each[1] | some each in duties], soon),
)

decision := gates.decision("ai_act.classify", required, passed, obligations)
