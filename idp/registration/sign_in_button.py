"""The button "Sign in with mobile ID" that services put on their pages: HTML and SVG to copy, in a few looks.

A link of text and a drawing: it is read aloud, enlarged and translated, and no script or picture of ours is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from idp.settings import ROOT

FILE = ROOT / "templates/developers/button.txt"


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one look, as `#rrggbb`. Each pair that meets has a contrast of at least 4.5 to 1 (WCAG 2.2 §1.4.3)."""

    ground: str  # behind the text
    ink: str  # text and drawing
    edge: str
    hover: str  # the ground under a pointer
    focus: str  # the ring around a focused button, on the page that the look is for
    page: str  # the page that the look is for


LOOKS: Mapping[str, Look] = {
    "blue": Look("#0b50d0", "#ffffff", "#0b50d0", "#083891", "#0b50d0", "#ffffff"),
    "white": Look("#ffffff", "#0b50d0", "#0b50d0", "#eef2ff", "#0b50d0", "#ffffff"),
    "dark": Look("#ffffff", "#0b50d0", "#ffffff", "#dbe6ff", "#ffffff", "#131416"),
}
"""Name to look, in the order in which the guide shows them; each has a sentence in the words."""


def button_code(look: str, label: str, language: str, file: Path = FILE) -> str:
    """The HTML of one button. Raises KeyError for a look that is not in LOOKS."""
    found = LOOKS[look]
    colours = {name: getattr(found, name) for name in ("ground", "ink", "edge", "hover", "focus")}
    return Template(file.read_text("utf-8")).substitute(label=escape(label), language=language, **colours)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, "relative luminance" and "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
