"""RFC 8628 §6.1: user codes that cannot be guessed, and that are read however somebody types them."""

import math
import os
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.client import MOBILE_ID_ACR, Client
from idp.protocol.device_flow import (
    ALPHABET,
    CODE_LENGTH,
    DEVICE_CODE_GRANT,
    DeviceKind,
    device_kind,
    may_use,
    new_user_code,
    read_user_code,
    readable,
)

CODES = st.text(alphabet=ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH)


def test_D_04_a_code_has_more_than_thirty_four_bits():
    assert CODE_LENGTH * math.log2(len(set(ALPHABET))) > 34
    assert not set(ALPHABET) & set("AEIOUY0123456789")


def test_D_04_every_letter_is_as_likely_as_the_others():
    drawn = Counter("".join(new_user_code(os.urandom) for _ in range(5000)))
    assert set(drawn) == set(ALPHABET)
    expected = 5000 * CODE_LENGTH / len(ALPHABET)
    assert all(abs(count - expected) < 6 * math.sqrt(expected) for count in drawn.values())


def test_D_04_bytes_that_would_favour_letters_are_thrown_away():
    source = iter([bytes([255] * 8), bytes([240] * 8), bytes(range(8))])
    assert new_user_code(lambda _size: next(source)) == ALPHABET[:8]


@given(CODES)
def test_what_is_shown_is_read(code):
    assert read_user_code(readable(code)) == code
    assert readable(code)[4] == "-"


@pytest.mark.parametrize(
    "typed",
    [
        "BCDF-GHJK",
        "bcdfghjk",
        " bcdf ghjk ",
        "BCDF\u2013GHJK",
        "B C D F G H J K",
        "ＢＣＤＦ－ＧＨＪＫ",
        "bcdf\u3000ghjk",
        "bcdf-\tghjk",
    ],
)
def test_a_code_is_read_however_it_is_typed(typed):
    assert read_user_code(typed) == "BCDFGHJK"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "BCDFGHJ",
        "BCDFGHJKL",
        "BCDFGHJA",
        "BCDFGHJ1",
        "BCDF_GHJK",
        "ㅂㅊㄷㄹㅎㅎㅈㅋ",
        "BCDFGHJ\x00",
        "\u0412" * 8,
        "B" * 10_000,
        "'OR 1=1--",
    ],
)
def test_what_cannot_be_a_code_is_none(typed):
    assert read_user_code(typed) is None


@given(st.text(max_size=60))
def test_reading_never_fails(typed):
    code = read_user_code(typed)
    assert code is None or (len(code) == CODE_LENGTH and set(code) <= set(ALPHABET))


@pytest.mark.parametrize(
    ("user_agent", "kind"),
    [
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9)", DeviceKind.ANDROID),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", DeviceKind.IPHONE),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", DeviceKind.WINDOWS),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", DeviceKind.MAC),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0)", DeviceKind.TELEVISION),
        ("curl/8.0 (x86_64-pc-linux-gnu)", DeviceKind.LINUX),
        ("Your bank says: press yes", DeviceKind.UNKNOWN),
        ("", DeviceKind.UNKNOWN),
        ("x" * 100_000 + "android", DeviceKind.UNKNOWN),
    ],
)
def test_D_01_a_device_is_described_in_our_words_only(user_agent, kind):
    assert device_kind(user_agent) is kind


CLIENT = Client(id="tv", names={}, redirect_uris=(), grant_types=frozenset({"authorization_code", DEVICE_CODE_GRANT}))


@pytest.mark.parametrize(
    ("client", "may"),
    [
        (CLIENT, True),
        (replace(CLIENT, enabled=False), False),
        (replace(CLIENT, grant_types=frozenset({"authorization_code"})), False),
        (replace(CLIENT, minimum_acr="top"), False),
    ],
)
def test_D_01_the_flow_is_off_unless_registered_and_never_for_the_highest_level(client, may):
    assert may_use(client, "top") is may
    assert not may_use(CLIENT, MOBILE_ID_ACR)
