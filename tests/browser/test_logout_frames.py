"""The page after a logout, in a real browser: every frame is loaded before the browser goes on, and none holds it up.

The pages are those of the real application; the addresses of the services are answered by the test itself.
"""

from time import monotonic, sleep
from urllib.parse import parse_qs, urlsplit

from tests.ground import ORIGIN

SIGNED_OUT = "http://localhost:9001/signed-out"


def signed_out_page(ground):
    """The answer to a logout from two services that are framed."""
    services = [
        ground.register(
            redirect_uris=[f"http://localhost:{port}/callback"],
            frontchannel_logout_uri=f"http://localhost:{port}/frontchannel",
        )
        for port in (9002, 9003)
    ]
    citizen, browser = ground.enrol(), ground.browser()
    hints = [browser.tokens(service, citizen)["id_token"] for service in services]
    return browser.get(f"/logout?id_token_hint={hints[0]}&post_logout_redirect_uri={SIGNED_OUT}&state=s")


class Network:
    """Answers every address that the page asks for; `pause` is how long the second service takes."""

    def __init__(self, ground, first, pause=0.0):
        self.ground, self.first, self.pause, self.asked = ground, first, pause, []

    def __call__(self, route):
        address = route.request.url
        self.asked.append(address)
        if address.startswith("http://localhost:9003"):
            sleep(self.pause)
        if not address.startswith(ORIGIN):
            route.fulfill(body="<!doctype html><title>there</title>", content_type="text/html")
            return
        if urlsplit(address).path == "/logout":
            answer = self.first
        else:
            answer = self.ground.app.test_client().get(urlsplit(address).path, base_url=ORIGIN)
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        route.fulfill(status=answer.status_code, headers=headers, body=answer.data)
        answer.close()


def visit(chromium, network, **options):
    context = chromium.new_context(**options)
    context.route("**/*", network)
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    return context, page, complaints


def test_every_frame_is_loaded_before_the_browser_goes_on(chromium, ground):
    network = Network(ground, signed_out_page(ground), pause=0.5)
    context, page, complaints = visit(chromium, network)
    page.goto(f"{ORIGIN}/logout", wait_until="commit")
    page.wait_for_url(f"{SIGNED_OUT}?state=s")
    framed = [urlsplit(one) for one in network.asked if "/frontchannel" in one]
    assert sorted(one.port for one in framed) == [9002, 9003]
    assert all(set(parse_qs(one.query)) == {"iss", "sid"} for one in framed)
    assert network.asked.index(f"{SIGNED_OUT}?state=s") > max(
        map(network.asked.index, (one.geturl() for one in framed))
    )
    assert complaints == []
    context.close()


def test_without_javascript_a_link_leads_on(chromium, ground):
    network = Network(ground, signed_out_page(ground))
    context, page, _ = visit(chromium, network, java_script_enabled=False)
    page.goto(f"{ORIGIN}/logout")
    assert len([one for one in network.asked if "/frontchannel" in one]) == 2
    page.click("#back")
    page.wait_for_url(f"{SIGNED_OUT}?state=s")
    context.close()


def test_a_service_that_does_not_answer_keeps_nobody(chromium, ground):
    hanging = []
    network = Network(ground, signed_out_page(ground))

    def answer(route):
        if route.request.url.startswith("http://localhost:9003"):
            hanging.append(route)  # never answered
        else:
            network(route)

    context, page, _ = visit(chromium, answer)
    begun = monotonic()
    page.goto(f"{ORIGIN}/logout", wait_until="commit")
    page.wait_for_url(f"{SIGNED_OUT}?state=s", timeout=8000)
    assert 2.5 < monotonic() - begun < 8
    assert hanging
    context.close()
