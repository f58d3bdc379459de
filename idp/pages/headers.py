"""Security headers on every answer, errors and static files included (OWASP ASVS 5.0 §3.4)."""

from urllib.parse import urlsplit

from flask import Flask, Response, g

COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with it browsers send `Origin: null` even with our own forms (Fetch Standard §3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self), "
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
    ),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action"
)
READABLE_ANYWHERE = frozenset({"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"})


def allow_form_target(uri: str) -> None:
    """Let forms of this answer's page end, after our redirect, at a service's registered URI, and wherever it goes on.

    Chromium applies `form-action` to the whole chain of redirects that answers a form (CSP Level 3 §6.4.1): ours to
    the registered URI, and those by which the service leads the person from its callback to its pages, on whichever
    origin they live. Were only the registered origin named, who agreed would be left on a page that does not move.
    What remains kept out is everything unencrypted, and every scheme that is no page.
    """
    g.form_targets = {*g.get("form_targets", {"'self'"}), *_onward(uri)}


def only_form_target(uri: str) -> None:
    """Let the form of this answer's page go to the origin of a registered URI, and nowhere else (abuse case X-02)."""
    g.form_targets = {_origin(uri)}


def allow_frame(uri: str) -> None:
    """Let this answer's page load a frame from the origin of a registered URI, and from nowhere else."""
    g.frame_sources = {*g.get("frame_sources", ()), _origin(uri)}


def _onward(uri: str) -> set[str]:
    parts = urlsplit(uri)
    if parts.scheme == "http":  # a service on its developer's machine, beside others of the kind
        return {_origin(uri), _origin(f"http://{parts.hostname}:*")}
    return {"https:"}


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    return "'none'" if set(origin) & set(" ;,'\"") else origin


def add_security_headers(app: Flask, *, secure: bool) -> None:
    """Set the headers after every request of `app`."""

    @app.after_request
    def _add(response: Response) -> Response:
        for name, value in COMMON.items():
            response.headers.setdefault(name, value)
        if response.location is not None:  # the way back to a service tells it nothing of our address (RFC 9700 §4.2.4)
            response.headers["Referrer-Policy"] = "no-referrer"
        policy = " ".join([POLICY, *sorted(g.get("form_targets", {"'self'"}))])
        if frames := sorted(g.get("frame_sources", ())):
            policy += f"; frame-src {' '.join(frames)}"
        response.headers.setdefault("Content-Security-Policy", policy)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        return response
