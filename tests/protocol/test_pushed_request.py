"""The request_uri and what may be pushed (RFC 9126 §2.1, §2.2)."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.keys.handles import new_handle
from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest, UnauthorizedClient
from idp.protocol.pushed_request import PREFIX, pushed_parameters, read_request_uri, request_uri_of

CLIENT = Client(id="rp", names={}, redirect_uris=("https://rp.example/cb",))
PUBLIC = Client(id="app", names={}, redirect_uris=("http://127.0.0.1/cb",), token_endpoint_auth_method="none")
HANDLE = new_handle(UUID(int=7), lambda size: bytes(range(size)))


def test_a_request_uri_leads_to_its_row_and_nothing_else():
    found = read_request_uri(request_uri_of(HANDLE))
    assert (found.id, found.digest) == (HANDLE.id, HANDLE.digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        PREFIX,
        HANDLE.text,
        PREFIX + HANDLE.text[:-1],
        PREFIX + HANDLE.text + "=",
        PREFIX.upper() + HANDLE.text,
        PREFIX + PREFIX + HANDLE.text,
        "https://rp.example/request.jwt",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_what_is_no_request_uri_of_ours(text):
    assert read_request_uri(text) is None


@given(st.text())
def test_whatever_is_sent_is_no_request_uri(text):
    assert read_request_uri(text) is None
    assert read_request_uri(PREFIX + text) is None


def test_the_credential_is_no_part_of_the_request():
    form = {"client_secret": "s", "client_assertion": "a", "client_assertion_type": "t", "scope": "openid"}
    assert pushed_parameters(form, CLIENT) == {"client_id": "rp", "scope": "openid"}


def test_Q_04_a_request_uri_is_not_pushed():
    with pytest.raises(InvalidRequest, match="request_uri"):
        pushed_parameters({"request_uri": request_uri_of(HANDLE)}, CLIENT)


def test_a_public_client_pushes_nothing():
    with pytest.raises(UnauthorizedClient):
        pushed_parameters({"scope": "openid"}, PUBLIC)
