"""What the commands about frameworks read: what is shipped and, where OMEGA_FRAMEWORKS says, what is one's own."""

from app.cli.output import CommandError
from app.settings import Settings
from frameworks import collection
from frameworks.collection import Collection
from frameworks.errors import FrameworksError


def collected(settings: Settings) -> Collection:
    """Return frameworks, controls, mappings, texts, and what applies.

    Raises:
        CommandError: a file of it is not what its place says.
    """
    try:
        return collection.load(settings.frameworks)
    except FrameworksError as error:
        raise CommandError(str(error)) from error
