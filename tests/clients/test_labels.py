"""How claims read on a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.relying_party.labels import korean_time, readable, rows
from tests.clients.fake_provider import NOW


@pytest.mark.parametrize(
    ("name", "value", "korean", "english"),
    [
        ("name", "홍길동", "홍길동", "홍길동"),
        ("gender", "female", "여성", "Female"),
        ("gender", "other", "other", "other"),
        ("phone_number_verified", True, "예", "Yes"),
        ("email_verified", False, "아니요", "No"),
        ("address", {"formatted": "A\nB", "country": "DE"}, "A\nB", "A\nB"),
        ("gender", {"a": 1}, "a: 1", "a: 1"),
        (
            "address",
            {"country": "DE", "locality": "Berlin"},
            "국가: 독일\n도시: Berlin",
            "Country: Germany\nCity: Berlin",
        ),
        ("overseas_registration", {"status": "current"}, "상태: 등록되어 있음", "Status: Registered"),
        ("residence_country", "US", "미국", "United States"),
        ("residence_country", "XX", "XX", "XX"),
        ("residence_country", 5, "5", "5"),
        ("locale", "ko-KR", "한국어", "Korean"),
        ("anything", ["a", 1], "a, 1", "a, 1"),
        ("updated_at", NOW, "2027-01-15 17:00:00 KST", "2027-01-15 17:00:00 KST"),
    ],
)
def test_a_value_reads_as_a_person_reads(name, value, korean, english):
    assert readable(name, value, "ko") == korean
    assert readable(name, value, "en") == english


def test_rows_follow_the_known_order_and_keep_what_is_new():
    found = rows({"new_claim": 1, "email": "a@example.org", "sub": "s"}, "en")
    assert [name for name, _, _ in found] == ["sub", "email", "new_claim"]
    assert found[1] == ("email", "E-mail", "a@example.org")
    assert found[2] == ("new_claim", "new_claim", "1")


@given(st.integers())
def test_no_number_breaks_the_time(seconds):
    assert korean_time(seconds)
