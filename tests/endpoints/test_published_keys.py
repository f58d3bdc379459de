"""private_key_jwt with keys at `jwks_uri`, over HTTP: rotation, guesses, and a publisher that is down."""

import pytest
from joserfc.jwk import ECKey

from idp.registration.remote_keys import SECONDS_AFTER_SUCCESS
from tests.endpoints.service_keys import KeyedService
from tests.ground import call, copy_ground
from tests.registration.listener import document, listening


class PublishedService(KeyedService):
    """A service whose keys are at an address of its own."""

    def __init__(self, ground, publisher):
        self.ground = ground
        self.publisher = publisher
        self.key = ECKey.generate_key("P-256")
        self.service = ground.register(
            token_endpoint_auth_method="private_key_jwt", jwks_uri=f"{publisher.address}/jwks"
        )

    def publish(self, kid="k1", key=None):
        public = {**(key or self.key).as_dict(private=False), "kid": kid, "use": "sig"}
        self.publisher.answer = document({"keys": [public]})

    def introspect(self, **changed):
        form = self.form(self.assertion(**changed), token="x")
        return call(self.ground, "/introspect", form).status_code


@pytest.fixture
def ground(template, tmp_path):
    made = copy_ground(template, tmp_path, outbound_test_hosts="localhost")
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture
def service(ground):
    with listening(document({"keys": []})) as publisher:
        made = PublishedService(ground, publisher)
        made.publish()
        yield made


def test_a_service_authenticates_with_the_key_it_publishes(service):
    assert service.introspect() == 200
    assert service.introspect() == 200
    assert service.publisher.connections == 1


def test_a_rotated_key_is_noticed_and_the_old_one_ends(service):
    assert service.introspect() == 200
    old, new = service.key, ECKey.generate_key("P-256")
    service.publish("k2", new)
    service.ground.clock.now += SECONDS_AFTER_SUCCESS
    assert service.introspect(kid="k2", key=new) == 200
    assert service.introspect(kid="k1", key=old) == 401
    assert service.publisher.connections == 2


def test_guesses_of_strangers_cause_no_storm(service):
    stranger = ECKey.generate_key("P-256")
    for number in range(30):
        assert service.introspect(kid=f"guess-{number}", key=stranger) == 401
    assert service.publisher.connections == 1
    assert service.introspect() == 200


def test_a_publisher_that_is_down_does_not_stop_a_service_that_was_known(service):
    assert service.introspect() == 200
    service.publisher.answer = document({}, "503 Busy")
    service.ground.clock.now += 3600
    assert service.introspect() == 200
    assert service.publisher.connections == 2


def test_the_keys_are_fetched_outside_of_any_transaction(service):
    """A publisher that takes its time must not hold a connection to the database, and never the one that writes."""
    connections = service.ground.provider.database.connections
    held = []
    answer = service.publisher.answer

    def look(listener, connection):
        held.append(connections.in_use)
        answer(listener, connection)

    service.publisher.answer = look
    assert service.introspect() == 200
    assert held == [0]


def test_G_02_keys_that_later_lead_inwards_are_not_fetched(template, tmp_path):
    ground = copy_ground(template, tmp_path)
    key = ECKey.generate_key("P-256")
    with listening(document({"keys": []})) as publisher:
        service = PublishedService.__new__(PublishedService)
        service.ground, service.key, service.publisher = ground, key, publisher
        ground.names.known["rp.go.kr"] = ["127.0.0.1"]
        service.service = ground.register(
            token_endpoint_auth_method="private_key_jwt", jwks_uri=f"https://rp.go.kr:{publisher.port}/jwks"
        )
        assert service.introspect() == 401
        assert ground.names.asked == ["rp.go.kr"]
    assert publisher.connections == 0
    ground.provider.database.engine.dispose()
