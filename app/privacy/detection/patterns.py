"""The pattern lane: identifiers by form, check and the words around them, without a language model, inline.

Knows no names of persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.privacy.detection import recogniser_file
from app.privacy.detection.context import Text
from app.privacy.detection.credentials import Credentials
from app.privacy.detection.detector import Detector, disjoint

if TYPE_CHECKING:
    from app.privacy.detection.finding import Finding
    from app.privacy.detection.recogniser import Recogniser, Source


@dataclass(frozen=True, slots=True)
class _Patterns:
    sources: "tuple[Source, ...]"

    def find(self, text: str, *, language: str = "en") -> "tuple[Finding, ...]":
        looked_at = Text(text, language.partition("-")[0].lower())
        return disjoint([each for source in self.sources for each in source.find(looked_at)], text)


def load(recognisers: "Sequence[Recogniser]" = (), *, phone_regions: Sequence[str] | None = None) -> Detector:
    """Return the pattern lane; it opens no socket, neither now nor later.

    Args:
        recognisers: what an installation adds (`recogniser_file.load`); they are asked beside those that come with us.
        phone_regions: ISO 3166-1 codes whose phone numbers are known without a country code; ours where absent.
    """
    from app.privacy.detection import phones, presidio  # noqa: PLC0415 - seconds and memory that only detection needs

    regions = phones.REGIONS if phone_regions is None else tuple(phone_regions)
    known = (*recogniser_file.built_in(), *recognisers)
    return _Patterns((*known, phones.Phones(regions=regions), Credentials(), *presidio.load()))
