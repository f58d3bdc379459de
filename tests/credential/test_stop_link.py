"""The link that stops: made for one credential of one person, unguessable, and read in one spelling."""

import os
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.credential.stop_link import LENGTH, read_stop_secret, stop_secret
from idp.keys.fingerprints import Fingerprints
from idp.keys.secrets import Purpose, new_secret_line, parse_secrets


def keyed():
    return Fingerprints(parse_secrets(new_secret_line(1, os.urandom)), Purpose.STOP_LINK, lasting=True)


def test_a_link_is_of_its_credential_alone():
    person, credential, ours = uuid4(), uuid4(), keyed()
    link = read_stop_secret(f"https://id.example/lost#{stop_secret(person, credential, ours)}")
    assert link.person == person
    assert link.is_of(credential, ours)
    assert not link.is_of(uuid4(), ours)  # a newer credential
    assert not link.is_of(credential, keyed())  # somebody else's key


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1], lambda s: s + "A", lambda s: "*" + s[1:], lambda _: "", str.lower]
)
def test_what_is_spelt_otherwise_is_no_link(change):
    person, credential, ours = uuid4(), uuid4(), keyed()
    link = read_stop_secret(change(stop_secret(person, credential, ours)))
    assert link is None or not link.is_of(credential, ours)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_refused(text):
    link = read_stop_secret(text)
    assert link is None or len(text.rsplit("#", 1)[-1].strip()) == LENGTH
