"""DIVERGENCES.md: every heading is a section of a specification we know, and the choices that must be told are told."""

import re
from pathlib import Path

import pytest

import idp.protocol

ROOM = Path(idp.protocol.__file__).parent
TEXT = (ROOM / "DIVERGENCES.md").read_text("utf-8")
HEADING = re.compile(r"^### (?P<document>.+?) §(?P<section>[0-9]+(?:\.[0-9]+)*)$")
HEADINGS = [line for line in TEXT.splitlines() if line.startswith("### ")]

KNOWN = frozenset(
    {
        *(f"RFC {number}" for number in (6749, 6750, 7009, 7519, 7523, 7636, 7662, 8252, 8414, 8725, 9101, 9207, 9449)),
        *(f"RFC {number}" for number in (7515, 7516, 9068, 9701)),
        *(f"RFC {number}" for number in (7591, 7592, 8032, 8628, 8705, 8707, 9126, 9396, 9700)),
        "OpenID Connect Core 1.0",
        "OpenID Connect Discovery 1.0",
        "OpenID Connect Dynamic Client Registration 1.0",
        "OpenID Connect RP-Initiated Logout 1.0",
        "OAuth 2.0 Multiple Response Type Encoding Practices",
        "JARM",
        "OpenID Connect Front-Channel Logout 1.0",
        "OpenID Connect Back-Channel Logout 1.0",
        "WebAuthn Level 3",
    }
)

TOLD = [
    ("OpenID Connect Core 1.0 §3.1.2.1", "unmet_authentication_requirements"),
    ("OpenID Connect Core 1.0 §3.1.2.1", "303"),
    ("RFC 6749 §3.1.1", "never"),
    ("RFC 7636 §4.4.1", "required of every client"),
    ("RFC 7636 §4.2", "`S256` only"),
    ("RFC 7662 §2.2", "opaque"),
    ("RFC 9101 §5", "nothing is ever fetched"),
    ("RFC 9101 §6.3", "require_signed_request_object"),
    ("RFC 9126 §2", "public client cannot push"),
    ("RFC 9126 §4", "90 seconds"),
    ("RFC 8707 §2", "UserInfo"),
    ("RFC 9396 §6", "never remembered"),
    ("JARM §3", "ES256 is the default"),
    ("RFC 6750 §2.3", "refused"),
    ("RFC 7591 §3", "never open"),
    ("RFC 7592 §3", "replaced by every PUT"),
    ("OpenID Connect Discovery 1.0 §3", "not claimed"),
    ("RFC 7523 §3", "token endpoint"),
    ("RFC 7519 §2", "whole number"),
    ("RFC 6749 §4.1.2.1", "invalid_scope"),
    ("RFC 6749 §4.1.3", "neither uses nor burns"),
    ("RFC 6749 §6", "public client"),
    ("OpenID Connect Core 1.0 §2", "`sid` is pairwise"),
    ("OpenID Connect Core 1.0 §3.1.2.4", "a year"),
    ("OpenID Connect RP-Initiated Logout 1.0 §2", "asked"),
    ("OpenID Connect Front-Channel Logout 1.0 §3", "always sent"),
    ("OpenID Connect Back-Channel Logout 1.0 §2.8", "for a day"),
    ("WebAuthn Level 3 §7.2", "not stored as spent"),
]


def told_under(heading):
    found = re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"no heading {heading}"
    return " ".join(found[1].split())


def test_a_heading_is_a_section_of_a_known_specification():
    for heading in HEADINGS:
        match = HEADING.match(heading)
        assert match, heading
        assert match["document"] in KNOWN, heading
        assert told_under(heading.removeprefix("### ")), heading


def test_each_section_has_one_heading():
    assert len(HEADINGS) == len(set(HEADINGS)) > 30


def test_every_document_that_is_mentioned_is_known():
    assert set(re.findall(r"RFC [0-9]+", TEXT)) - set(KNOWN) == set()


def test_every_file_that_is_named_is_there():
    named = set(re.findall(r"`((?:\.\./)*[a-z_/]+\.py)`", TEXT))
    assert [path for path in named if not (ROOM / path).resolve().is_file()] == []


@pytest.mark.parametrize(("heading", "words"), TOLD)
def test_what_the_code_chooses_is_told(heading, words):
    assert words in told_under(heading)
