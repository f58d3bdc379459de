"""What is left out of Flask changes no answer: each is compared with the one that Flask's whole way gives."""

import pytest
from flask import Blueprint, Flask, current_app, g, request

from idp.application import PRESERVED, Application
from idp.current_request import current_request
from tests import ground as grounds
from tests.ground import ORIGIN

FORM = "application/x-www-form-urlencoded"
ASKED = [
    ("GET", "/", {}),
    ("HEAD", "/", {}),
    ("OPTIONS", "/authorize", {}),
    ("GET", "/authorize", {}),
    ("GET", "/authorize?client_id=nobody&lang=ko", {}),
    ("HEAD", "/authorize", {}),
    ("DELETE", "/authorize", {}),
    ("POST", "/authorize", {"data": "client_id=nobody", "content_type": FORM}),
    ("POST", "/authorize", {"data": "{}", "content_type": "application/json"}),
    ("POST", "/sign-in/passkey", {"data": "csrf=x", "content_type": FORM}),
    ("POST", "/sign-in/passkey", {"data": {"csrf": "x"}, "content_type": "multipart/form-data"}),
    ("POST", "/sign-in/passkey", {"data": "x" * 200_000, "content_type": FORM}),
    ("GET", "/sign-in/passkey", {}),
    ("GET", "/sign-in/00000000-0000-7000-8000-000000000001", {}),
    ("GET", "/sign-in/nonsense", {}),
    ("GET", "//authorize", {}),
    ("GET", "/authorize/", {}),
    ("GET", "/AUTHORIZE", {}),
    ("GET", "/nothing", {}),
    ("GET", "/authorize", {"base_url": "http://elsewhere.example"}),
    ("GET", "/authorize", {"base_url": "http://localhost:1"}),
    ("POST", "/token", {"data": "grant_type=x", "content_type": FORM}),
    ("GET", "/logout", {}),
    ("GET", "/jwks", {"headers": {"Origin": "https://app.example"}}),
    ("POST", "/register", {"json": {}}),
    ("GET", "/staff", {}),
    ("GET", "/console", {}),
]


def heard(app, method, path, keywords):
    """What an answer is, without what is drawn anew for each."""
    answer = app.test_client().open(path, method=method, **{"base_url": ORIGIN} | keywords)
    headers = {name: value for name, value in answer.headers if name not in {"X-Request-Id", "Set-Cookie"}}
    cookies = [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]
    return answer.status, headers, cookies, len(answer.data)


@pytest.mark.parametrize(("method", "path", "keywords"), ASKED)
def test_an_answer_is_the_one_of_flasks_whole_way(ground, monkeypatch, method, path, keywords):
    short = heard(ground.app, method, path, keywords)
    monkeypatch.setattr(ground.app, "_fixed", {})
    monkeypatch.setattr(ground.app, "wsgi_app", Whole(ground.app.wsgi_app))
    for name in ("full_dispatch_request", "process_response"):
        monkeypatch.setattr(type(ground.app), name, getattr(Flask, name))
    assert heard(ground.app, method, path, keywords) == short


class Whole:
    """Every request by the way that Flask itself takes."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        return self.application({**environ, PRESERVED: [].append}, start_response)


def test_a_sign_in_needs_neither_flasks_router_nor_its_sessions(ground, service, citizen, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(Flask, "create_url_adapter", refuse)
    monkeypatch.setattr(Flask, "wsgi_app", refuse)
    assert ground.browser().tokens(service, citizen)["id_token"]


@pytest.mark.parametrize("hook", ["before_request", "teardown_request", "url_value_preprocessor"])
def test_a_hook_that_would_never_be_called_is_refused_at_the_start(hook):
    """Whoever guards the views of one blueprint so must not believe that they are guarded."""
    app, part = Application("small"), Blueprint("part", "part")
    getattr(part, hook)(lambda *_: None)
    app.register_blueprint(part)
    with pytest.raises(RuntimeError, match="part"):
        app.know_addresses([])


def test_nothing_is_kept_in_g(ground):
    """It would be one more look for each request, and another place to look for the same."""
    with ground.app.test_request_context("/", base_url=ORIGIN), pytest.raises(AttributeError, match="current_request"):
        g.name = "value"


def test_within_a_request_flask_and_we_speak_of_the_same(ground):
    with ground.app.test_request_context("/one", base_url=ORIGIN):
        outer = current_request()
        assert request._get_current_object() is outer
        assert current_app._get_current_object() is ground.app
        with ground.app.test_request_context("/two", base_url=ORIGIN):
            assert (current_request().path, request.path) == ("/two", "/two")
        assert current_request() is outer
    with pytest.raises(LookupError):
        current_request()


@pytest.mark.parametrize("breaks", [False, True])
def test_what_flask_extensions_want_done_after_a_request_is_done(breaks):
    app, done = Application("small"), []
    app.teardown_appcontext(done.append)
    app.add_url_rule("/", view_func=lambda: 1 / 0 if breaks else "well")
    app.test_client().get("/")
    assert len(done) == 1
    assert isinstance(done[0], ZeroDivisionError) is breaks


def test_a_body_says_its_length_and_a_head_request_has_none(ground, service):
    asked = {"query_string": grounds.request(service), "base_url": ORIGIN}
    page = ground.app.test_client().get("/authorize", **asked)
    head = ground.app.test_client().head("/authorize", **asked)
    assert int(page.headers["Content-Length"]) == len(page.data) > 0
    assert head.data == b""
    assert head.status_code == 200


def test_whatever_becomes_of_a_request_it_holds_no_connection_after_it(ground, service, monkeypatch):
    ground.app.config["PROPAGATE_EXCEPTIONS"] = False
    ground.app.testing = False
    monkeypatch.setitem(ground.app.view_functions, "sign_in.cancel", lambda: 1 / 0)
    monkeypatch.setitem(ground.app.view_functions, "authorize.authorize", lambda: reading(ground.provider.database))
    assert ground.browser().post("/sign-in/cancel", {}).status_code == 500
    assert ground.browser().authorize(service).status_code == 500
    assert ground.provider.database.connections.in_use == 0


def reading(database):
    with database.read():
        assert database.connections.in_use == 1
        raise ZeroDivisionError
