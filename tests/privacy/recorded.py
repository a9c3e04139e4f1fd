"""A recorder in memory: encodes drafts as the writer does, fails or dies when the test says so."""

from evidence import record
from evidence.errors import JournalError
from evidence.record import Position, Record
from evidence.writer import Appended

CHAIN = "01a203ec17c0f73dc8f6"


class MemoryRecords:
    def __init__(self, step=lambda: None):
        self.data = []
        self.appended = []
        self.failing_at = None
        self._step = step

    def __call__(self, draft):
        self._step()
        if self.failing_at == len(self.data):
            self.failing_at = None
            raise JournalError("the disk is full")
        position = Position(chain=CHAIN, seq=len(self.data))
        time = f"2026-11-22T14:00:{len(self.data):02}.000000Z"
        data = record.encode(draft, position, epoch=1, prev="0" * 64, time=time, retention_class="std7y")
        self.data.append(data)
        self.appended.append(Appended(position=position, leaf=record.leaf(data)))
        self._step()
        return self.appended[-1]

    @property
    def records(self):
        return [Record.parse(data) for data in self.data]
