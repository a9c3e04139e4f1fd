"""For whom a report was made: stands on every page and in every table of it, and is part of what is hashed."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """Whose copy it is: an auditor of a firm, on a day, by the decision that permitted the export."""

    firm: str
    engagement: str
    auditor: str
    date: str
    decision: str

    def document(self) -> dict[str, str]:
        """Return it as JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def line(self) -> str:
        """Return it as one line."""
        said = f"Made for {self.auditor} of {self.firm}, engagement {self.engagement}, {self.date}"
        return f"{said}, by decision {self.decision}"
