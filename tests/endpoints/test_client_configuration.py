"""GET, PUT, DELETE /register/<client_id>: RFC 7592."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from tests.endpoints.registering import SERVICE, Own, registered, send
from tests.ground import Registered, Walker, call, copy_ground
from tests.registration.examples import EC
from tests.registration.listener import document, listening


def test_a_service_reads_its_registration_as_it_is(ground):
    own = registered(ground, SERVICE | {"initiate_login_uri": "https://booking.go.kr/login"})
    response = own.get()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    answer = response.get_json()
    secrets = {"client_secret", "client_secret_expires_at"}
    assert answer == {name: value for name, value in own.answer.items() if name not in secrets}
    assert answer["initiate_login_uri"] == "https://booking.go.kr/login"


def test_a_change_replaces_the_metadata_and_the_token(ground):
    own = registered(ground, SERVICE | {"tos_uri": "https://booking.go.kr/terms"})
    response = own.put(tos_uri=None, client_name="Booking Two")
    assert response.status_code == 200, response.text
    answer = response.get_json()
    assert (answer["client_name"], "tos_uri" in answer) == ("Booking Two", False)
    assert answer["registration_access_token"] != own.answer["registration_access_token"]
    assert "client_secret" not in answer
    assert own.get().status_code == 401, "the old token ended"
    assert Own(ground, answer).get().get_json()["client_name"] == "Booking Two"
    assert ground.events()[-1] == "client:registration:changed"
    assert ground.provider.clients.find(own.id).name("en") == "Booking Two"


def test_the_secret_stays_good_over_a_change(ground):
    own = registered(ground)
    own.put(client_name="Booking Two")
    service = Registered(own.id, own.answer["client_secret"], SERVICE["redirect_uris"][0])
    assert call(ground, "/introspect", {"token": "x"}, service).status_code == 200


def test_a_change_that_needs_a_first_secret_tells_it_once(ground):
    own = registered(ground, SERVICE | {"token_endpoint_auth_method": "none"})
    assert "client_secret" not in own.answer
    answer = own.put(token_endpoint_auth_method="client_secret_basic").get_json()
    assert (answer["client_secret_expires_at"], len(answer["client_secret"])) == (0, 43)


def test_a_change_that_changes_nothing_still_gives_a_new_token(ground):
    own = registered(ground)
    answer = own.put().get_json()
    assert answer["registration_access_token"] != own.answer["registration_access_token"]
    assert Own(ground, answer).get().status_code == 200


def test_a_removed_service_is_gone_with_everything_issued_to_it(ground):
    citizen = ground.enrol()
    own = registered(ground)
    service = Registered(own.id, own.answer["client_secret"], SERVICE["redirect_uris"][0])
    walker = Walker(ground)
    tokens = walker.tokens(service, citizen)
    response = own.delete()
    assert (response.status_code, response.data) == (204, b"")
    assert own.get().status_code == 401
    assert own.delete().status_code == 401
    assert walker.userinfo(tokens["access_token"]).status_code == 401
    assert call(ground, "/introspect", {"token": tokens["access_token"]}, service).status_code == 401
    assert ground.events()[-1] == "client:registration:removed"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_G_08_a_token_is_for_its_own_registration_alone(house, method):
    ground = house.ground
    mine, yours = house.extra.get("mine"), house.extra.get("yours")
    if mine is None:
        mine = house.extra["mine"] = registered(ground, SERVICE | {"client_name": "Mine"})
        yours = house.extra["yours"] = registered(ground, SERVICE | {"client_name": "Yours"})
    token = mine.answer["registration_access_token"]
    before = ground.contents()
    body = SERVICE | {"client_id": yours.id} if method == "PUT" else None
    wrong = [
        (yours.path, token),
        (f"/register/{house.service.id}", token),
        ("/register/unknown", token),
        ("/register/%00", token),
        (mine.path, None),
        (mine.path, ""),
        (mine.path, token[:-1]),
        (mine.path, mine.answer["client_secret"]),
        (mine.path, yours.answer["registration_access_token"]),
    ]
    answers = [send(ground, method, path, presented, body) for path, presented in wrong]
    assert [answer.status_code for answer in answers] == [401] * len(wrong)
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer ") for answer in answers)
    assert ground.contents() == before


def test_a_service_that_an_administrator_registered_or_disabled_is_not_here(ground):
    added = ground.register()
    assert send(ground, "GET", f"/register/{added.id}", added.secret).status_code == 401
    own = registered(ground)
    with ground.provider.database.begin() as transaction:
        transaction.run(text("UPDATE clients SET status = 'disabled', version = version + 1"))
    for response in (own.get(), own.put(client_name="Other"), own.delete()):
        assert response.status_code == 401


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "another"}, "invalid_client_metadata"),
        ({"client_id": None}, "invalid_client_metadata"),
        ({"client_secret": "chosen"}, "invalid_client_metadata"),
        ({"redirect_uris": ["https://booking.go.kr/cb#x"]}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", "password"]}, "invalid_client_metadata"),
        ({"pkce_required": False}, "invalid_client_metadata"),
        ({"minimum_acr": "urn:kr:overseas-id:acr:1"}, "invalid_client_metadata"),
        ({"jwks_uri": "https://127.0.0.1/"}, "invalid_client_metadata"),
        ({"software_statement": "x"}, "invalid_software_statement"),
    ],
)
def test_G_10_a_change_that_breaks_a_rule_changes_nothing(house, changed, error):
    if "own" not in house.extra:
        house.extra["own"] = registered(house.ground, SERVICE | {"client_name": "Own"})
    own = house.extra["own"]
    before = house.ground.contents()
    response = own.put(**changed)
    assert (response.status_code, response.get_json()["error"]) == (400, error)
    assert house.ground.contents() == before
    assert own.get().status_code == 200, "its token is still good"


@pytest.mark.parametrize("name", ["registration_access_token", "registration_client_uri", "client_secret_expires_at"])
def test_a_change_must_not_carry_what_is_issued(ground, name):
    own = registered(ground)
    body = SERVICE | {"client_id": own.id, name: own.answer[name]}
    response = send(ground, "PUT", own.path, own.answer["registration_access_token"], body)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")


def test_a_change_of_documents_is_confirmed(template, tmp_path):
    ground = copy_ground(template, tmp_path, outbound_test_hosts="localhost")
    with listening(document({"keys": [EC]})) as listener:
        keys = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": f"{listener.address}/jwks"}
        own = registered(ground, SERVICE | keys)
        listener.answer = document({"keys": []})
        response = own.put(jwks_uri=f"{listener.address}/new")
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
    assert listener.connections == 2
    ground.provider.database.engine.dispose()


def test_of_many_changes_at_once_one_wins_and_its_token_is_good(either_ground):
    own, barrier, answers = registered(either_ground), Barrier(5), []

    def change(number):
        barrier.wait()
        answers.append(own.put(client_name=f"Service {chr(65 + number)}"))

    threads = [Thread(target=change, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    winner = next(answer.get_json() for answer in answers if answer.status_code == 200)
    assert Own(either_ground, winner).get().get_json()["client_name"] == winner["client_name"]
