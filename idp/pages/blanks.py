"""Pages with blanks: what is the same for many people is rendered once, each answer only fills in the rest.

Of the forty lines that a page of a sign-in shows, all but a handful are the same for everybody who meets this service
in this language: a form with blanks. Such a page is rendered with marks in the places of its blanks, taken apart at
the marks, and kept. What fills a blank is escaped as Jinja would escape it. It must be a value that the template only
prints: a condition would see the mark. A mark is random for each process, so nothing that anybody types can be one.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Final

from markupsafe import escape

#: Pages that are kept; each is some ten kilobytes.
MOST_PAGES: Final = 96

Render = Callable[[Mapping[str, str]], str]
"""The whole page, with these values for what is printed."""


class Blanks:
    """The pages that were rendered before, and filling them in."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        """Draws the mark, and what stands between values that are escaped together."""
        self._mark = f"blank{random_bytes(16).hex()}"
        self._seam = f"seam{random_bytes(16).hex()}"
        self._between = re.compile(rf"{self._mark}_(\w+)_")
        self._kept: dict[Hashable, list[str]] = {}

    def mark(self, name: str) -> str:
        """What stands in the place of a blank, until it is filled."""
        return f"{self._mark}_{name}_"

    def filled(self, kind: Hashable, render: Render, printed: Mapping[str, str]) -> str:
        """The page with `printed` in it. `kind` is everything else that `render` depends on."""
        which = (kind, tuple(printed))
        parts = self._kept.get(which)
        if parts is None:
            parts = self._between.split(render({name: self.mark(name) for name in printed}))
            while len(self._kept) >= MOST_PAGES:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[which] = parts
        if len(parts) == 1:
            return parts[0]
        page = parts.copy()  # text and names of blanks in turn
        values = self._seam.join([printed[name] for name in parts[1::2]])
        page[1::2] = str(escape(values)).split(self._seam)  # all with one call
        return "".join(page)
