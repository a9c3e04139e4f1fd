"""A control plane with officers, a clock that tests move, and the systems and incidents that they state."""

from datetime import UTC, datetime

from sqlalchemy import text

from app import db
from app.features.ai_act import register
from tests.features.serving import NOW

HOUR = 3_600
COMPLIANCE, CISO, AUDITOR = "omega-compliance", "omega-ciso", "omega-auditors"
FACTS = dict.fromkeys(
    (
        "ai_system",
        "critical_infrastructure",
        "death",
        "high_risk",
        "personal_data",
        "phi",
        "phi_500",
        "risk_unlikely",
        "serious_harm",
        "widespread",
    ),
    False,
)
STOCK = {
    "title": "Stock forecast",
    "purpose": "says how much of each part is ordered",
    "roles": ["provider", "deployer"],
    "on_market": "2026-09-01",
    "practices": dict.fromkeys(
        (
            "crime_prediction",
            "exploitation",
            "face_scraping",
            "intimate_imagery",
            "manipulation",
            "public_identification",
            "social_scoring",
        ),
        False,
    ),
    "emotion_recognition": {"used": False, "places": [], "medical_or_safety": False},
    "biometrics": dict.fromkeys(("categorisation", "infers_sensitive_traits", "remote_identification"), False),
    "annex_i": {"safety_component": False, "third_party_assessment": False},
    "annex_iii": [],
    "profiling": False,
    "exceptions": {"claimed": []},
    "interacts": False,
    "generates": {"content": False, "deep_fakes": False, "public_interest_text": False},
}
SHORTLIST = STOCK | {
    "title": "Shortlist",
    "purpose": "ranks applicants for a vacancy",
    "annex_iii": ["employment"],
    "profiling": True,
    "interacts": True,
}


def facts(*names):
    """Return the facts of an incident of which these hold."""
    return FACTS | dict.fromkeys(names, True)


class Desk:
    """A control plane, and officers at it."""

    def __init__(self, control, url, monkeypatch):
        self.control, self._engine = control, db.open_engine(url)
        control.around.pdp._pdp._clock = lambda: datetime.fromtimestamp(self.now(), UTC)
        monkeypatch.setattr(register, "now", self.now)

    def now(self):
        return int(self.control.clock.seconds)

    def later(self, seconds):
        self.control.clock.seconds += seconds

    def officer(self, name, *groups):
        """Return the browser of somebody whose identity provider saw a second factor."""
        browser = self.control.officer(name, *groups)
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE officer_session SET second_factor = 1"))
        return browser

    def close(self):
        self._engine.dispose()


def send(browser, path, body):
    """Send JSON as a program with a session does."""
    headers = {"accept": "application/json", "sec-fetch-site": "same-origin", "x-csrf-token": browser.csrf()}
    return browser.client.post(f"/ai_act/{path}", json=body, headers=headers)


def gates(answer):
    """Return the gates that an answer says have failed."""
    assert answer.status_code == 403, answer.text
    return [each["id"] for each in answer.json["gates"]]


def at(hours):
    """Return a time so many hours after the tests' clock begins."""
    return datetime.fromtimestamp(NOW + hours * HOUR, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def opened(browser, *names, known=0, **more):
    """Open an incident and return its id."""
    said = {"text": "a wrong dose was advised", "known_at": at(known), "facts": facts(*names)} | more
    answer = send(browser, "incidents", said)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def assess_and_miss(browser):
    """Open an incident two clocks of which run, one of them out already, and assess it."""
    name = opened(browser, "ai_system", "widespread", "personal_data", known=-60, system="wf-4b1e")
    said = {"step": "assess", "text": "the cause is known", "facts": facts("ai_system", "widespread", "personal_data")}
    assert send(browser, f"incidents/{name}/steps", said).status_code == 200
