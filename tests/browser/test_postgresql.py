"""The main journey once more, with PostgreSQL underneath."""

import pytest

from tests.browser.installation import free_place, installation

SERVICES = ("gov24", "okportal365", "apostille")


@pytest.fixture
def on_postgresql(postgresql_url, tmp_path):
    database = {"IDP_DATABASE_URL": postgresql_url}
    with free_place(tmp_path) as place, installation(place, database, services=SERVICES) as running:
        yield running


def test_sign_in_single_sign_on_and_logout(on_postgresql, open_window):
    citizen = on_postgresql.enrol()
    visitor = open_window(on_postgresql)
    visitor.holds(citizen.passkey)
    visitor.sign_in("gov24", citizen)
    visitor.begin("okportal365")
    visitor.at_step(3)
    visitor.agree()
    visitor.signed_in("okportal365", citizen)
    visitor.press("#sign-out")
    visitor.see("#signed-out")
    visitor.begin("apostille")
    visitor.at_step(1)
