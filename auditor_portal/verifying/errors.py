"""What can be wrong with the modules that are made one file of."""


class BundleError(Exception):
    """A module says something that the bundler does not know; the page that is served works all the same."""
