"""Metadata from JSON to a checked, effective form: the one gate of every registration and every change.

RFC 7591 §2 and §3.2.2, OpenID Connect Dynamic Client Registration 1.0 §2. All problems are told at once.
"""

from collections.abc import Mapping
from typing import Any

from idp.registration.combinations import COMBINATIONS
from idp.registration.errors import BrokenRule, RefusedMetadata, RefusedRedirectUri, shown
from idp.registration.fields import FIELDS, Offer
from idp.registration.names import display_name, language_tag
from idp.registration.registration import Metadata
from idp.registration.standard_validation import standard_objections
from idp.registration.unknown_fields import why_unknown

MOST_FIELDS = 100
LOCALIZED_NAME = "client_name#"
MACHINE_DEFAULTS: Mapping[str, Any] = {"response_types": [], "scope": ""}
"""Of a client that only acts for itself (client_credentials alone): nobody is sent to it or agrees to anything."""


def check_metadata(given: object, offer: Offer) -> Metadata:
    """The effective metadata of `given`. Raises RefusedRedirectUri or RefusedMetadata.

    A member that is null counts as absent (RFC 7592 §2.2).
    """
    if not isinstance(given, Mapping) or len(given) > MOST_FIELDS or not all(isinstance(n, str) for n in given):
        raise RefusedMetadata([f"metadata: must be a JSON object with at most {MOST_FIELDS} members"])
    checking = _Checking(offer)
    for name, value in given.items():
        if value is not None:
            checking.read(name, value)
    checking.require_redirect_uris()
    checking.apply_defaults()
    checking.combine()
    checking.refuse_if_broken()
    return Metadata(checking.effective)


class _Checking:
    """One pass over one registration: what is good so far, and what is not."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.effective: dict[str, Any] = {}
        self.problems: list[str] = []
        self.broken: set[str] = set()

    def read(self, name: str, value: Any) -> None:
        """One field as it was given."""
        try:
            if name.startswith(LOCALIZED_NAME):
                self._read_localized_name(name, value)
            elif name in FIELDS:
                self.effective[name] = _as_json(FIELDS[name].read(value, self.offer))
            else:
                self.broken.add(name)
                self.problems.append(why_unknown(name, FIELDS))
        except BrokenRule as broken:
            self._note(name, broken)

    def _read_localized_name(self, name: str, value: Any) -> None:
        canonical = LOCALIZED_NAME + language_tag(name.removeprefix(LOCALIZED_NAME))
        if canonical in self.effective:
            raise BrokenRule("must not be given twice for one language")
        self.effective[canonical] = display_name(value)

    @property
    def is_machine(self) -> bool:
        """Whether the client only ever acts for itself."""
        return self.effective.get("grant_types") == ["client_credentials"]

    def require_redirect_uris(self) -> None:
        """RFC 7591 §2: required for every flow with redirection."""
        if self.is_machine:
            return
        if "redirect_uris" not in self.effective and "redirect_uris" not in self.broken:
            self._note("redirect_uris", BrokenRule("is required"))

    def apply_defaults(self) -> None:
        """Every field that was not given and has a default."""
        if self.is_machine:
            self.effective = {**MACHINE_DEFAULTS, **self.effective}
        for field in FIELDS.values():
            if field.default is not None and field.name not in self.broken:
                self.effective.setdefault(field.name, _as_json(field.default))

    def combine(self) -> None:
        """Rules between fields, as far as the fields they read are good."""
        for name, others, rule in COMBINATIONS:
            if self.broken.isdisjoint((name, *others)):
                try:
                    rule(self.effective, self.offer)
                except BrokenRule as broken:
                    self._note(name, broken)

    def refuse_if_broken(self) -> None:
        """Raise what was found; when that is nothing, let the standard's own validation look as well."""
        if not self.problems:
            for name in standard_objections(self.effective, self.offer):
                self._note(name, BrokenRule("is refused by the validation of RFC 7591"))
        if self.problems:
            refusal = RefusedRedirectUri if "redirect_uris" in self.broken else RefusedMetadata
            raise refusal(self.problems)

    def _note(self, name: str, broken: BrokenRule) -> None:
        self.broken.add(name)
        self.problems.append(f"{shown(name)}{broken.where}: {broken.rule}")


def _as_json(value: Any) -> Any:
    """Tuples as lists, so that the effective form equals itself after a trip through JSON."""
    return list(value) if isinstance(value, tuple) else value
