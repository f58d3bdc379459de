"""The way out against listeners that count: what is never called, what is cut off, and what comes back."""

import gzip
import socket
import ssl
from threading import Event
from time import monotonic

import pytest

from idp.registration.network import MOST_LOOKUPS, Network, connect, resolve
from idp.registration.outbound import MAX_ANSWER, SECONDS, Outbound, OutboundFailed, OutboundRefused, make_outbound
from tests.registration.listener import certificate, document, endless, listening, raw, silent

HERE = frozenset({"localhost"})
OK = b"HTTP/1.1 200 OK\r\n"


def names(**known):
    """A resolver of these names, whose dots are written as __."""

    def found(host, _port, _seconds):
        try:
            return known[host.replace(".", "__")]
        except KeyError:
            raise OSError("unknown") from None

    return found


LOOPBACK = names(localhost=["127.0.0.1"])


def out(resolve=LOOPBACK, *, connect=connect, trusted_ca=None, test_hosts=HERE) -> Outbound:
    network = Network(resolve, connect, monotonic)
    return make_outbound(network, trusted_ca=trusted_ca, test_hosts=frozenset(test_hosts))


def test_a_document_comes_back_and_the_request_says_no_more_than_it_must():
    with listening(document({"keys": []})) as listener:
        assert out().get_json(f"{listener.address}/jwks?v=1") == {"keys": []}
    [request] = listener.requests
    head = request.decode().split("\r\n")
    assert head[0] == "GET /jwks?v=1 HTTP/1.1"
    assert sorted(line.split(":")[0] for line in head[1:] if line) == [
        "Accept",
        "Accept-Encoding",
        "Connection",
        "Host",
        "User-Agent",
    ]
    assert f"Host: localhost:{listener.port}" in head
    assert "Accept-Encoding: identity" in head


def test_a_form_is_posted_and_its_status_comes_back():
    with listening(document({}, "204 No Content")) as listener:
        assert out().post_form(f"{listener.address}/logout", {"logout_token": "a.b c"}) == 204
    head, _, body = listener.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /logout HTTP/1.1")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert body == b"logout_token=a.b+c"


@pytest.mark.parametrize("status", [200, 204, 302, 400, 500, 504])
def test_any_status_answers_a_form(status):
    with listening(document({}, f"{status} x")) as listener:
        assert out().post_form(listener.address, {}) == status


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "https://[::1]:{port}/",
        "https://0x7f.1:{port}/",
        "https://2130706433:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "http://localhost:{port}/",
        "https://localhost:{port}/",
        "https://rp.internal:{port}/",
        "file:///etc/passwd",
        "gopher://localhost:{port}/",
    ],
)
@pytest.mark.parametrize("call", ["get_json", "post_form", "check"])
def test_G_02_Q_10_a_refused_name_is_not_even_connected_to(url, call):
    with listening(document({})) as listener:
        arguments = [{}] if call == "post_form" else []
        with pytest.raises(OutboundRefused):
            getattr(out(resolve, test_hosts=()), call)(url.format(port=listener.port), *arguments)
    assert listener.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["10.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]],
)
@pytest.mark.parametrize("call", ["get_json", "post_form", "check"])
def test_G_02_L_05_a_public_name_that_resolves_inwards_is_not_connected_to(addresses, call):
    tried = []
    guarded = out(names(rp__go__kr=addresses), connect=lambda *to: tried.append(to))
    with pytest.raises(OutboundRefused, match="leads to an address that is not public"):
        getattr(guarded, call)("https://rp.go.kr/", *([{}] if call == "post_form" else []))
    assert tried == []


def test_L_05_a_name_that_resolves_otherwise_the_second_time_changes_nothing():
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    tried = []

    def refused(address, _seconds):
        tried.append(address)
        raise ConnectionRefusedError

    with pytest.raises(OutboundFailed, match="cannot be reached"):
        out(lambda *_: next(answers), connect=refused).get_json("https://rp.go.kr/")
    assert tried == [("93.184.216.34", 443)]
    assert list(answers) == [["127.0.0.1"]], "the name was resolved once"


