"""A service's logo as we serve it: judged by its content, rebuilt from what a picture needs, named by its digest.

PNG (ISO/IEC 15948 §5) and JPEG (ITU-T T.81 §B) lose every part that is not the picture: text, places, appended files.
SVG is made anew from an allow-list (svg_logos.py). Nothing here decodes a picture, so none can be a decoder's bomb.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from idp.registration.errors import BrokenRule
from idp.registration.svg_logos import rebuilt_svg

MOST_BYTES = 65_536
SHORTEST_SIDE, LONGEST_SIDE = 16, 1_024
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
PNG_MOST_INFLATED = (LONGEST_SIDE * 8 + 1) * LONGEST_SIDE + LONGEST_SIDE * 8
SOF = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what browsers show
JPEG_KEPT = frozenset({0xC4, 0xDB, 0xDD}) | SOF
APP14 = 0xEE  # Adobe: says how the colours are meant
SOS, EOI = 0xDA, 0xD9
KINDS = {"png": "image/png", "jpg": "image/jpeg", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as it is served."""

    name: str  # 32 hexadecimal digits of its digest, and its kind
    content: bytes


def media_type(name: str) -> str | None:
    """Of a logo by its name; None for a kind that is not served."""
    return KINDS.get(name.rpartition(".")[2])


def read_logo(given: bytes) -> Logo:
    """The picture to serve. Raises BrokenRule for what is none, is too big, or holds more than a picture."""
    if not given or len(given) > MOST_BYTES:
        raise BrokenRule(f"must have 1 to {MOST_BYTES} bytes")
    if given.startswith(PNG):
        kind, content = "png", _png(given)
    elif given.startswith(JPEG):
        kind, content = "jpg", _jpeg(given)
    else:
        kind, content = "svg", rebuilt_svg(given)
    return Logo(f"{sha256(content).hexdigest()[:32]}.{kind}", content)


def _check_sides(width: int, height: int) -> None:
    if not (SHORTEST_SIDE <= width <= LONGEST_SIDE and SHORTEST_SIDE <= height <= LONGEST_SIDE):
        raise BrokenRule(f"must have {SHORTEST_SIDE} to {LONGEST_SIDE} pixels a side")


def _png(given: bytes) -> bytes:
    """The critical chunks in their order, nothing behind IEND."""
    chunks = list(_png_chunks(given))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1][0] != b"IEND":
        raise BrokenRule("is a broken PNG")
    _check_sides(*struct.unpack(">II", chunks[0][1][:8]))
    inflater = zlib.decompressobj()
    try:
        pixels = inflater.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"), PNG_MOST_INFLATED)
    except zlib.error:
        raise BrokenRule("is a broken PNG") from None
    if not pixels or inflater.unconsumed_tail:
        raise BrokenRule("is a broken PNG")
    return PNG + b"".join(_png_chunk(kind, body) for kind, body in chunks if kind in PNG_KEPT)


def _png_chunks(given: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(PNG)
    while place + 12 <= len(given):
        (length,) = struct.unpack(">I", given[place : place + 4])
        kind, body = given[place + 4 : place + 8], given[place + 8 : place + 8 + length]
        end = place + 12 + length
        if end > len(given) or struct.unpack(">I", given[end - 4 : end])[0] != zlib.crc32(kind + body):
            raise BrokenRule("is a broken PNG")
        yield kind, body
        if kind == b"IEND":
            return
        place = end
    raise BrokenRule("is a broken PNG")


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _jpeg(given: bytes) -> bytes:
    """Tables, frame and scans; no comment, no application data but the colour marker, nothing behind the end."""
    kept, place, framed = [JPEG], 2, False
    while place + 4 <= len(given):
        if given[place] != 0xFF:
            break
        marker = given[place + 1]
        (length,) = struct.unpack(">H", given[place + 2 : place + 4])
        end = place + 2 + length
        if length < 2 or end > len(given):
            break
        if marker in SOF:
            _check_sides(*_jpeg_sides(given[place:end]))
            framed = True
        if marker == SOS:
            end = _end_of_scan(given, end)
        if marker in JPEG_KEPT or marker == SOS or (marker == APP14 and given[place + 4 : place + 9] == b"Adobe"):
            kept.append(given[place:end])
        place = end
        if framed and given[place : place + 2] == bytes([0xFF, EOI]):
            return b"".join(kept) + bytes([0xFF, EOI])
    raise BrokenRule("is a broken JPEG")


def _jpeg_sides(segment: bytes) -> tuple[int, int]:
    if len(segment) < 9:
        raise BrokenRule("is a broken JPEG")
    height, width = struct.unpack(">HH", segment[5:9])
    return width, height


def _end_of_scan(given: bytes, place: int) -> int:
    """Where the next marker stands: entropy-coded bytes escape 0xFF, and restart markers belong to them (§B.1.1.5)."""
    while (place := given.find(b"\xff", place)) >= 0 and place + 1 < len(given):
        following = given[place + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return place
        place += 2
    raise BrokenRule("is a broken JPEG")
