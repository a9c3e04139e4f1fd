"""What can go wrong when texts are redacted or restored. No message quotes a text, a value or a token's value."""

from app.privacy.errors import PrivacyError


class RedactionError(PrivacyError):
    """A text cannot be redacted as asked: nothing of it may be handed on."""

    code = "redaction"


class NamesError(RedactionError):
    """Names were not looked for: the process that does so died, hangs or answers what nobody can read. Ask again."""

    code = "names_unavailable"
