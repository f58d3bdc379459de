"""SVG made anew from an allow-list: what is not on it is not there, so nobody has to think of what to take out.

No script, style, animation, foreign object, link, reference or event; no document type, so no entity (XML 1.0 §4). A
fill may name a gradient of the same drawing and nothing else (SVG 2 §13).
"""

import re
from xml.etree import ElementTree as ET

from idp.registration.errors import BrokenRule

NAMESPACE = "http://www.w3.org/2000/svg"
MOST_ELEMENTS, DEEPEST, LONGEST_VALUE = 500, 20, 20_000
SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
ELEMENTS = SHAPES | {"svg", "g", "defs", "title", "desc", "linearGradient", "radialGradient", "stop"}
TEXTS = frozenset({"title", "desc"})

_NUMBERS = re.compile(r"[-+0-9.eE,% ]{1,500}", re.ASCII)
_PATH = re.compile(r"[MmZzLlHhVvCcSsQqTtAa0-9eE+\-., \t\r\n]*", re.ASCII)
_PAINT = re.compile(
    r"none|currentColor|#[0-9A-Fa-f]{3,8}|[A-Za-z]{3,20}|rgba?\([0-9., %]{1,40}\)|url\(#[A-Za-z][\w-]{0,40}\)", re.ASCII
)
_WORD = re.compile(r"[A-Za-z-]{1,30}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][\w-]{0,40}", re.ASCII)
_TRANSFORM = re.compile(
    r"(?:(?:matrix|translate|scale|rotate|skewX|skewY)\([-+0-9.eE, ]{1,100}\)[ ,]*){1,10}", re.ASCII
)

ATTRIBUTES: dict[str, re.Pattern[str]] = (
    dict.fromkeys(
        [
            "x",
            "y",
            "x1",
            "y1",
            "x2",
            "y2",
            "cx",
            "cy",
            "r",
            "rx",
            "ry",
            "fx",
            "fy",
            "width",
            "height",
            "viewBox",
            "points",
            "offset",
            "opacity",
            "fill-opacity",
            "stroke-opacity",
            "stop-opacity",
            "stroke-width",
            "stroke-miterlimit",
            "stroke-dasharray",
            "stroke-dashoffset",
        ],
        _NUMBERS,
    )
    | dict.fromkeys(("fill", "stroke", "stop-color", "color"), _PAINT)
    | dict.fromkeys(
        ("fill-rule", "clip-rule", "stroke-linecap", "stroke-linejoin", "gradientUnits", "spreadMethod"), _WORD
    )
    | {"d": _PATH, "id": _NAME, "transform": _TRANSFORM, "gradientTransform": _TRANSFORM}
)
_ASPECT = re.compile(r"[A-Za-z]{4,8}( (meet|slice))?", re.ASCII)
ATTRIBUTES["preserveAspectRatio"] = _ASPECT


def rebuilt_svg(given: bytes) -> bytes:
    """The drawing with only what is allowed. Raises BrokenRule for what is no drawing."""
    try:
        text = given.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BrokenRule("must be PNG, JPEG or SVG in UTF-8") from None
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise BrokenRule("must have no document type")
    try:
        root = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 (see above)
    except (ET.ParseError, ValueError):
        raise BrokenRule("must be PNG, JPEG or SVG") from None
    if _local(root) != "svg" or "viewBox" not in root.attrib:
        raise BrokenRule("must be an svg element with a viewBox")
    left = [MOST_ELEMENTS]
    made = _rebuilt(root, 0, left)
    if made is None or not any(True for one in made.iter() if one.tag in SHAPES):
        raise BrokenRule("must draw something")
    made.set("xmlns", NAMESPACE)
    return ET.tostring(made, encoding="unicode").encode()


def _local(element: ET.Element) -> str | None:
    """The name of an element of SVG; None for every other."""
    tag: object = element.tag
    if not isinstance(tag, str):  # a comment or an instruction
        return None
    namespace, _, name = tag.rpartition("}")
    return name if namespace in {"{" + NAMESPACE, ""} else None


def _rebuilt(element: ET.Element, depth: int, left: list[int]) -> ET.Element | None:
    name = _local(element)
    if name not in ELEMENTS:
        return None
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST:
        raise BrokenRule(f"must have at most {MOST_ELEMENTS} elements, {DEEPEST} deep")
    made = ET.Element(name)
    for key, value in element.attrib.items():
        rule = ATTRIBUTES.get(key)
        if rule is not None and len(value) <= LONGEST_VALUE and rule.fullmatch(value.strip()):
            made.set(key, value.strip())
    if name in TEXTS:
        made.text = (element.text or "").strip()[:200]
        return made
    for child in element:
        inner = _rebuilt(child, depth + 1, left)
        if inner is not None:
            made.append(inner)
    return made
