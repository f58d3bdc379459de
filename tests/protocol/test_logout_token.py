"""OpenID Connect Back-Channel Logout 1.0 §2.4: what a logout token says, and what it never says."""

from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.logout_token import SessionEnd, logout_token_claims

ENDED = SessionEnd(event_id="event-1", client_id="gov24", subject="person", session="session")


def test_L_06_the_claims_are_exactly_these():
    assert logout_token_claims(ENDED, issuer="https://id.example", now=1_800_000_000) == {
        "iss": "https://id.example",
        "aud": "gov24",
        "iat": 1_800_000_000,
        "exp": 1_800_000_120,
        "jti": "event-1",
        "sub": "person",
        "sid": "session",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }


@given(st.integers(0, 2**40))
def test_L_03_it_lives_two_minutes_from_whenever_it_is_made(now):
    claims = logout_token_claims(ENDED, issuer="https://id.example", now=now)
    assert claims["exp"] - claims["iat"] == 120
    assert claims["iat"] == now
