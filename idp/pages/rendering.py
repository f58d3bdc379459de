"""Rendering a page: its language, its words, the addresses of its static files, its form token."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app
from jinja2 import Template

from idp.current_request import CurrentRequest, current_request
from idp.pages.blanks import Blanks
from idp.pages.browser import LANGUAGE, choose_language_cookie, cookie_name, ensure_browser
from idp.pages.spoken_templates import in_language
from idp.pages.words import Words
from idp.plain_answer import PlainAnswer
from idp.protocol.client import Client
from idp.provider import Provider
from idp.settings import ROOT

STATIC = Path(__file__).parent / "static"
NOTHING_PROVEN = frozenset(
    {
        "notice.passkey_failed",
        "notice.other_passkey_failed",
        "notice.passkey_not_created",
        "staff.passkey_unknown",
        "staff.passkey_other",
        "staff.proof_old",
    }
)
"""Notices that a ceremony proved nothing: whichever page says so, it is a 400 (abuse case W)."""
HTML = ("Content-Type", "text/html; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Service:
    """The relying service that a page speaks of."""

    name: str
    uri: str | None
    about: tuple[tuple[str, str], ...] = ()  # (key of its words, address): what it says about itself
    sandbox: str | None = None  # its id, if it is a sandbox client
    logo: str | None = None  # under which we serve it: two people have seen it


ABOUT = {"about.policy": "policy_uri", "about.terms": "tos_uri", "about.logo": "logo_uri"}
"""OpenID Connect Dynamic Client Registration 1.0 §2. Links only: a picture from elsewhere would tell the service
who looks at this page, and the Content-Security-Policy forbids it."""


def provider() -> Provider:
    """The provider of the running app."""
    found: Provider = current_request().app.extensions["idp"]
    return found


def words() -> Words:
    """Every sentence."""
    found: Words = current_request().app.extensions["idp-words"]
    return found


def set_page_language(ui_locales: Sequence[str] = ()) -> str:
    """The language of this answer: chosen on the page, chosen before, wished by the service, or the browser's."""
    asked = current_request()
    there = words()
    chosen = asked.asked_for("lang")
    if chosen in there.languages:
        choose_language_cookie(chosen)
    else:
        chosen = asked.cookie(cookie_name(provider(), LANGUAGE))
    known = [chosen] if chosen in there.languages else []
    language = there.choose([*known, *ui_locales], None, asked.environ.get("HTTP_ACCEPT_LANGUAGE"))
    asked.language, asked.speak = language, partial(there.say, language)
    return language


def page_language() -> str:
    """The language of this answer."""
    return current_request().language or set_page_language()


def say(key: str, **values: object) -> str:
    """A sentence in the language of this answer."""
    return speaker()(key, **values)


def speaker() -> Callable[..., str]:
    """What says sentences in the language of this answer, for whoever has many to say."""
    return current_request().speak or partial(words().say, set_page_language())


def service_of(client: Client | None) -> Service | None:
    """How a page names a client."""
    if client is None:
        return None
    about = tuple((key, address) for key, name in ABOUT.items() if (address := getattr(client, name)))
    return Service(
        client.name(page_language()), client.client_uri, about, sandbox=client.tenant, logo=client.extras.get("logo")
    )


def page(
    template: str,
    *,
    client: Client | None = None,
    here: str | None = None,
    status: int | None = None,
    blanks: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A rendered page. `here` is the address at which a reload, or another language, shows it again.

    With `blanks`, values that the template only prints, the page without them is kept for the next person: for pages
    that are shown at each sign-in. Then all other values are hashable, and none is personal.

    A page with a `notice` that a passkey proved nothing is a 400 of itself: people read it, software the number.
    """
    language, wired, there = page_language(), provider(), words()
    base = here or _this_address(current_request())
    printed = {"csrf": form_token(wired)}
    if here:
        printed["here"] = here
    if base is not None:
        printed |= {f"at_{code}": _with_language(base, code) for code in there.languages}
    service = service_of(client)

    def render(printed: Mapping[str, str]) -> str:
        return _template(language, template).render(
            say=partial(there.say, language),
            language=language,
            languages=[
                {"code": code, "name": there.say(code, "site.language"), "url": printed[f"at_{code}"]}
                for code in there.languages
                if base is not None
            ],
            service=service,
            demo=wired.settings.demo,
            **values | {"here": None, **printed},
        )

    if blanks is None:
        html = render(printed)
    else:
        kind = (language, template, service, tuple(values.items()))
        html = blank_pages().filled(kind, render, {**printed, **blanks})
    if status is None:
        status = 400 if values.get("notice") in NOTHING_PROVEN else 200
    said = [HTML, ("Content-Language", language), ("Vary", "Cookie, Accept-Language")]
    return PlainAnswer(html.encode(), status, said)


def blank_pages() -> Blanks:
    """The pages that are kept with blanks."""
    found: Blanks = current_request().app.extensions["idp-blanks"]
    return found


def _template(language: str, name: str) -> Template:
    """The template in that language."""
    spoken = current_request().app.extensions["idp-templates"]
    if language not in spoken:
        spoken[language] = in_language(current_app.jinja_env, language, words().say, asset)
    found: Template = spoken[language].get_template(name)
    return found


def form_token(wired: Provider) -> str:
    """The token that binds a form to this browser (double submit, keyed: OWASP CSRF cheat sheet)."""
    asked = current_request()
    if asked.form_token is None:
        asked.form_token = wired.keyed.form.of("csrf", ensure_browser(wired)).hex()
    return asked.form_token


def asset(name: str) -> str:
    """The address of a static file, with a hash of its content: it may be cached for ever."""
    return f"/static/{_digest(name)}/{name}"


@lru_cache(maxsize=256)
def _digest(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _this_address(request: CurrentRequest) -> str | None:
    """The address of this page, without a language; None when it answers a form and no address shows it again."""
    if request.method != "GET":
        return None
    path = "/" + quote(request.path.lstrip("/"))  # a link to //host would lead to that host
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{path}?{urlencode(query)}" if query else path


def _with_language(address: str, language: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}lang={language}"


def prepare_templates(app: Flask) -> None:
    """What every template can use."""
    app.extensions["idp-words"] = Words.load(ROOT / "templates" / "words")
    app.extensions["idp-templates"] = {}
    app.extensions["idp-blanks"] = Blanks(app.extensions["idp"].random_bytes)
    app.jinja_env.globals.update(say=say, asset=asset)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.auto_reload = False
