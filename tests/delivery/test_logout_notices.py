"""Back-channel logout as the worker does it: what each answer means, how long it goes on, and with which token."""

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.delivery.logout_notices import (
    KIND,
    NOTICE_SECONDS,
    CallFailed,
    LogoutNotice,
    NoticeMint,
    deliver_logout_notices,
    read_payload,
    to_payload,
)
from idp.delivery.outbox import MAX_ATTEMPTS, OutboxItem, Undeliverable
from idp.delivery.worker import LEASE_SECONDS, Worker
from idp.protocol.client import Client
from tests.delivery.fakes import NOW, Clock, MemoryOutbox

URI = "https://gov24.go.kr/backchannel"
CLIENT = Client(id="gov24", names={"": "Gov24"}, redirect_uris=(), backchannel_logout_uri=URI)
NOTICE = LogoutNotice("gov24", str(UUID(int=5)), str(UUID(int=6)))


class Service:
    """A service's endpoint: answers as told, and remembers what it got."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def __call__(self, url, form, /):
        self.calls.append((url, dict(form)))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer


class Tokens:
    """A signer that keeps the claims it was given."""

    def __init__(self):
        self.made = []

    def __call__(self, alg, claims):
        self.made.append((alg, claims))
        return f"token {len(self.made)}"


def run(service, *, client=CLIENT, until=NOW + 3 * NOTICE_SECONDS, number=0):
    """Everything the worker does with one notice, each attempt as soon as it is due; returns row, tokens, times."""
    clock, store, tokens, times = Clock(), MemoryOutbox(), Tokens(), []
    mint = NoticeMint(
        issuer="https://id.example",
        sign=tokens,
        subject=lambda c, person: f"{c.id}:{person.int}",
        session=lambda c, session: f"{c.id}:{session.int}",
    )
    deliver = deliver_logout_notices({"gov24": client}.get, mint, service, clock)
    work = Worker(store=store, deliverers={KIND: deliver}, open_payload=lambda item: item.payload, clock=clock)
    row = UUID(int=(1 << 64) + number)
    store.add(OutboxItem(row, KIND, to_payload(NOTICE), 0, NOW, NOW + NOTICE_SECONDS))
    while (due := store.rows[row].due_at) is not None and due <= until:
        clock.now = due
        times.append(due - NOW)
        for item in store.lease(clock.now, 1, LEASE_SECONDS):
            work.handle(item)
    return store.rows[row], tokens.made, times


@pytest.mark.parametrize("status", [200, 204])
def test_L_03_a_service_that_takes_it_is_called_once(status):
    service = Service(status)
    row, made, _ = run(service)
    assert row.outcome == "delivered"
    assert service.calls == [(URI, {"logout_token": "token 1"})]
    assert made == [
        (
            "ES256",
            {
                "iss": "https://id.example",
                "aud": "gov24",
                "iat": NOW,
                "exp": NOW + 120,
                "jti": str(row.item.id),
                "sub": "gov24:5",
                "sid": "gov24:6",
                "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            },
        )
    ]


def test_a_refusal_is_final():
    service = Service(400)
    row, _, _ = run(service)
    assert (row.outcome, row.why) == ("failed", "the service refused the logout token")
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [500, 503, 301, 302, 307, 308, 401, 403, 404, 202, 100, CallFailed("did not answer within 2 seconds")],
    ids=str,
)
def test_L_03_anything_else_is_tried_again(answer):
    service = Service(answer, answer, 200)
    row, _, times = run(service)
    assert row.outcome == "delivered"
    assert len(service.calls) == 3
    assert all(url == URI for url, _ in service.calls)  # a redirect is an answer, never an address
    assert [10 <= times[1] <= 13, 50 <= times[2] <= 65] == [True, True]


def test_L_03_each_attempt_has_a_fresh_token_with_the_same_jti():
    _, made, times = run(Service(500, 500, 500, 200))
    assert {claims["jti"] for _, claims in made} == {str(UUID(int=1 << 64))}
    assert [claims["iat"] - NOW for _, claims in made] == times
    assert all(claims["exp"] == claims["iat"] + 120 for _, claims in made)


@pytest.mark.parametrize("number", [0, 255])
def test_L_03_a_service_that_is_down_all_day_is_asked_until_the_day_is_over(number):
    row, _, times = run(Service(*[503] * 1000), number=number)
    assert row.outcome == "failed"
    assert NOTICE_SECONDS - 4500 <= times[-1] < NOTICE_SECONDS
    assert max(later - earlier for earlier, later in pairwise(times)) <= 4500
    assert len(times) <= MAX_ATTEMPTS


def test_L_03_a_service_that_returns_after_most_of_a_day_is_told():
    row, _, times = run(Service(*[503] * 22))
    assert row.outcome == "delivered"
    assert times[-1] > 15 * 3600


@pytest.mark.parametrize(
    "client",
    [
        None,
        replace(CLIENT, enabled=False),
        replace(CLIENT, backchannel_logout_uri=None),
    ],
    ids=["removed", "disabled", "no longer listening"],
)
def test_a_service_that_is_gone_is_not_called(client):
    service = Service()
    row, _, _ = run(service, client=client)
    assert row.outcome == "failed"
    assert service.calls == []


def test_the_token_is_signed_as_the_clients_id_tokens_are():
    _, made, _ = run(Service(), client=replace(CLIENT, id_token_signed_response_alg="PS256"))
    assert made[0][0] == "PS256"


@given(st.uuids(), st.uuids(), st.text(max_size=40))
def test_a_payload_reads_back(person, session, client):
    notice = LogoutNotice(client, str(person), str(session))
    assert read_payload(to_payload(notice)) == notice


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"client":"a","person":"b","session":"c"}',
        b'{"client":"a","person":1,"session":2}',
    ],
)
def test_a_payload_of_another_kind_is_given_up(payload):
    with pytest.raises(Undeliverable):
        read_payload(payload)
