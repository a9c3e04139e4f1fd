"""Presidio's recognisers of identifiers of many countries, each asked by itself, without its engine.

Its engine wants a language model, or tokens, for every text; these recognisers need neither. Left out are those that
cost much (phones, URLs), that fetch a list of suffixes over the network (e-mail), or that we know better (cards). The
words around a finding are ours to judge: what is digits alone is no finding without one. Presidio's log quotes texts,
so it is silenced.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.privacy.detection.context import Text
from app.privacy.detection.finding import Finding, Kind, Lane
from app.privacy.detection.recogniser import THRESHOLD, surer

_NEAR: Final = 0.85
_ALONE: Final = 0.7
_TAX: Final = ("tax", "steuer", "steuerid", "idnr", "fiscal", "impuesto", "tin")
_LICENCE: Final = ("driver", "driving", "licence", "führerschein", "fuehrerschein", "patente", "permit")
_HEALTH: Final = ("health", "medicare", "patient", "insurance", "kranken", "versicher")
_NATIONAL: Final = ("national", "identity", "identidad", "ausweis", "dni", "nie", "nif", "id card", "citizen")
_SPECS: Final[tuple[tuple[str, Kind, tuple[str, ...], bool], ...]] = (
    # recogniser, kind, words of ours, whether its form stands without a word where it is not digits alone
    ("AbaRoutingRecognizer", Kind.BANK_ACCOUNT, ("routing", "aba", "rtn"), False),
    ("AuMedicareRecognizer", Kind.NATIONAL_ID, ("medicare",), False),
    ("AuTfnRecognizer", Kind.TAX_ID, ("tfn", "tax file", *_TAX), False),
    ("CaSinRecognizer", Kind.NATIONAL_ID, ("sin", "social insurance"), True),
    ("CryptoRecognizer", Kind.CRYPTO_ADDRESS, ("wallet", "bitcoin", "btc"), True),
    ("DeHealthInsuranceRecognizer", Kind.NATIONAL_ID, _HEALTH, False),
    ("DeIdCardRecognizer", Kind.NATIONAL_ID, ("ausweis", *_NATIONAL), False),
    ("DeSocialSecurityRecognizer", Kind.NATIONAL_ID, ("rentenversicherung", "sozialversicherung", "svnr"), True),
    ("DeTaxIdRecognizer", Kind.TAX_ID, _TAX, True),
    ("EsNieRecognizer", Kind.NATIONAL_ID, _NATIONAL, True),
    ("EsNifRecognizer", Kind.NATIONAL_ID, _NATIONAL, True),
    ("FiPersonalIdentityCodeRecognizer", Kind.NATIONAL_ID, ("henkilö", "hetu", *_NATIONAL), True),
    ("InAadhaarRecognizer", Kind.NATIONAL_ID, ("aadhaar", "aadhar", "uidai", "uid"), True),
    ("InVoterRecognizer", Kind.NATIONAL_ID, ("voter", "epic", "elector"), False),
    ("ItFiscalCodeRecognizer", Kind.TAX_ID, ("codice fiscale", "fiscal"), True),
    ("ItIdentityCardRecognizer", Kind.NATIONAL_ID, ("carta d'identit", "identity card"), False),
    ("ItDriverLicenseRecognizer", Kind.LICENCE, _LICENCE, False),
    ("KrRrnRecognizer", Kind.NATIONAL_ID, ("rrn", "resident registration", "주민"), True),
    ("MedicalLicenseRecognizer", Kind.LICENCE, ("dea", "medical", "licence", "license"), False),
    ("NgNinRecognizer", Kind.NATIONAL_ID, ("nin", "national identification"), False),
    ("NhsRecognizer", Kind.NATIONAL_ID, ("nhs", "national health", "patient"), True),
    ("PlPeselRecognizer", Kind.NATIONAL_ID, ("pesel",), False),
    ("SePersonnummerRecognizer", Kind.NATIONAL_ID, ("personnummer", "pnr"), True),
    ("SgFinRecognizer", Kind.NATIONAL_ID, ("nric", "fin"), True),
    ("ThTninRecognizer", Kind.NATIONAL_ID, ("thai", *_NATIONAL), False),
    ("TrNationalIdRecognizer", Kind.NATIONAL_ID, ("kimlik", "tckn", "tc no"), False),
    ("UkDrivingLicenceRecognizer", Kind.LICENCE, _LICENCE, True),
    ("UkNinoRecognizer", Kind.NATIONAL_ID, ("national insurance", "nino"), True),
    ("UsItinRecognizer", Kind.TAX_ID, ("itin", *_TAX), True),
    ("UsMbiRecognizer", Kind.NATIONAL_ID, ("mbi", "medicare", "beneficiary"), True),
    ("ZaIdNumberRecognizer", Kind.NATIONAL_ID, ("south africa", "rsa id", "id number"), False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One of Presidio's recognisers, as a source of ours.

    Attributes:
        recogniser: its own.
        kind: what we call what it finds.
        context: its words and ours.
        alone: its form stands without a word, where it is not digits alone.
    """

    recogniser: Any
    kind: Kind
    context: tuple[str, ...]
    alone: bool

    def find(self, text: Text) -> Iterator[Finding]:
        """Yield what it finds and the words around it bear out."""
        if not text.has_digits or not (self.alone or text.speaks_of(self.context)):
            return
        for each in self.recogniser.analyze(text.value, self.recogniser.supported_entities, None):
            start, end = each.start, each.end
            found = text.value[start:end]
            near = text.near(self.context, start, end)
            formed = self.alone and each.score >= THRESHOLD and not found.isdecimal()
            if (near or formed) and any(map(str.isdigit, found)):
                score = max(_ALONE if formed else 0, surer(_NEAR, near)) if near else _ALONE
                yield Finding(start=start, end=end, kind=self.kind, score=score, lane=Lane.PATTERNS)


def load() -> tuple[Foreign, ...]:
    """Return Presidio's recognisers that we ask: importing them takes more than a second, and memory."""
    logging.getLogger("presidio-analyzer").disabled = True  # its errors quote the text
    from presidio_analyzer import predefined_recognizers as theirs  # noqa: PLC0415 - see above

    found = []
    for name, kind, words, alone in _SPECS:
        recogniser = getattr(theirs, name)()
        context = dict.fromkeys(word.lower() for word in (*words, *(recogniser.context or ())))
        found.append(Foreign(recogniser=recogniser, kind=kind, context=tuple(context), alone=alone))
    return tuple(found)
