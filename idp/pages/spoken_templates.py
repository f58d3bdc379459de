"""Templates with their fixed sentences already in them: one set for each language.

A page has fifty sentences and addresses of static files, nearly all of them the same for everybody who reads that
language. They are put into the template when it is compiled instead of into every page when it is shown.
"""

import re
from collections.abc import Callable

from jinja2 import BaseLoader, Environment
from markupsafe import escape

FIXED = re.compile(r"\{\{ (say|asset)\('([\w./-]+)'\) \}\}")
"""A whole expression without anything that differs from page to page."""

Source = tuple[str, str | None, Callable[[], bool] | None]


class SpokenTemplates(BaseLoader):
    """Another loader's templates in one language."""

    def __init__(self, templates: BaseLoader, say: Callable[[str], str], asset: Callable[[str], str]) -> None:
        """`say` gives a sentence of the language, `asset` the address of a static file."""
        self._templates = templates
        self._fixed = {"say": say, "asset": asset}

    def get_source(self, environment: Environment, template: str) -> Source:
        """The template with what is fixed in it. Raises TemplateNotFound."""
        source, path, is_fresh = self._templates.get_source(environment, template)
        return FIXED.sub(self._put, source), path, is_fresh

    def _put(self, found: re.Match[str]) -> str:
        """The text, escaped as Jinja would; what only the page itself can say is left to it."""
        try:
            text = str(escape(self._fixed[found[1]](found[2])))
        except KeyError:  # a sentence that wants a value
            return found[0]
        return found[0] if "{" in text else text


def in_language(
    templates: Environment, language: str, say: Callable[..., str], asset: Callable[[str], str]
) -> Environment:
    """The environment whose pages are in `language`."""
    assert templates.loader is not None
    return templates.overlay(loader=SpokenTemplates(templates.loader, lambda key: say(language, key), asset))
