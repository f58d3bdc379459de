"""Why a registration is refused: RFC 7591 §3.2.2.

Texts are ASCII without quotation marks or backslashes, because they may travel as `error_description`
(RFC 6749 §5.2). They name the field and the rule, and never repeat a value.
"""

from collections.abc import Sequence

from idp.protocol.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError

LONGEST_NAME_SHOWN = 60


class BrokenRule(ValueError):
    """One value breaks one rule. `where` is the place inside the field, such as `[2]` or `.keys[0]`."""

    def __init__(self, rule: str, where: str = "") -> None:
        """`rule` completes the sentence `field: rule`."""
        super().__init__(rule)
        self.rule = rule
        self.where = where

    def inside(self, where: str) -> "BrokenRule":
        """The same, seen from one level further out."""
        return BrokenRule(self.rule, where + self.where)


class RegistrationRefused(OAuthError):
    """The metadata breaks rules; `problems` has one line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        """All problems that were found, so that nobody has to mend them one at a time."""
        super().__init__(public="; ".join(problems))
        self.problems = tuple(problems)


class RefusedRedirectUri(RegistrationRefused, InvalidRedirectUri):
    """One of the problems, at least, is a redirection URI."""


class RefusedMetadata(RegistrationRefused, InvalidClientMetadata):
    """Another field, or a combination of fields, cannot be accepted."""


def shown(name: object) -> str:
    """A field name that somebody else chose, made fit for an error text."""
    text = str(name)[:LONGEST_NAME_SHOWN]
    return "".join(c if " " < c <= "~" and c not in '"\\' else "?" for c in text) or "(empty)"
