"""A reload asks for the very same again."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.protocol.authorization_request import parse
from idp.protocol.authorization_url import authorization_url
from tests.protocol.examples import ADDRESS, GOV24, SCOPES, asked


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nonce": None, "max_age": "0", "prompt": "login consent"},
        {
            "login_hint": "홍 & co=1",
            "id_token_hint": "a.b.c",
            "ui_locales": "ko en",
            "acr_values": "x y",
            "display": "touch",
        },
        {"claims": '{"userinfo": {"name": null}}'},
    ],
)
def test_the_address_is_parsed_back_to_the_same_request(changes):
    request = asked(**changes)
    address = urlsplit(authorization_url(request))
    assert (address.scheme, address.netloc, address.path) == ("", "", "/authorize")
    assert parse(dict(parse_qsl(address.query, strict_parsing=True)), GOV24, ADDRESS, SCOPES) == request


def test_a_request_without_challenge_says_no_method():
    from dataclasses import replace

    request = replace(asked(), code_challenge=None)
    assert "code_challenge" not in authorization_url(request)
