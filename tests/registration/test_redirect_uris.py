"""Abuse cases R-05 and R-08: what may never become a registered redirection URI."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.errors import InvalidRedirectUri
from idp.registration.errors import BrokenRule, RegistrationRefused
from idp.registration.hosts import check_host
from idp.registration.metadata import check_metadata
from idp.registration.uris import parse_uri
from tests.registration.examples import DEVELOPMENT, GOV24, PRODUCTION, outcome_of, without


def with_redirect(*uris, **more):
    return without(GOV24, "post_logout_redirect_uris") | {"redirect_uris": list(uris)} | more


NATIVE = {"application_type": "native", "token_endpoint_auth_method": "none", "sector": "app.gov24.example"}


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://rp.go.kr@evil.test/cb", "user information"),
        ("https://a@b@evil.test/", "user information"),
        ("https://rp.go.kr:x@evil.test/cb", "user information"),
        ("https://@evil.test/cb", "user information"),
    ],
)
def test_R_05_user_information_is_refused_at_registration(uri, why):
    with pytest.raises(InvalidRedirectUri, match=why):
        check_metadata(with_redirect(uri), DEVELOPMENT)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://rp.go.kr/cb#part", "no fragment"),
        ("https://rp.go.kr/cb#", "no fragment"),
        ("javascript:alert(1)", "absolute https"),
        ("JavaScript://rp.go.kr/%0aalert(1)", "absolute https"),
        ("data:text/html,hello", "absolute https"),
        ("file:///etc/passwd", "absolute https"),
        ("kr.go.app:/cb", "absolute https"),
        ("HTTPS://rp.go.kr/cb", "absolute https"),
        ("//rp.go.kr/cb", "absolute https"),
        ("/cb", "absolute https"),
        ("https:/rp.go.kr/cb", "absolute https"),
        ("https:///cb", "absolute https"),
        ("", "1 to 2000"),
        ("https://rp.go.kr/" + "a" * 2000, "1 to 2000"),
        ("http://rp.go.kr/cb", "must be https"),
        ("http://127.0.0.1.nip.io/cb", "must be https"),
        ("http://localhost.evil.test/cb", "must be https"),
        ("https://rp.go.kr/c b", "URI characters"),
        (" https://rp.go.kr/cb", "URI characters"),
        ("https://rp.go.kr/cb\r\nSet-Cookie:a=b", "URI characters"),
        ("https://rp.go.kr/cb\n", "URI characters"),
        ("https://rp.go.kr/cb\x00", "URI characters"),
        ("https://rp.go.kr\\@evil.test/cb", "URI characters"),
        ("https://rp.go.kr/%zz", "URI characters"),
        ("https://rp.go.kr/%", "URI characters"),
        ("https://rp.go.kr/외교부", "URI characters"),
        ("https://gоv.kr/cb", "URI characters"),  # a Cyrillic letter is the point
        ("https://xn--gv-emc.kr/cb", "another script"),  # the same with its Cyrillic letter encoded
        ("https://xn--80ak6aa92e.com/cb", "another script"),  # wholly Cyrillic, reads like Latin
        ("https://xn--/cb", "DNS name"),
        ("https://xn--a/cb", "xn-- label"),
        ("https://xn--99999999999/cb", "xn-- label"),
        ("https://ab--cd.kr/cb", "DNS name"),
        ("https://*.go.kr/cb", "wildcard"),
        ("https://rp.go.kr/*", "wildcard"),
        ("https://rp.go.kr/cb?x=*", "wildcard"),
        ("https://RP.go.kr/cb", "lower case"),
        ("https://rp.go.kr./cb", "DNS name"),
        ("https://rp..go.kr/cb", "DNS name"),
        ("https://-rp.go.kr/cb", "DNS name"),
        ("https://rp_1.go.kr/cb", "DNS name"),
        ("https://" + "a" * 64 + ".kr/cb", "DNS name"),
        ("https://" + "a." * 127 + "kr/cb", "DNS name"),
        ("https://10.0.0.1/cb", "not an IP address"),
        ("https://2130706433/cb", "not an IP address"),
        ("https://0x7f.1/cb", "not an IP address"),
        ("https://127.0x1/cb", "not an IP address"),
        ("https://[fd00::1]/cb", "DNS name"),
        ("https://[::1/cb", "host"),
        ("https://rp.go.kr:/cb", "port"),
        ("https://rp.go.kr:0/cb", "port"),
        ("https://rp.go.kr:65536/cb", "port"),
        ("https://rp.go.kr:0443/cb", "port"),
        ("https://rp.go.kr:１/cb", "URI characters"),  # a full-width digit is the point
        ("https://rp.go.kr/./cb", "segment"),
        ("https://rp.go.kr/a/../cb", "segment"),
        ("https://rp.go.kr/%2E%2e/cb", "segment"),
        ("https://rp.go.kr/..", "segment"),
        ("https://rp.go.kr/cb?code=1", "authorization response"),
        ("https://rp.go.kr/cb?st%61te=1", "authorization response"),
        (7, "must be a text"),
        (["https://rp.go.kr/cb"], "must be a text"),
    ],
)
def test_R_08_refused_at_registration(uri, why):
    with pytest.raises(InvalidRedirectUri, match=why) as refused:
        check_metadata(with_redirect(uri), PRODUCTION)
    assert refused.value.code == "invalid_redirect_uri"
    assert refused.value.problems[0].startswith("redirect_uris[0]: ")


@pytest.mark.parametrize(
    "uris", [None, [], "https://rp.go.kr/cb", {}, ["https://a.kr/"] * 2, [f"https://a.kr/{i}" for i in range(21)]]
)
def test_R_08_the_list_is_required_bounded_and_without_repetition(uris):
    with pytest.raises(InvalidRedirectUri):
        check_metadata(GOV24 | {"redirect_uris": uris}, PRODUCTION)


@pytest.mark.parametrize(
    "uri",
    [
        "https://rp.go.kr",
        "https://rp.go.kr/",
        "https://rp.go.kr:8443/a/b.c/d%20e?dummy1=lorem&dummy2=ipsum",
        "https://xn--24-zs7iu31g.kr/cb",  # 정부24
        "https://localhost:8443/cb",
    ],
)
def test_accepted_and_kept_character_by_character(uri):
    assert check_metadata(with_redirect(uri), PRODUCTION)["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    ("uri", "offer", "more", "accepted"),
    [
        ("http://localhost:9001/callback", DEVELOPMENT, {}, True),
        ("http://127.0.0.1/callback", DEVELOPMENT, {}, True),
        ("http://[::1]:9001/callback", DEVELOPMENT, {}, True),
        ("http://rp.go.kr/callback", DEVELOPMENT, {}, False),
        ("http://localhost/callback", PRODUCTION, {}, False),
        ("http://127.0.0.1/callback", PRODUCTION, {}, False),
        ("http://127.0.0.1/callback", PRODUCTION, NATIVE, True),
        ("http://[::1]/callback", PRODUCTION, NATIVE, True),
        ("http://localhost/callback", PRODUCTION, NATIVE, False),  # RFC 8252 §8.3
        ("http://127.0.0.2/callback", PRODUCTION, NATIVE, False),
        ("https://rp.go.kr/claimed", PRODUCTION, NATIVE, True),
    ],
)
def test_R_08_http_is_for_loopback_only(uri, offer, more, accepted):
    metadata = with_redirect(uri, **more)
    if accepted:
        assert check_metadata(metadata, offer)["redirect_uris"] == [uri]
        return
    with pytest.raises(InvalidRedirectUri):
        check_metadata(metadata, offer)


@pytest.mark.parametrize("uri", ["http://rp.go.kr/out", "https://rp.go.kr/out#x", "https://a@rp.go.kr/out", 1])
def test_R_08_the_same_rules_hold_after_logout(uri):
    with pytest.raises(RegistrationRefused, match=r"post_logout_redirect_uris\[0\]"):
        check_metadata(GOV24 | {"post_logout_redirect_uris": [uri]}, PRODUCTION)


ADDRESS_LIKE = st.text(st.sampled_from("htps:/@#?%.*[]\\ x-n1\n가а"), max_size=40).map("https://".__add__)


@given(st.one_of(st.text(), ADDRESS_LIKE, st.none(), st.integers(), st.lists(st.text())))
def test_any_uri_is_accepted_as_it_is_or_refused_by_name(uri):
    result = outcome_of(with_redirect(uri))
    if isinstance(result, InvalidRedirectUri):
        assert result.description.isascii()
        assert not set('"\\') & set(result.description)
        return
    assert result["redirect_uris"] == [uri]
    assert uri.startswith("https://")
    assert parse_uri(uri).host in uri


@given(st.from_regex(r"\Axn--[a-z0-9-]{0,20}\Z"))
def test_R_08_an_internationalised_label_is_hangul_or_refused(label):
    try:
        check_host(f"{label}.kr")
    except BrokenRule:
        return
    name = label.encode().decode("idna")
    assert any("가" <= c <= "힣" for c in name)
    assert all(c.isascii() or "가" <= c <= "힣" for c in name)
