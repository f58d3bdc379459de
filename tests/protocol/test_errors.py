"""RFC 6749 §5.2: registered codes, texts in plain ASCII, detail for the log alone."""

import re

import pytest

from idp.protocol import errors
from idp.protocol.errors import OAuthError
from idp.protocol.parameters import RepeatedParameter
from tests.vectors import oauth_errors

ALL = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, OAuthError)]
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")


def test_the_classes_were_found():
    assert len(ALL) > 20


@pytest.mark.parametrize("error", ALL)
def test_every_code_is_registered(error):
    assert error.code in oauth_errors()


@pytest.mark.parametrize("error", ALL[1:])
def test_every_class_cites_the_document_that_defines_its_code(error):
    document = oauth_errors()[error.code].rpartition(" §")[0]
    cited = re.sub(r"\s+", " ", error.__doc__ or "")
    own = document if document != "RFC 7009" else "RFC 7009 §2.2.1"
    assert own in cited


def test_each_code_has_one_class():
    assert len({error.code for error in ALL[1:]}) == len(ALL) - 1


@pytest.mark.parametrize("error", ALL)
def test_every_text_may_stand_in_an_error_description(error):
    assert DESCRIPTION.fullmatch(error().description)
    assert error.status in {400, 401, 403, 503}


def test_detail_stays_inside_and_a_text_can_be_more_precise():
    error = errors.InvalidRequest("secret detail", public="What to mend.")
    assert (error.detail, error.description, str(error)) == ("secret detail", "What to mend.", "secret detail")
    assert str(errors.InvalidGrant()) == errors.InvalidGrant.public


def test_a_kind_of_an_error_keeps_its_code():
    assert RepeatedParameter("x").code == "invalid_request"
