"""Flask, as far as it is used here: plain views, an address known by its path, no session of Flask's, no signals.

What is left out is what every request would pay for and none needs: each step of Flask that a request walks through
is code and data that the processor has to fetch, and between two requests of a sign-in it forgets them. Every method
here is one that Flask lets a subclass override. What is unusual (an address with values in it, another host, a method
that the address does not have) goes Flask's whole way.
"""

from collections.abc import Callable, Iterable
from contextvars import Token
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response
from flask.ctx import RequestContext
from flask.globals import _cv_app, _cv_request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Rule

from idp.current_request import AT_HAND, CurrentRequest, current_request
from idp.plain_answer import PlainAnswer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

After = Callable[[Response], Response]
PRESERVED = "werkzeug.debug.preserve_context"
"""Set by a test that looks at a context after its request."""


class NoSessions(SessionInterface):
    """A browser's session is a row of ours (idp/storage/sessions.py): Flask keeps none."""

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002 (Flask's signature)
        """Always the same, which refuses to be written."""
        return NOTHING


NOTHING = NullSession()


class Context(RequestContext):
    """Both contexts of Flask, of the request and of the application, in one. Nothing is kept in `g`."""

    def __init__(
        self,
        app: "Application",
        environ: "WSGIEnvironment",
        request: Request | None = None,
        session: Any = None,  # noqa: ARG002 (Flask's signature: there is none)
    ) -> None:
        """As Flask's."""
        rule = app.known(environ)
        asked = request if isinstance(request, CurrentRequest) else CurrentRequest(environ, app, plain=rule is not None)
        self.app = app
        self.request: CurrentRequest = asked
        self.url_adapter = None
        if rule is not None:
            asked.url_rule, asked.view_args = rule, {}
        else:
            self._route(asked)
        self.flashes = None
        self._session = NOTHING
        self._after_request_functions = []
        self._tokens: list[tuple[Token[Any], Token[Any], Token[Any]]] = []

    def _route(self, asked: CurrentRequest) -> None:
        """What is unusual: Flask's router looks."""
        try:
            if asked.environ["PATH_INFO"].startswith("//"):  # one spelling for each address (abuse case H-06)
                raise NotFound
            self.url_adapter = self.app.create_url_adapter(asked)
        except HTTPException as error:
            asked.routing_exception = error

    @property
    def g(self) -> Any:
        """Whoever asks for it has something to keep, and should do so at the request."""
        raise AttributeError("nothing is kept in g: see idp/current_request.py")

    def push(self) -> None:
        """Make this the request that everybody speaks of."""
        application: Any = _cv_app
        self._tokens.append((AT_HAND.set(self.request), application.set(self), _cv_request.set(self)))
        if self.url_adapter is not None:
            self.match_request()

    def pop(self, exc: BaseException | None = None) -> None:
        """No longer; at the last time, what happens after every request."""
        try:
            if len(self._tokens) == 1:
                for hook in reversed(self.app.teardown_request_funcs[None]):
                    hook(exc)
                if self.app.teardown_appcontext_funcs:
                    self.app.do_teardown_appcontext(exc)
                if "files" in self.request.__dict__:
                    self.request.close()
        finally:
            asked, application, request = self._tokens.pop()
            _cv_request.reset(request)
            _cv_app.reset(application)
            AT_HAND.reset(asked)


class Application(Flask):
    """Flask for views that are all plain functions."""

    request_class = CurrentRequest
    session_interface = NoSessions()

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        """As Flask."""
        super().__init__(*arguments, **keywords)
        self._hosts: frozenset[str] = frozenset()
        self._fixed: dict[tuple[str, str], Rule] = {}
        self._after: dict[str | None, tuple[After, ...]] = {}

    def know_addresses(self, origins: Iterable[str]) -> None:
        """Every route is there now: remember which view a fixed address of these origins has.

        Raises RuntimeError for a hook that would never be called: one before or after the views of one blueprint only,
        of which nothing but what is put on their answers is known here.
        """
        for hooks in (self.before_request_funcs, self.teardown_request_funcs, self.url_value_preprocessors):
            only = [name for name, there in hooks.items() if name is not None and there]
            if only:
                raise RuntimeError(f"a hook of one blueprint only is not called: {', '.join(sorted(only))}")
        adapter = self.url_map.bind("")
        self._hosts = frozenset(urlsplit(origin).netloc for origin in origins)
        for rule in self.url_map.iter_rules():
            for method in (rule.methods or set()) & {"GET", "POST"}:
                if not rule.arguments:
                    found, _ = adapter.match(rule.rule, method, return_rule=True)
                    self._fixed[method, rule.rule] = found

    def after_request(self, f: Any) -> Any:
        """One more that is put on every answer."""
        self._after.clear()
        return super().after_request(f)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is; Flask would look at each one at each call."""
        return func

    def known(self, environ: "WSGIEnvironment") -> Rule | None:
        """The rule of an address that is known by its path alone, at a host of ours."""
        if environ.get("SCRIPT_NAME") or environ.get("HTTP_HOST") not in self._hosts:
            return None
        return self._fixed.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))

    def request_context(self, environ: "WSGIEnvironment") -> Context:
        """The context of one request."""
        return Context(self, environ)

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if PRESERVED in environ:
            return super().wsgi_app(environ, start_response)
        context = self.request_context(environ)
        error = None
        try:
            try:
                context.push()
                response = self.full_dispatch_request()
            except Exception as failed:  # noqa: BLE001 - as Flask: what the handlers could not judge
                error = failed
                response = self.handle_exception(failed)
            return _given(response, environ, start_response)
        finally:
            context.pop(error)

    def full_dispatch_request(self) -> Response:
        """The view's answer, or that to its error, with what is put on every answer.

        All hooks before a view are those of every view: see `know_addresses`.
        """
        asked = current_request()
        rule = asked.url_rule
        try:
            for hook in self.before_request_funcs[None]:
                answer: Any = hook()
                if answer is not None:
                    break
            else:
                if rule is None or asked.routing_exception is not None or asked.method == "OPTIONS":
                    answer = self.dispatch_request()
                else:
                    answer = self.view_functions[rule.endpoint](**asked.view_args or {})
        except Exception as error:  # noqa: BLE001 - as Flask: the registered handlers judge
            answer = self.handle_user_exception(error)
        return self.process_response(answer) if isinstance(answer, Response) else self.finalize_request(answer)

    def process_response(self, response: Response) -> Response:
        """What is put on every answer, and on those of one blueprint first."""
        asked = current_request()
        endpoint = asked.url_rule.endpoint if asked.url_rule is not None else None
        hooks = self._after.get(endpoint)
        if hooks is None:
            parts = [self.after_request_funcs.get(part, []) for part in dict.fromkeys((asked.blueprint, None))]
            hooks = self._after[endpoint] = tuple(hook for part in parts for hook in reversed(part))
        for hook in hooks:
            response = hook(response)
        return response


def _given(response: Response, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """What a response gives the server. A page needs none of what Werkzeug sees to in others."""
    if isinstance(response, PlainAnswer) and environ["REQUEST_METHOD"] != "HEAD" and response.is_untouched:
        return response.leave(start_response)
    return response(environ, start_response)
