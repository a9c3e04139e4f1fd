"""What the name of a field says about its value: `email`, `customer.name`, `Geburtsdatum`.

Knows no document.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.privacy.detection.finding import Kind

_PARTS: Final = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|\d+")
_PERSON: Final = (
    "first name", "last name", "given name", "family name", "middle name", "full name", "surname", "forename",
    "maiden name", "display name", "legal name", "nickname", "firstname", "lastname", "fullname", "givenname",
    "familyname", "nachname", "vorname", "familienname", "prenom", "prénom", "nom de famille", "nom complet", "nombre",
    "apellido", "apellidos", "nombre completo", "cognome", "naam", "achternaam", "voornaam", "sobrenome",
    "customer name", "client name", "user name", "patient name", "employee name", "person name", "contact name",
    "author name", "owner name", "holder name", "account holder", "account holder name", "cardholder name",
    "cardholder",
    "card holder", "card holder name", "recipient name", "sender name", "beneficiary name", "passenger name",
    "student name", "teacher name", "member name", "applicant name", "candidate name", "driver name", "signer name",
    "manager name", "assignee name", "reporter name", "speaker", "assignee", "signatory", "next of kin", "caller",
    "contact person", "ansprechpartner", "kunde", "emergency contact name", "billing name", "shipping name",
    "insured name", "tenant name person", "agent name", "attendee", "attendee name", "guest name", "doctor name",
)  # fmt: skip
_PLACE: Final = (
    "address", "street", "street address", "address line", "address line 1", "address line 2", "address 1", "address 2",
    "home address", "billing address", "shipping address", "postal address", "city", "town", "birthplace",
    "place of birth", "adresse", "anschrift", "strasse", "straße", "wohnort", "geburtsort", "rue", "ville", "direccion",
    "dirección", "calle", "ciudad", "indirizzo", "adres",
)  # fmt: skip
_SECRET: Final = (
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "client secret",
    "api key",
    "secret key",
    "private key",
    "pin",
)
_BIRTH: Final = ("dob", "birth date", "birthdate", "date of birth", "birthday", "geburtsdatum", "date de naissance")

HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: kind
        for kind, names in (
            (Kind.PERSON, _PERSON),
            (Kind.LOCATION, _PLACE),
            (Kind.SECRET, _SECRET),
            (Kind.BIRTH_DATE, _BIRTH),
        )
        for name in names
    }
)
"""What stands whole in a field of this name, in words of lower case; with the field around it where that matters."""


def words(name: str) -> str:
    """Return the name of a field as words of lower case: `accountHolder` and `ACCOUNT-HOLDER` are alike."""
    return " ".join(_PARTS.findall(name)).lower()


def hinted(around: str, name: str, hints: Mapping[str, str] = HINTS) -> str | None:
    """Return the kind that a field holds whole, or nothing.

    Args:
        around: the name of the object that the field stands in; empty at the top.
        name: of the field.
        hints: see `HINTS`.
    """
    own = words(name)
    return hints.get(f"{words(around)} {own}".strip()) or hints.get(own)