def test_a_host_named_for_tests_is_called_on_loopback_only():
    with pytest.raises(OutboundRefused):
        out(names(localhost=["93.184.216.34"])).get_json("https://localhost/")


def test_the_next_address_is_tried_when_one_does_not_answer():
    with listening(document([1])) as listener:
        tried = []

        def first_fails(address, seconds):
            tried.append(address[0])
            if address[0] == "::1":
                raise OSError
            return connect(address, seconds)

        assert out(names(localhost=["::1", "127.0.0.1"]), connect=first_fails).get_json(listener.address) == [1]
    assert tried == ["::1", "127.0.0.1"]


def test_only_a_few_addresses_of_one_name_are_tried():
    tried = []

    def fails(address, _seconds):
        tried.append(address)
        raise OSError

    with pytest.raises(OutboundFailed):
        out(names(rp__go__kr=[f"93.184.216.{i}" for i in range(50)]), connect=fails).get_json("https://rp.go.kr/")
    assert len(tried) == 4


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_G_11_no_redirect_is_followed(status):
    with listening(document({})) as target, listening(document({}, status, Location=target.address)) as listener:
        with pytest.raises(OutboundFailed, match=r"answered with status 30\d"):
            out().get_json(listener.address)
        assert out().post_form(listener.address, {}) == int(status[:3])
    assert (listener.connections, target.connections) == (2, 0)


BIG = b"a" * 10_000_000


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (raw(OK + b"Content-Length: 10000000\r\n\r\n", BIG), "more than 65536 bytes"),
        (raw(OK + b"\r\n", BIG), "more than 65536 bytes"),
        (raw(OK + b"Content-Length: 99999999999999999999\r\n\r\n[1]"), "before the document was complete"),
        (raw(OK + b"Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n", BIG), "more than 65536 bytes"),
        (raw(OK + b"Content-Length: 9\r\n\r\n[1]"), "before the document was complete"),
        (raw(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n"), "cannot be reached"),
        (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[1]"), "cannot be reached"),
        (raw(OK + b"X: " + b"a" * 70_000), "more than 65536 bytes|cannot be reached"),
        (raw(OK, *[b"X-%d: y\r\n" % i for i in range(5000)]), "more than 65536 bytes|cannot be reached"),
        (raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000), "more than 65536 bytes"),
        (raw(b"x" * 100_000), "cannot be reached|more than"),
        (raw(b"\0\xff" * 40), "cannot be reached"),
        (raw(), "cannot be reached"),
        (document(b"{"), "not JSON"),
        (document(b""), "not JSON"),
        (document(b"\xff\xfe\xfd"), "not JSON"),
        (document(b"[" * 60_000), "not JSON"),
        (document({}, "404 Not Found"), "status 404"),
        (document({}, "204 No Content"), "status 204"),
        (document(gzip.compress(b"1" * 10_000_000), Content_Encoding="gzip"), "compressed"),
        (document(b"[]", Content_Encoding="br"), "compressed"),
    ],
)
def test_G_04_a_document_that_is_too_large_broken_or_a_bomb_is_cut_off(answer, why):
    before = monotonic()
    with listening(answer) as listener, pytest.raises(OutboundFailed, match=why):
        out().get_json(listener.address)
    assert listener.connections == 1
    assert monotonic() - before < SECONDS + 1


@pytest.mark.parametrize(
    "answer",
    [
        silent,
        endless(b"", b"H", 0.1),
        endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.1),
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"1", 0.1),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n", 0.1),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.1),
    ],
    ids=["silent", "status", "headers", "body", "chunks", "continue"],
)
def test_G_04_whoever_answers_a_byte_at_a_time_is_left_after_two_seconds(answer):
    before = monotonic()
    with listening(answer) as listener, pytest.raises(OutboundFailed, match="did not answer within 2 seconds"):
        out().get_json(listener.address)
    assert SECONDS - 0.2 < monotonic() - before < SECONDS + 1


