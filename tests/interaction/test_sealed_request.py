"""The request that travels through a page: nobody reads, changes or borrows it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.interaction.sealed_request import (
    LIFETIME_SECONDS,
    MAX_LENGTH,
    SealBroken,
    SealedRequest,
    request_from_dict,
    request_to_dict,
    seal,
    unseal,
)
from idp.keys.sealing import Sealer
from idp.keys.secrets import MasterSecrets, Purpose
from tests.keys.examples import SECRETS, counting_bytes
from tests.protocol.examples import NOW, TEXT, asked

BROWSER = b"browser"
SEALER = Sealer(SECRETS, Purpose.PAGE, counting_bytes())
FULL = asked(
    prompt="login consent",
    max_age="0",
    acr_values="a b",
    login_hint="홍길동",
    id_token_hint="a.b.c",
    ui_locales="ko en",
    claims='{"userinfo":{"name":null}}',
    display="popup",
)
TRAVELLING = SealedRequest(FULL, NOW, b"c" * 32, UUID(int=7), "notice.step_up")


def test_what_was_sealed_comes_back_whole():
    assert unseal(seal(TRAVELLING, BROWSER, SEALER), BROWSER, SEALER) == TRAVELLING


def test_a_request_of_defaults_comes_back_whole():
    bare = SealedRequest(asked(state=None, nonce=None, scope="openid"), NOW, b"", UUID(int=8))
    assert unseal(seal(bare, BROWSER, SEALER), BROWSER, SEALER) == bare


def test_the_field_hides_what_it_carries():
    raw = urlsafe_b64decode(seal(TRAVELLING, BROWSER, SEALER))
    assert b"gov24" not in raw
    assert seal(TRAVELLING, BROWSER, SEALER) != seal(TRAVELLING, BROWSER, SEALER)


def other_secret():
    return Sealer(MasterSecrets({1: bytes(range(100, 132))}), Purpose.PAGE, counting_bytes())


@pytest.mark.parametrize(
    ("browser", "sealer"),
    [
        pytest.param(b"other", SEALER, id="another browser"),
        pytest.param(b"", SEALER, id="no browser"),
        pytest.param(BROWSER, other_secret(), id="another secret"),
        pytest.param(BROWSER, Sealer(SECRETS, Purpose.RECORD, counting_bytes()), id="another purpose"),
    ],
)
def test_CS_01_a_field_of_another_browser_or_key_does_not_open(browser, sealer):
    with pytest.raises(SealBroken):
        unseal(seal(TRAVELLING, BROWSER, SEALER), browser, sealer)


@pytest.mark.parametrize(
    "text", [None, "", "x", "AAAA", "!" * 80, "é", "A" * (MAX_LENGTH + 1), "A" * MAX_LENGTH, "AAA"]
)
def test_what_is_no_field_of_ours_is_refused(text):
    with pytest.raises(SealBroken):
        unseal(text, BROWSER, SEALER)


@given(st.integers(0, 10**4), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(place, change):
    raw = bytearray(urlsafe_b64decode(seal(TRAVELLING, BROWSER, SEALER)))
    raw[place % len(raw)] ^= change
    with pytest.raises(SealBroken):
        unseal(urlsafe_b64encode(bytes(raw)).decode(), BROWSER, SEALER)


@pytest.mark.parametrize(
    "document",
    [
        *({}, [], 5, None, {"r": {}, "t": NOW, "c": "", "w": ""}, {"r": [], "t": NOW, "c": "", "w": ""}),
        *({"r": request_to_dict(FULL), "t": NOW, "c": challenge, "w": ""} for challenge in (5, "xyz")),
    ],
)
def test_a_page_sealed_by_another_release_starts_anew_instead_of_failing(document):
    sealed = SEALER.seal(json.dumps(document).encode(), b"authorization-request:" + BROWSER)
    with pytest.raises(SealBroken):
        unseal(urlsafe_b64encode(sealed).decode(), BROWSER, SEALER)


@given(TEXT)
def test_any_text_is_refused_by_type(text):
    with pytest.raises(SealBroken):
        unseal(text, BROWSER, SEALER)


@pytest.mark.parametrize(("after", "over"), [(0, False), (LIFETIME_SECONDS - 1, False), (LIFETIME_SECONDS, True)])
def test_a_page_that_lay_open_an_hour_is_over(after, over):
    assert TRAVELLING.is_over(NOW + after) is over


@given(TEXT, TEXT, st.none() | st.integers(0, 10**7), st.frozensets(st.sampled_from(["login", "consent"])))
def test_any_request_survives_json(nonce, hint, max_age, prompts):
    request = replace(FULL, nonce=nonce or None, login_hint=hint or None, max_age=max_age, prompts=prompts)
    assert request_from_dict(json.loads(json.dumps(request_to_dict(request)))) == request
