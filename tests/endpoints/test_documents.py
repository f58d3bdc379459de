"""The discovery documents and the keys: given before anything is routed, with all that other answers carry."""

import pytest

from idp.pages.headers import COMMON
from tests.ground import ORIGIN

DOCUMENTS = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"]


def ask(house, path, method="GET", **headers):
    return house.ground.app.test_client().open(path, method=method, base_url=ORIGIN, headers=headers)


@pytest.fixture
def unrouted(house, monkeypatch):
    """The same installation, whose views would fail."""
    for name in list(house.ground.app.view_functions):
        monkeypatch.setitem(house.ground.app.view_functions, name, None)
    return house


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_needs_no_view(unrouted, path):
    response = ask(unrouted, path)
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert response.get_json()
    assert int(response.headers["Content-Length"]) == len(response.data)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_it_carries_the_headers_of_every_answer_and_may_be_read_anywhere(unrouted, path):
    headers = ask(unrouted, path).headers
    own = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
    for name, value in {**COMMON, **own, "Cache-Control": "public, max-age=300"}.items():
        assert headers.getlist(name) == [value]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_head_is_get_without_the_body(unrouted, path):
    got, head = ask(unrouted, path), ask(unrouted, path, "HEAD")
    assert head.status_code == 200
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_it_already_is_told_so(unrouted, path):
    tag = ask(unrouted, path).headers["ETag"]
    same = ask(unrouted, path, **{"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["ETag"] == tag
    assert same.headers["Cache-Control"] == "public, max-age=300"
    assert ask(unrouted, path, **{"If-None-Match": '"other"'}).status_code == 200


def test_new_keys_have_a_new_tag(ground):
    client = ground.app.test_client()
    before = client.get("/jwks", base_url=ORIGIN)
    ground.provider.rotate(ahead=60)
    ground.clock.now += 3
    after = client.get("/jwks", base_url=ORIGIN, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert len(after.get_json()["keys"]) > len(before.get_json()["keys"])


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused_as_everywhere(house, path, method):
    response = ask(house, path, method)
    assert response.status_code == 405
    assert response.headers["Allow"]


def test_H_05_another_host_is_refused_as_everywhere(house):
    assert house.ground.app.test_client().get("/jwks", base_url="http://evil.example").status_code == 400


def test_at_another_port_of_our_host_the_view_answers_alike(house):
    elsewhere = house.ground.app.test_client().get("/jwks", base_url="http://localhost:1234")
    here = ask(house, "/jwks")
    assert elsewhere.data == here.data
    assert sorted(elsewhere.headers) == sorted(here.headers)


def test_Y_06_keys_that_cannot_be_read_are_a_fault_like_any_other(house, monkeypatch):
    def gone(_look):
        raise RuntimeError("SELECT private FROM signing_keys")

    monkeypatch.setitem(house.ground.app.config, "PROPAGATE_EXCEPTIONS", value=False)
    monkeypatch.setattr(house.ground.provider.ring, "read", gone)
    monkeypatch.setattr(house.ground.provider.ring, "periods", ())
    response = ask(house, "/jwks")
    assert response.status_code == 500
    assert response.get_json()["error"] == "server_error"
    assert "SELECT" not in response.text
