"""What goes wrong before anything is looked at: a file of recognisers, an expression, a document."""

from app.privacy.errors import PrivacyError


class DetectionError(PrivacyError):
    """Detection cannot begin. Nothing was looked at, so nothing may be taken for clean."""

    code = "detection"


class ExpressionError(DetectionError):
    """A regular expression is none, or its work is not bounded."""

    code = "expression"


class RecogniserError(DetectionError):
    """A recogniser that an installation adds cannot be used. None of its file is."""

    code = "recogniser"


class DocumentError(DetectionError):
    """A JSON document is deeper or larger than what is looked through. It stays sealed."""

    code = "document"


class ModelError(DetectionError):
    """A language names a model that is not installed. Names in it stay sealed."""

    code = "model"
