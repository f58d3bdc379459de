"""OpenID Connect Core 1.0 §10.1.1: published before use, kept until the last token has expired."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.keys.jose import SIGNING_ALGS
from idp.keys.signing import (
    KEEP_AFTER_SECONDS,
    PUBLISH_AHEAD_SECONDS,
    RSA_BITS,
    KeyPeriod,
    key_set,
    load_key,
    make_key,
    plan_rotation,
    public_jwk,
    signer_of,
)
from idp.protocol.id_token import ID_TOKEN_SECONDS
from tests.protocol.examples import NOW

FIRST = KeyPeriod("first", "ES256", NOW, NOW, None, None)


@pytest.mark.parametrize("alg", SIGNING_ALGS)
def test_a_new_key_is_kept_and_shown_as_it_was_made(alg):
    made = make_key(alg)
    key = load_key(alg, made.private)
    assert key.thumbprint() == made.kid
    shown = public_jwk(key, kid=made.kid, alg=alg)
    assert (shown["kid"], shown["alg"], shown["use"]) == (made.kid, alg, "sig")
    assert made.kid != make_key("Ed25519").kid


@pytest.mark.parametrize("alg", SIGNING_ALGS)
def test_M_04_a_published_key_has_no_private_member(alg):
    shown = public_jwk(load_key(alg, make_key(alg).private), kid="k", alg=alg)
    assert shown.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})


def test_an_rsa_key_has_2048_bits():
    assert load_key("RS256", make_key("RS256").private).private_key.key_size == RSA_BITS == 2048


@pytest.mark.parametrize(
    ("period", "now", "published", "signs"),
    [
        (FIRST, NOW - 1, False, False),
        (FIRST, NOW, True, True),
        (replace(FIRST, signs_from=NOW + 60), NOW + 59, True, False),
        (replace(FIRST, signs_from=NOW + 60), NOW + 60, True, True),
        (replace(FIRST, signs_until=NOW + 60, gone_at=NOW + 90), NOW + 59, True, True),
        (replace(FIRST, signs_until=NOW + 60, gone_at=NOW + 90), NOW + 60, True, False),
        (replace(FIRST, signs_until=NOW + 60, gone_at=NOW + 90), NOW + 89, True, False),
        (replace(FIRST, signs_until=NOW + 60, gone_at=NOW + 90), NOW + 90, False, False),
    ],
)
def test_when_a_key_is_published_and_signs(period, now, published, signs):
    assert (period.is_published(now), period.signs(now)) == (published, signs)


def test_of_several_keys_the_latest_signs_and_only_for_its_algorithm():
    later = replace(FIRST, kid="later", signs_from=NOW + 10)
    assert signer_of([later, FIRST], "ES256", NOW + 9) == FIRST
    assert signer_of([later, FIRST], "ES256", NOW + 10) == later
    assert signer_of([FIRST], "RS256", NOW) is None
    assert signer_of([replace(FIRST, gone_at=NOW)], "ES256", NOW) is None


def test_a_rotation_retires_what_signs_and_what_was_to_sign():
    waiting = replace(FIRST, kid="waiting", signs_from=NOW + 100)
    retired = replace(FIRST, kid="retired", signs_until=NOW, gone_at=NOW + 10)
    rotation = plan_rotation([FIRST, waiting, retired], NOW)
    assert rotation.retiring == ("first", "waiting")
    assert rotation.signs_from == NOW + PUBLISH_AHEAD_SECONDS
    assert rotation.old_gone_at == rotation.signs_from + KEEP_AFTER_SECONDS


def rotated(periods, now, ahead, name):
    """What storage makes of a rotation."""
    plan = plan_rotation(periods, now, ahead=ahead)
    old = [
        replace(p, signs_until=plan.signs_from, gone_at=plan.old_gone_at) if p.kid in plan.retiring else p
        for p in periods
    ]
    return [*old, KeyPeriod(name, "ES256", now, plan.signs_from, None, None)]


@given(
    st.lists(st.tuples(st.integers(0, 3 * 86_400), st.sampled_from([0, 60, 3600, 86_400])), max_size=5),
    st.integers(0, 20 * 86_400),
)
def test_M_01_after_any_rotations_one_key_signs_and_outlives_its_tokens(rotations, later):
    periods, now = [FIRST], NOW
    for number, (pause, ahead) in enumerate(rotations):
        now += pause
        periods = rotated(periods, now, ahead, f"key{number}")
    at = NOW + later
    signer = signer_of(periods, "ES256", at)
    if at >= now:  # before, the later rotations have not been decided yet
        assert signer is not None
        assert signer.is_published(at + ID_TOKEN_SECONDS)


def test_the_key_set_shows_only_published_keys_newest_first():
    periods = [
        FIRST,
        replace(FIRST, kid="rsa", alg="RS256"),
        replace(FIRST, kid="next", signs_from=NOW + 60),
        replace(FIRST, kid="gone", gone_at=NOW),
        replace(FIRST, kid="tomorrow", published_at=NOW + 1),
    ]
    shown = key_set({p.kid: {"kid": p.kid} for p in periods}, periods, NOW)
    assert [key["kid"] for key in shown["keys"]] == ["next", "first", "rsa"]


def test_an_old_key_stays_longer_than_any_id_token():
    assert KEEP_AFTER_SECONDS > ID_TOKEN_SECONDS
