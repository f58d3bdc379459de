"""Static files: kept for ever at the address of their content, and light on a slow line."""

from gzip import decompress

import pytest

from idp.pages.rendering import STATIC, asset
from tests.ground import ORIGIN


def get(house, path, **headers):
    return house.ground.app.test_client().get(path, base_url=ORIGIN, headers=headers, buffered=True)


def address(house, name):
    with house.ground.app.test_request_context():
        return asset(name)


@pytest.mark.parametrize("name", ["page.css", "passkey.js", "icon.svg"])
def test_a_text_comes_packed_to_whoever_can_read_it(house, name):
    answer = get(house, address(house, name), **{"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert decompress(answer.data) == (STATIC / name).read_bytes()


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity, gzip;q=0.0"])
def test_whoever_cannot_read_that_gets_it_plain(house, accepted):
    answer = get(house, address(house, "page.css"), **{"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"  # else a cache would give it the other
    assert answer.data == (STATIC / "page.css").read_bytes()


def test_what_is_packed_already_is_not_packed_again(house):
    font = next(path for path in STATIC.rglob("*.woff2"))
    answer = get(house, address(house, str(font.relative_to(STATIC))), **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


def test_X_01_no_page_is_packed(house):
    assert "Content-Encoding" not in get(house, "/", **{"Accept-Encoding": "gzip"}).headers


def test_an_address_of_other_content_is_not_kept(house):
    answer = get(house, "/static/000000000000/page.css", **{"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
