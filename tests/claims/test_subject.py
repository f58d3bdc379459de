"""OpenID Connect Core 1.0 §8.1: who a person is to whom."""

from dataclasses import replace
from uuid import UUID

import pytest

from idp.claims.subject import session_for, subject_for
from idp.keys.fingerprints import Fingerprints
from idp.keys.secrets import Purpose
from tests.keys.examples import ROTATED, SECRETS
from tests.protocol.examples import GOV24

ME, YOU = UUID(int=1), UUID(int=2)
SUBJECTS = Fingerprints(SECRETS, Purpose.SUBJECT, lasting=True)
SESSIONS = Fingerprints(SECRETS, Purpose.SESSION_ID, lasting=True)
SISTER = replace(GOV24, id="sister")
ABROAD = replace(GOV24, id="abroad", sector="abroad.go.kr")
PUBLIC = replace(GOV24, id="public", subject_type="public")
ALONE = replace(GOV24, id="alone", sector="")


def test_equal_within_a_sector_and_different_across():
    assert subject_for(GOV24, ME, SUBJECTS) == subject_for(SISTER, ME, SUBJECTS)
    assert subject_for(GOV24, ME, SUBJECTS) != subject_for(ABROAD, ME, SUBJECTS)
    assert subject_for(GOV24, ME, SUBJECTS) != subject_for(GOV24, YOU, SUBJECTS)


def test_public_is_equal_everywhere_and_equal_to_no_pairwise_one():
    other = replace(PUBLIC, id="other", sector="other.go.kr")
    assert subject_for(PUBLIC, ME, SUBJECTS) == subject_for(other, ME, SUBJECTS)
    assert subject_for(PUBLIC, ME, SUBJECTS) != subject_for(replace(GOV24, sector="public"), ME, SUBJECTS)


def test_a_client_without_sector_is_a_sector_of_its_own():
    assert subject_for(ALONE, ME, SUBJECTS) == subject_for(replace(GOV24, sector="alone"), ME, SUBJECTS)
    assert subject_for(ALONE, ME, SUBJECTS) != subject_for(replace(ALONE, id="alone2"), ME, SUBJECTS)


def test_a_subject_stays_when_the_secret_is_replaced():
    assert subject_for(GOV24, ME, Fingerprints(ROTATED, Purpose.SUBJECT, lasting=True)) == subject_for(
        GOV24, ME, SUBJECTS
    )


def test_two_clients_cannot_match_their_visitors_by_session_even_within_a_sector():
    assert session_for(GOV24, ME, SESSIONS) != session_for(SISTER, ME, SESSIONS)
    assert session_for(GOV24, ME, SESSIONS) == session_for(GOV24, ME, SESSIONS)


@pytest.mark.parametrize(
    "made", [subject_for(GOV24, ME, SUBJECTS), subject_for(PUBLIC, ME, SUBJECTS), session_for(GOV24, ME, SESSIONS)]
)
def test_an_identifier_is_43_characters_of_base64url(made):
    assert len(made) == 43  # `sub` may have 255 ASCII characters (§2)
    assert made.replace("-", "").replace("_", "").isalnum()
    assert made.isascii()
