"""Objects in memory, with a clock of their own."""

from datetime import UTC, datetime

from app.objects import ObjectGoneError, Stored


class MemoryObjects:
    def __init__(self):
        self.data = {}
        self.modified = {}
        self.now = datetime(2026, 11, 22, 14, tzinfo=UTC)
        self.drafts = 0

    def put(self, key, data):
        self.data[key], self.modified[key] = data, self.now

    def get(self, key, *, limit=0):
        assert limit
        if key not in self.data:
            raise ObjectGoneError("gone")
        return self.data[key]

    def delete(self, key):
        return self.data.pop(key, None) is not None

    def list(self, prefix=""):
        for key in sorted(self.data):
            if key.startswith(prefix):
                yield Stored(key=key, modified=self.modified[key])

    def tidy(self, _before):
        removed, self.drafts = self.drafts, 0
        return removed
