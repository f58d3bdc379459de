"""Law 1: nobody who has proven nothing causes a row or a message, by any address, method or input."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.ground import Ground, Registered, Walker, request
from tests.statements import watched

ANYBODY = "00000000-0000-7000-8000-000000000000"
VALUES = {"UUIDConverter": ANYBODY, "UnicodeConverter": "x", "PathConverter": "y", "AnyConverter": "sign-in"}
DEMONSTRATION = "demo_phone."
"""Blueprints of the demonstration: production refuses to start with them (law 12), and only they may write."""

FIELDS = {
    "secret": "A" * 64,
    "sign_in": ANYBODY,
    "code": "123456",
    "credential": '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}',
    "decision": "allow",
    "country": "DE",
    "number": "015112345678",
    "optional": "phone",
    "token": "A" * 64,
    "access_token": "A" * 64,
    "refresh_token": "A" * 64,
    "grant_type": "authorization_code",
    "client_assertion": "e30.e30.AA",
    "client_secret": "A" * 43,
}


@contextmanager
def writes(ground: Ground) -> Iterator[list[str]]:
    """Every statement within it that could write."""
    seen: list[str] = []

    def note(statement: str) -> None:
        if re.match(
            r"\s*(insert|update|delete|replace|with .*(insert|update|delete))", statement, re.IGNORECASE | re.DOTALL
        ):
            seen.append(statement)

    with watched(ground.provider.database, note):
        yield seen


def inputs(service: Registered, browser: Walker):
    """What an anonymous visitor can come with: nothing, junk, and everything a real page would have given them."""
    browser.authorize(service)
    page = browser.form("/sign-in/passkey")
    wanted = request(service)
    yield "nothing", {}, {}
    yield "junk", {"a": "\x00\xff", "b[]": "{{1}}"}, {"a": "%00"}
    yield "a service's request", wanted, wanted
    yield "a public client", {"client_id": service.id} | FIELDS, {}
    yield "a page's form", page | FIELDS, {}
    yield "a page's form and a service's request", page | FIELDS | wanted, wanted


def requests(ground: Ground):
    """Every address with every method, but for the demonstration's own."""
    for rule in ground.app.url_map.iter_rules():
        if rule.endpoint.startswith(DEMONSTRATION):
            continue
        values = {name: kind.to_url(as_python(kind)) for name, kind in rule._converters.items()}
        _, path = rule.build(values)
        for method in sorted(rule.methods):
            yield method, path


def as_python(converter):
    value = VALUES[type(converter).__name__]
    return UUID(value) if value == ANYBODY else value


@pytest.mark.parametrize("public", [False, True], ids=["confidential service", "public service"])
def test_O_07_law_1_no_anonymous_request_writes_or_sends(ground, public):
    service = ground.register(token_endpoint_auth_method="none" if public else "client_secret_basic")
    ground.enrol()
    browser = ground.browser()
    before, asked = ground.contents(), 0
    with writes(ground) as seen:
        for name, form, query in inputs(service, browser):
            for method, path in requests(ground):
                response = browser.client.open(
                    f"{path}?{urlencode(query)}" if query and method in {"GET", "HEAD"} else path,
                    method=method,
                    data=form if method in {"POST", "PUT", "DELETE"} else None,
                    base_url="http://localhost:9000",
                    headers={"Origin": "http://localhost:9000"} if method == "POST" else {},
                )
                response.close()
                asked += 1
                assert response.status_code < 500, (name, method, path)
            assert ground.contents() == before, name  # which address it was, the statements tell
    assert asked > 300
    assert ground.codes() == []
    assert [statement for statement in seen if not harmless(statement)] == []


def harmless(statement: str) -> bool:
    """Statements that take a one-time thing by its secret: without the secret they touch no row."""
    return bool(re.match(r"UPDATE (grants SET code_spent_at|(enrolments|staff_invitations) SET browser)", statement))


def test_law_1_the_walk_would_notice_a_writing_address(ground):
    """The test above can fail: a view that writes is caught by both of its eyes."""
    ground.register()

    def count():
        with ground.provider.database.begin() as transaction:
            transaction.run(text("UPDATE clients SET version = version + 1"))
        return "ok"

    ground.app.view_functions["home.home"] = count
    before = ground.contents()
    with writes(ground) as seen:
        ground.browser().get("/")
    assert ground.contents() != before
    assert not harmless(seen[0])


def test_law_1_the_first_write_of_a_sign_in_is_that_of_a_verified_assertion(ground, service, citizen):
    browser = ground.browser()
    before = ground.contents()
    for falsified in ({"challenge": "AAAA"}, {"signature": b"x" * 70}, {"client_origin": "https://evil.example"}):
        browser.authorize(service)
        browser.passkey(citizen, **falsified)
        assert 'action="/sign-in/passkey"' in browser.page.text
    assert ground.contents() == before
    browser.passkey(citizen)
    assert ground.rows("sign_ins") == ground.rows("outbox") == 1


def test_law_1_an_enrolment_link_is_the_officer_s_word_and_a_message_needs_it(ground):
    browser = ground.browser()
    browser.get("/enrol")
    before = ground.contents()
    for path in ("/enrol/record", "/enrol/phone", "/enrol/code/resend", "/enrol/phone/change", "/enrol/passkey"):
        browser.get("/enrol")
        page = browser.post(path, browser.form("/enrol/open") | FIELDS)
        assert page.status_code in {400, 403, 404}
    assert ground.contents() == before
