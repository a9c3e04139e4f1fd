"""What can go wrong with the index. Nothing of it says anything about the log."""


class IndexingError(Exception):
    """Base of every error this package raises on purpose."""


class IndexUnavailableError(IndexingError):
    """The database does not answer, or is not there; the log goes on, and the index catches up later."""


class IndexDamagedError(IndexingError):
    """The rows do not go together as the indexer writes them: somebody else did. `omega evidence reindex` mends it."""


class QueryError(IndexingError):
    """The question cannot be asked; the message says why."""


class SlowQueryError(IndexingError):
    """The question takes longer than any may: no index serves it, and there is much to look through."""

    def __init__(self) -> None:
        super().__init__("this takes too long to find")
