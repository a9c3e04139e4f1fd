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
