"""OpenTelemetry: spans of requests, steps and deliveries, with nothing in them that is anybody's."""

import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from idp import trace
from idp.operations.traced import begin_tracing
from idp.operations.tracing import ATTRIBUTES, ERROR, EVENTS, REQUEST, ROUTE, STATUS, Tracing
from idp.settings import ROOT, Settings, SettingsError
from tests.ground import PHONE, RECORD, copy_ground


@pytest.fixture
def seen():
    return InMemorySpanExporter()


@pytest.fixture
def traced(template, tmp_path, seen):
    """An installation whose spans stay in memory."""
    made = copy_ground(template, tmp_path)
    tracing = Tracing(SimpleSpanProcessor(seen))
    trace(made.app, made.provider, tracing)
    yield made
    tracing.close()
    made.provider.database.engine.dispose()


def test_Y_04_a_sign_in_leaves_spans_and_nothing_of_the_person_in_them(traced, seen):
    service, citizen, browser = traced.register(), traced.enrol(), traced.browser()
    browser.authorize(service, login_hint="someone@example.org")
    browser.passkey(citizen)
    code = traced.codes()[0]
    browser.code()
    browser.consent()
    given = browser.answer(service)["code"]
    token = browser.token(service, given).get_json()["access_token"]
    traced.browser().get(f"/nowhere/{PHONE}?{code}", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    spans = seen.get_finished_spans()
    requests = [span for span in spans if span.attributes.get(ROUTE)]
    assert {"GET /authorize", "POST /sign-in/passkey", "POST /token", "GET none"} <= {span.name for span in requests}
    assert all(re.fullmatch("[0-9a-f]{32}", span.attributes[REQUEST]) for span in requests)
    assert {tag for span in spans for tag in span.attributes.get(EVENTS, ())} >= {"client:token:issued"}
    [step] = [span for span in spans if "client:token:issued" in span.attributes.get(EVENTS, ())]
    [around] = [span for span in requests if span.name == "POST /token"]
    assert step.parent.span_id == around.context.span_id
    assert {name for span in spans for name in span.attributes} <= ATTRIBUTES
    assert all(not span.events for span in spans), "an exception's text would stand in an event"
    text = json.dumps([json.loads(span.to_json()) for span in spans], ensure_ascii=False)
    for secret in (PHONE, PHONE[3:], RECORD.korean.full, RECORD.latin.full, given, token, "someone", "a" * 32):
        assert secret not in text
    assert f'"{code}"' not in text


def test_Y_06_a_failure_tells_its_kind_and_not_its_words(traced, seen, monkeypatch):
    traced.app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(traced.provider.clients, "find", lambda _: 1 / 0)
    assert traced.browser().get("/authorize?client_id=x").status_code == 500
    [span] = [span for span in seen.get_finished_spans() if span.attributes.get(ROUTE) == "/authorize"]
    assert span.attributes[STATUS] == 500
    assert not span.status.is_ok
    assert "division" not in span.to_json()


def test_a_delivery_has_a_span(seen):
    tracing = Tracing(SimpleSpanProcessor(seen))
    assert (
        tracing.delivery("text_message", lambda _item, payload: payload)("item", b"+4915112345678") == b"+4915112345678"
    )
    with pytest.raises(ZeroDivisionError):
        tracing.delivery("mail", lambda: 1 / 0)()
    good, bad = seen.get_finished_spans()
    assert (good.name, dict(good.attributes)) == ("deliver text_message", {"idp.kind": "text_message"})
    assert bad.attributes[ERROR] == "ZeroDivisionError"
    tracing.close()


class Collector(BaseHTTPRequestHandler):
    """Takes spans as a collector does."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_spans_reach_a_collector_by_otlp(template, tmp_path):
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.taken = []
    serving = Thread(target=server.serve_forever)
    serving.start()
    made = copy_ground(template, tmp_path)
    tracing = begin_tracing(Settings(otlp_endpoint=f"http://127.0.0.1:{server.server_port}"))
    trace(made.app, made.provider, tracing)
    made.browser().get("/livez")
    tracing.close()
    server.shutdown()
    serving.join()
    server.server_close()
    [(path, sent)] = server.taken
    assert path == "/v1/traces"
    assert [span.name for span in sent.resource_spans[0].scope_spans[0].spans] == ["GET /livez"]
    made.provider.database.engine.dispose()


def test_without_the_setting_the_packages_are_not_even_loaded():
    look = "import idp, sys; print(any(name.startswith('opentelemetry') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert begin_tracing(Settings()) is None


def test_without_the_packages_the_setting_is_refused_in_one_line(monkeypatch):
    monkeypatch.delitem(sys.modules, "idp.operations.tracing")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match="install the extra `tracing`"):
        begin_tracing(Settings(otlp_endpoint="http://127.0.0.1:4318"))


def test_every_attribute_is_listed_for_operators():
    readme = (ROOT / "idp/operations/README.md").read_text("utf-8")
    listed = set(re.findall(r"`((?:http|idp|error)\.[a-z_.]+)`", readme))
    assert listed == ATTRIBUTES
