"""The life of a registration: ids, secrets, changes (abuse cases N-04 and T-04)."""

import hashlib
import re

import pytest

from idp.registration.errors import BrokenRule
from idp.registration.metadata import check_metadata
from idp.registration.register import (
    change,
    check_client_id,
    difference,
    information,
    new_client_id,
    register,
    rotate_secret,
    with_status,
)
from tests.registration.examples import EC, GOV24, NOW, PRODUCTION, counting_bytes, with_keys


def registered(given=GOV24, **more):
    return register(check_metadata(given | more, PRODUCTION), now=NOW, random_bytes=counting_bytes(), client_id="gov24")


def changed(before, given, now=NOW + 60):
    return change(before, check_metadata(given, PRODUCTION), now=now, random_bytes=counting_bytes())


@pytest.mark.parametrize(
    "client_id",
    [
        "Gov24",
        "GOV24",
        "gov24 ",
        " gov24",
        "gov24\u00a0",
        "gov24\n",
        "gov24\x00",
        "gоv24",  # a Cyrillic letter is the point
        "ｇov24",  # a full-width letter is the point
        "정부24",
        "gov/24",
        "-gov24",
        "gov24-",
        "..",
        "g" * 65,
        "",
    ],
)
def test_N_04_an_id_that_could_be_mistaken_for_another_is_refused(client_id):
    with pytest.raises(BrokenRule, match="client id must be"):
        check_client_id(client_id)


def test_N_04_random_ids_have_one_case_and_128_bits():
    made = {new_client_id(source) for source in [counting_bytes()] for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"[a-z2-7]{26}", client_id) for client_id in made)
    assert all(check_client_id(client_id) == client_id for client_id in made)


def test_only_the_digest_of_a_random_secret_is_kept():
    outcome = registered()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", outcome.secret)
    assert outcome.registration.secret_digest == hashlib.sha256(outcome.secret.encode()).digest()
    assert outcome.secret not in repr(outcome.registration)


@pytest.mark.parametrize(
    ("given", "has_secret"),
    [
        (GOV24, True),
        (GOV24 | {"token_endpoint_auth_method": "client_secret_post"}, True),
        (GOV24 | {"token_endpoint_auth_method": "none"}, False),
        (with_keys(EC), False),
    ],
)
def test_a_secret_exists_only_where_the_method_uses_one(given, has_secret):
    outcome = registered(given)
    assert (outcome.secret is not None) is has_secret
    assert (outcome.registration.secret_digest is not None) is has_secret


def test_the_answer_has_the_form_of_rfc_7591():
    outcome = registered()
    answer = information(outcome.registration, outcome.secret)
    assert answer["client_id"] == "gov24"
    assert answer["client_secret"] == outcome.secret
    assert answer["client_secret_expires_at"] == 0
    assert answer["client_id_issued_at"] == NOW
    assert answer["token_endpoint_auth_method"] == "client_secret_basic"
    assert not {"client_secret", "secret_digest"} & information(outcome.registration).keys()


def test_the_same_metadata_changes_nothing():
    before = registered().registration
    assert changed(before, dict(reversed(GOV24.items()))).registration is before


def test_a_change_keeps_id_secret_and_status_and_says_what_differs():
    before = with_status(registered().registration, "disabled", now=NOW + 1)
    outcome = changed(before, GOV24 | {"scope": "openid"})
    after = outcome.registration
    assert outcome.diff == {"scope": ["openid profile phone", "openid"]}
    assert outcome.secret is None
    assert (after.client_id, after.secret_digest, after.status) == ("gov24", before.secret_digest, "disabled")
    assert after.version > before.version
    assert (after.created_at, after.updated_at) == (NOW, NOW + 60)


def test_T_04_moving_to_keys_forgets_the_secret_and_moving_back_makes_another():
    first = registered()
    with_key = changed(first.registration, with_keys(EC))
    assert with_key.registration.secret_digest is None
    assert with_key.secret is None
    back = change(with_key.registration, first.registration.metadata, now=NOW, random_bytes=lambda size: b"\xff" * size)
    assert back.secret not in {None, first.secret}
    assert back.registration.secret_digest not in {None, first.registration.secret_digest}


def test_a_rotated_secret_replaces_the_old_one():
    before = registered().registration
    outcome = rotate_secret(before, now=NOW, random_bytes=lambda size: b"\xff" * size)
    assert outcome.registration.secret_digest == hashlib.sha256(outcome.secret.encode()).digest()
    assert outcome.registration.secret_digest != before.secret_digest
    assert outcome.registration.metadata == before.metadata


def test_a_client_without_secret_has_none_to_rotate():
    with pytest.raises(BrokenRule, match="without a secret"):
        rotate_secret(registered(with_keys(EC)).registration, now=NOW, random_bytes=counting_bytes())


def test_versions_rise_even_within_one_second_and_after_a_return():
    first = registered().registration
    second = with_status(first, "disabled", now=NOW)
    third = with_status(second, "enabled", now=NOW)
    assert first.version < second.version < third.version
    returned = register(first.metadata, now=NOW + 10, random_bytes=counting_bytes(), client_id="gov24").registration
    assert returned.version > third.version
    assert with_status(third, "enabled", now=NOW + 9) is third


def test_a_difference_names_what_came_and_went():
    assert difference({"a": 1, "b": 2}, {"b": 3, "c": 4}) == {"a": [1, None], "b": [2, 3], "c": [None, 4]}
