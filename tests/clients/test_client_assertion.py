"""RFC 7523 §3: what a service signs to prove itself."""

from joserfc import jwt
from joserfc.jwk import ECKey

from clients.relying_party.client_assertion import client_assertion, client_authentication

KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


def test_an_assertion_is_for_the_issuer_alone_and_lives_a_minute():
    raw = client_assertion("c", "https://id.example", KEY, now=1000, random_bytes=lambda count: b"\x01" * count)
    token = jwt.decode(raw, KEY, algorithms=["ES256"])
    assert token.header == {"typ": "JWT", "alg": "ES256", "kid": KEY.kid}
    assert token.claims == {
        "iss": "c",
        "sub": "c",
        "aud": "https://id.example",
        "jti": "01" * 16,
        "iat": 1000,
        "exp": 1060,
    }


def test_it_joins_the_token_request_and_leaves_the_rest_as_it_is():
    authenticate = client_authentication(lambda: "signed")
    headers = {"Accept": "application/json"}
    uri, sent, body = authenticate(object(), "POST", "https://id.example/token", headers, "code=c")
    assert (uri, sent) == ("https://id.example/token", {"Accept": "application/json"})
    assert body == (
        "code=c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        "&client_assertion=signed"
    )
