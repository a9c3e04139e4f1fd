"""The person of whom something is said to the service."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom it is about: the type by which requests name such persons, and the id. Never shown."""

    type: str
    id: str = field(repr=False)

    def document(self) -> dict[str, str]:
        """Return it as it is sent."""
        return {"type": self.type, "id": self.id}
