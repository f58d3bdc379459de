"""The statements that a database is asked to run: seen one by one, or made to fail, just before they are sent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from idp.storage.database import Database


@contextmanager
def watched(database: Database, see: Callable[[str], None]) -> Iterator[None]:
    """Within it every statement goes through `see`, which may raise in its place."""
    compiler = database._compiler
    ready = compiler.ready

    def seen(statement, values):
        compiled, ordered = ready(statement, values)
        see(compiled.text)
        return compiled, ordered

    compiler.ready = seen
    try:
        yield
    finally:
        del compiler.ready
