"""Which origins are those of public clients' pages (RFC 9700 §2.6; abuse case X-06)."""

from dataclasses import replace

import pytest

from idp.protocol.client import Client
from idp.protocol.cross_origin import origin, origins_of

SPA = Client(
    id="spa",
    names={},
    redirect_uris=("https://spa.example/callback", "https://other.example:8443/x?y=z"),
    token_endpoint_auth_method="none",
)


def test_the_pages_of_a_public_client_are_where_it_is_sent_back_to():
    assert origins_of([SPA]) == {"https://spa.example", "https://other.example:8443"}


@pytest.mark.parametrize(
    "other",
    [
        replace(SPA, token_endpoint_auth_method="client_secret_basic"),
        replace(SPA, token_endpoint_auth_method="private_key_jwt"),
        replace(SPA, enabled=False),
        replace(SPA, application_type="native", redirect_uris=("http://127.0.0.1/callback",)),
    ],
    ids=["secret", "keys", "disabled", "native"],
)
def test_X_06_nobody_else_has_pages_that_may_read(other):
    assert origins_of([other]) == frozenset()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://a.example/b", "https://a.example"),
        ("https://a.example:443/b", "https://a.example"),
        ("https://a.example:8443/b", "https://a.example:8443"),
        ("http://localhost:80/b", "http://localhost"),
        ("http://[::1]:9001/b", "http://[::1]:9001"),
        ("https://a.example:80/b", "https://a.example:80"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(uri, expected):
    assert origin(uri) == expected
