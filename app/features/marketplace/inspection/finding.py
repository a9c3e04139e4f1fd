"""What somebody has to look at: one thing found in an artifact, by whom, where, and of which class."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class FindingClass(StrEnum):
    """What a finding is about. The first four are those that `marketplace.publish` has a gate for."""

    MALICIOUS_CODE = "malicious_code"
    DATA_EXFILTRATION = "data_exfiltration"
    PROMPT_INJECTION = "prompt_injection"
    COPYRIGHT = "copyright"
    SECRETS = "secrets"
    PICKLES = "pickles"
    WEAKNESSES = "weaknesses"
    SCAN_INCOMPLETE = "scan_incomplete"  # something that nobody could look into: never clean


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One finding. `rule` is what `source` calls it, `line` is 0 where there is none; nothing found is quoted."""

    kind: FindingClass
    source: str
    rule: str
    severity: str
    path: str
    line: int
    title: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"kind": self.kind.value}

    @classmethod
    def of_document(cls, stated: dict[str, Any]) -> Self:
        """Return what `document` gave.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        made = cls(**stated | {"kind": FindingClass(stated["kind"])})
        texts = (made.source, made.rule, made.severity, made.path, made.title)
        if not all(isinstance(each, str) for each in texts) or type(made.line) is not int:
            raise TypeError
        return made
