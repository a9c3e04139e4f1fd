"""What the steps of the demo share: the screen, the node and its store, and what was acknowledged so far."""

from dataclasses import dataclass, field
from pathlib import Path

from demo.client import Client
from demo.commands import Commands, Said
from demo.log_copy import LogCopy
from demo.node import Node
from demo.questions import Caller
from demo.screen import Screen
from demo.storage import Storage

KEY = "log.vkey"
CHECKPOINT = "kept.note"
COPY = "copy"


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that stands on the stage.

    `elsewhere` is a folder that plays another machine: an auditor's, with the log's public key, a kept checkpoint, and
    later a copy of the store. `acknowledged` maps the id of every decision that was answered to its leaf hash;
    `malformed` are the numbers of the questions that were none, from callers who are known.
    """

    screen: Screen
    storage: Storage
    node: Node
    elsewhere: Path
    tokens: dict[Caller, str] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    malformed: list[int] = field(default_factory=list)
    kept_checkpoint: int = -1

    @property
    def client(self) -> Client:
        """Return what asks the running service."""
        return Client(url=self.node.url, tokens=self.tokens)

    @property
    def commands(self) -> Commands:
        """Return what runs commands in the auditor's folder."""
        return Commands(folder=self.elsewhere, environment=self.node.environment)

    @property
    def copy(self) -> LogCopy:
        """Return the auditor's copy of the log."""
        return LogCopy(folder=self.elsewhere / COPY)

    def show(self, said: Said) -> Said:
        """Print a command and what it said."""
        self.screen.command(said.line)
        self.screen.output(said.text)
        return said
