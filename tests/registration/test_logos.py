"""Logos: rebuilt from what a picture needs, bounded, and never anything else than a picture."""

import struct
import zlib

import pytest

from idp.registration.changes import logo_set
from idp.registration.errors import BrokenRule
from idp.registration.logos import MOST_BYTES, PNG, media_type, read_logo
from idp.registration.register import GRACE_SECONDS
from idp.staff.actor import OPERATOR
from idp.storage.client_logos import KEEP_UNUSED_SECONDS, find_logo, let_go_of_logos


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width=32, height=32, *, extra=b"", behind=b"", pixels=None):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * ((width * 3 + 1) * height) if pixels is None else pixels)
    return PNG + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"") + behind


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(width=32, height=32, *, extra=b"", behind=b""):
    frame = segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0")
    scan = segment(0xDA, b"\3\1\0\2\0\3\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + extra + segment(0xDB, b"\0" + bytes(64)) + frame + scan + b"\xff\xd9" + behind


def svg(inside='<rect width="10" height="10" fill="#036"/>', attributes='viewBox="0 0 10 10"'):
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()


@pytest.mark.parametrize(("given", "kind"), [(png(), "image/png"), (jpeg(), "image/jpeg"), (svg(), "image/svg+xml")])
def test_a_picture_is_served_as_what_it_is_under_the_digest_of_its_content(given, kind):
    logo = read_logo(given)
    assert media_type(logo.name) == kind
    assert read_logo(logo.content) == logo, "what was rebuilt is rebuilt to itself"


HIDDEN = b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    "given",
    [
        png(extra=chunk(b"tEXt", HIDDEN)),
        png(behind=HIDDEN),
        jpeg(extra=segment(0xE1, HIDDEN)),
        jpeg(extra=segment(0xFE, HIDDEN)),
        jpeg(behind=HIDDEN),
        svg('<rect width="1" height="1"/><!--' + HIDDEN.decode() + "-->"),
    ],
    ids=["text", "behind png", "application data", "comment", "behind jpeg", "svg comment"],
)
def test_what_is_not_the_picture_is_not_there(given):
    assert HIDDEN not in read_logo(given).content


@pytest.mark.parametrize(
    "inside",
    [
        '<script>alert(1)</script><rect width="1" height="1"/>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject><rect width="1" height="1"/>',
        '<rect width="1" height="1" onload="alert(1)"/>',
        '<image href="https://evil.example/x.png"/><rect width="1" height="1"/>',
        '<use href="data:image/svg+xml,x#a"/><rect width="1" height="1"/>',
        '<a href="javascript:alert(1)"><rect width="1" height="1"/></a><rect width="1" height="1"/>',
        '<style>@import "https://evil.example"</style><rect width="1" height="1"/>',
        '<rect width="1" height="1" style="background:url(https://evil.example)"/>',
        '<rect width="1" height="1" fill="url(https://evil.example#a)"/>',
        '<animate attributeName="href" to="javascript:alert(1)"/><rect width="1" height="1"/>',
        '<set attributeName="onload" to="alert(1)"/><rect width="1" height="1"/>',
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script><rect width="1" height="1"/>',
        '<rect width="1" height="1" xlink:href="//evil.example" xmlns:xlink="http://www.w3.org/1999/xlink"/>',
    ],
)
def test_a_drawing_keeps_nothing_that_acts_or_leads_elsewhere(inside):
    content = read_logo(svg(inside)).content.decode()
    assert "<rect" in content
    for word in (
        "script",
        "alert",
        "evil",
        "javascript",
        "href",
        "style",
        "onload",
        "foreign",
        "animate",
        "set ",
        "@import",
    ):
        assert word not in content


REFUSED = {
    "nothing": b"",
    "too long": png() + b"\0" * MOST_BYTES,
    "a page": b"<!doctype html><html></html>",
    "not utf-8": b"\xff\xfe<\0s\0v\0g\0",
    "a document type": b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg(),
    "no view box": svg(attributes=""),
    "draws nothing": svg("<title>x</title>"),
    "another element": b'<html xmlns="http://www.w3.org/1999/xhtml" viewBox="0 0 1 1"/>',
    "broken xml": b"<svg",
    "too many elements": svg('<rect width="1" height="1"/>' * 501),
    "too deep": svg("<g>" * 25 + '<rect width="1" height="1"/>' + "</g>" * 25),
    "wide png": png(1025, 16),
    "small png": png(15, 16),
    "png with a wrong sum": png()[:-6] + b"\0" * 6,
    "png cut off": png()[:60],
    "png bomb": png(pixels=b"\0" * 20_000_000),
    "png without pixels": png(pixels=b""),
    "wide jpeg": jpeg(1025, 16),
    "jpeg cut off": jpeg()[:-4],
    "jpeg of nothing": b"\xff\xd8\xff\xd9",
    "gif": b"GIF89a" + bytes(40),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_small_picture_is_refused(name):
    with pytest.raises(BrokenRule):
        read_logo(REFUSED[name])


def test_people_see_a_logo_on_the_page_of_sign_in_once_it_is_set(ground, service):
    made = read_logo(svg())
    ground.provider.keep_logo(made)
    address = f"/logos/{made.name}"
    assert address not in ground.browser().authorize(service).text
    one = ground.provider.clients.get(service.id)
    ground.provider.clients.save([logo_set(one, made.name, now=ground.clock())])
    page = ground.browser()
    assert f'src="{address}"' in page.authorize(service).text
    shown = page.get(address)
    assert (shown.data, shown.mimetype) == (made.content, "image/svg+xml")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert page.get("/logos/" + "0" * 32 + ".png").status_code == 404
    assert page.get("/logos/..%2f..%2fetc.png").status_code == 404


def test_a_logo_that_nobody_uses_is_let_go(ground, service):
    used, unused = read_logo(svg()), read_logo(png())
    ground.provider.keep_logo(used)
    ground.provider.keep_logo(unused)
    one = ground.provider.clients.get(service.id)
    ground.provider.clients.save([logo_set(one, used.name, now=ground.clock())])
    with ground.provider.database.begin() as step:
        assert let_go_of_logos(step, ground.clock()) == 0
        assert let_go_of_logos(step, ground.clock() + KEEP_UNUSED_SECONDS + 1) == 1
    with ground.provider.database.read() as reading:
        assert find_logo(reading, used.name) == used.content
        assert find_logo(reading, unused.name) is None


@pytest.mark.parametrize("kept", [True, False])
def test_a_service_is_removed_when_its_grace_ends_unless_it_was_kept(either_ground, kept):
    service, office = either_ground.register(), either_ground.provider.client_office
    office.remove(either_ground.provider.clients.get(service.id), OPERATOR)
    assert office.remove_those_over(either_ground.clock() + GRACE_SECONDS - 1) == 0
    if kept:
        office.keep(either_ground.provider.clients.get(service.id), OPERATOR)
    assert office.remove_those_over(either_ground.clock() + GRACE_SECONDS) == (0 if kept else 1)
    assert (either_ground.provider.clients.get(service.id) is not None) is kept
    assert ("provider:client:removed" in either_ground.events()) is not kept
