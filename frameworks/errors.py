"""What can be wrong with a file of this package."""


class FrameworksError(Exception):
    """The root of what this package raises."""


class YamlError(FrameworksError):
    """A text is no YAML that JSON could say; `line` and `column` count from 1, the column 0 where none is known."""

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(f"{line}:{column or 1}: {why}")
        self.line, self.column, self.why = line, column or 1, why


class CatalogError(FrameworksError):
    """A file is no catalog: the message begins with the file and, where it is known, the item."""


class ControlError(FrameworksError):
    """A file holds no controls: the message names the file and, where they are known, control, test and member."""


class MappingError(FrameworksError):
    """A file maps no framework to another: the message names the file and, where it is known, the relation."""


class ApplicabilityError(FrameworksError):
    """A file does not say what applies to an organisation: the message names the file and, where known, the item."""


class LicensedTextError(FrameworksError):
    """A file has no texts of a framework: the message names the file and, where it is known, the item."""
