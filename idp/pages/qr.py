"""QR codes (ISO/IEC 18004) as pictures that the pages' policy allows: an SVG drawn here, in a data address."""

from base64 import b64encode
from io import BytesIO

import segno

SCALE = 5
BORDER = 4  # §9.1: the quiet zone


def qr_code(text: str) -> str:
    """The address of a picture of `text`, black on white whatever the page's colours are."""
    out = BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", scale=SCALE, border=BORDER, light="#fff", xmldecl=False)
    return f"data:image/svg+xml;base64,{b64encode(out.getvalue()).decode()}"