@pytest.mark.parametrize(("spent", "connections"), [(1.9, 1), (2.0, 0), (2.1, 0)])
def test_the_time_of_the_resolver_is_part_of_the_time_of_the_call(spent, connections):
    time = [100.0]

    def slow(*_question):
        time[0] += spent
        return ["127.0.0.1"]

    with listening(document([])) as listener:
        outbound = make_outbound(Network(slow, connect, lambda: time[0]), trusted_ca=None, test_hosts=HERE)
        if connections:
            assert outbound.get_json(listener.address) == []
        else:
            with pytest.raises(OutboundFailed, match="cannot be reached"):
                outbound.get_json(listener.address)
    assert listener.connections == connections


def test_the_largest_answer_that_is_allowed_is_read_whole():
    head = OK + b"\r\n"
    body = b'"' + b"a" * (MAX_ANSWER - len(head) - 2) + b'"'
    with listening(raw(head + body)) as listener:
        assert len(out().get_json(listener.address)) == len(body) - 2
    with listening(raw(head + body + b" ")) as listener, pytest.raises(OutboundFailed, match="more than"):
        out().get_json(listener.address)


def pinned(port):
    """Connects to the loopback listener whatever the address is, as if the name were public."""
    return lambda _address, seconds: connect(("127.0.0.1", port), seconds)


def test_tls_is_verified_by_the_name_that_was_asked_for(tmp_path):
    context, trusted = certificate(tmp_path, "rp.go.kr")
    resolver = names(rp__go__kr=["93.184.216.34"], other__go__kr=["93.184.216.34"])
    with listening(document([1]), context) as listener:
        trusting = out(resolver, connect=pinned(listener.port), trusted_ca=trusted)
        assert trusting.get_json("https://rp.go.kr/jwks") == [1]
        with pytest.raises(OutboundFailed, match="certificate that we trust"):
            trusting.get_json("https://other.go.kr/jwks")
        with pytest.raises(OutboundFailed, match="certificate that we trust"):
            out(resolver, connect=pinned(listener.port)).get_json("https://rp.go.kr/jwks")
    assert len(listener.requests) == 1, "nothing was said to a server that is not the one"
    assert b"Host: rp.go.kr\r\n" in listener.requests[0]


def test_old_tls_is_not_spoken(tmp_path):
    context, trusted = certificate(tmp_path, "rp.go.kr")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    resolver = names(rp__go__kr=["93.184.216.34"])
    with listening(document([1]), context) as listener, pytest.raises(OutboundFailed, match=r"certificate|reached"):
        out(resolver, connect=pinned(listener.port), trusted_ca=trusted).get_json("https://rp.go.kr/")
    assert listener.requests == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    with listening(document([2])) as proxy, listening(document([1])) as listener:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        assert out().get_json(listener.address) == [1]
    assert proxy.connections == 0


def test_a_name_that_does_not_resolve_is_a_failure_and_no_refusal():
    with pytest.raises(OutboundFailed, match="does not resolve"):
        out().check("https://rp.go.kr/")
    with pytest.raises(OutboundFailed, match="does not resolve"):
        out(names(rp__go__kr=[])).check("https://rp.go.kr/")
    assert out(names(rp__go__kr=["93.184.216.34"])).check("https://rp.go.kr/") is None


def test_the_real_resolver_knows_this_machine():
    assert set(resolve("localhost", 80, 2.0)) <= {"127.0.0.1", "::1"}


def test_a_resolver_that_hangs_is_left_in_time_and_cannot_collect_threads(monkeypatch):
    over, waiting = Event(), []

    def hang(*_arguments, **_keywords):
        waiting.append(1)
        over.wait(10)
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    for _ in range(MOST_LOOKUPS + 3):
        with pytest.raises(TimeoutError):
            resolve("rp.go.kr", 443, 0.05)
    assert len(waiting) == MOST_LOOKUPS
    over.set()
    with pytest.raises(socket.gaierror, match="unknown"):
        resolve("rp.go.kr", 443, 2.0)


@pytest.mark.parametrize("url", ["https://rp.internal/", "http://localhost:1/", "https://rp.go.kr/", '"\\'])
def test_the_reason_is_fit_for_an_error_description(url):
    with pytest.raises((OutboundFailed, OutboundRefused)) as problem:
        out().get_json(url)
    assert str(problem.value).isascii()
    assert not set(str(problem.value)) & set('"\\')
