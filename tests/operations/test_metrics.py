"""`idp metrics`: what several processes counted, shown on the internal address and nowhere else."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPConnection
from uuid import UUID

import pytest

from idp.audit.catalogue import AuditRow, Event
from idp.command import main
from idp.delivery.budget import Cost, money_counts
from idp.delivery.outbox import HandedOver
from idp.journal import JsonLines
from idp.operations.counting import DIRECTORY, begin_counting, forget_the_dead
from idp.operations.gauges import Gauge
from idp.operations.listener import SELDOM_SECONDS, GaugeCollector, Seldom
from idp.settings import Settings, SettingsError, describe
from idp.storage.dispatches import SqlDispatches
from idp.storage.gauges import read_gauges
from idp.storage.message_counts import SETTLED_AFTER_SECONDS, count_messages
from idp.storage.outbox import SqlOutbox
from idp.storage.send_counts import SendCounts
from idp.telephony.channel import Channel
from idp.telephony.dispatch import Outline
from idp.telephony.limits import Count, Kind
from tests.ground import copy_ground
from tests.hostile.listener import ROOT, free_port, serving, wait_for

README = (ROOT / "idp/operations/README.md").read_text("utf-8")
LISTED = set(re.findall(r"^\| `(idp_[a-z_]+)` \|", README, re.MULTILINE))


def get(port, path, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


@pytest.fixture(scope="module")
def running(template, tmp_path_factory):
    """`idp serve` with two workers, and `idp metrics` beside it."""
    directory = tmp_path_factory.mktemp("metrics")
    made = copy_ground(template, directory)
    url = made.provider.settings.database_url
    internal = free_port()
    bind = {"IDP_METRICS_BIND": f"127.0.0.1:{internal}"}
    places = {
        "IDP_DATABASE_URL": url,
        "IDP_SECRETS_FILE": str(directory / "secrets"),
        "IDP_VAR": str(directory),
    }
    metrics = subprocess.Popen([sys.executable, "-m", "idp", "metrics"], cwd=ROOT, env=os.environ | bind | places)
    wait_for(internal, metrics)
    with serving(directory, url, workers=2, more=bind) as port:
        yield port, internal
    metrics.terminate()
    assert metrics.wait(20) == 0
    made.provider.database.engine.dispose()


def numbers(text, name):
    """Every sample of a metric: labels to value."""
    found = re.findall(rf"^{name}(\{{[^}}]*\}})? ([0-9.e+-]+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_what_all_workers_answered_is_shown_together(running):
    port, internal = running
    for _ in range(20):  # a new connection each: the kernel gives them to both workers
        assert get(port, "/livez", Host="localhost:9000").status == 200
    assert get(port, "/nothing/at/all", Host="localhost:9000").status == 404
    shown = get(internal, "/metrics").text
    counts = numbers(shown, "idp_requests_total")
    assert counts['{method="GET",route="/livez",status="200"}'] == 20
    assert counts['{method="GET",route="none",status="404"}'] >= 1
    assert "/nothing" not in shown
    assert numbers(shown, "idp_database_up") == {"": 1.0}
    assert numbers(shown, "idp_messages_waiting") == {"": 0.0}
    assert set(numbers(shown, "idp_send_budget_used_ratio")) == {
        '{budget="all-money",region=""}',
        '{budget="all-new-money",region=""}',
    }


def test_it_says_that_it_is_ready(running):
    answer = get(running[1], "/readyz")
    assert (answer.status, answer.text) == (200, "ready\n")


@pytest.mark.parametrize("path", ["/", "/livez", "/authorize", "/metrics/", "/readyz?x", "/jwks"])
def test_H_08_the_internal_address_has_two_paths(running, path):
    assert get(running[1], path).status == 404


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz", "/metrics/", "/debug", "/status"])
def test_H_08_the_public_address_shows_nothing_internal(running, path):
    assert get(running[0], path, Host="localhost:9000").status == 404


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0:9464",
        "[::]:9464",
        "8.8.8.8:9464",
        "localhost:9464",
        "127.0.0.1",
        ":9464",
        "127.0.0.1:x",
        "127.0.0.1:9000",
    ],
)
def test_H_08_an_address_that_others_reach_is_refused(address):
    with pytest.raises(SettingsError, match="metrics_bind"):
        Settings(metrics_bind=address)


@pytest.mark.parametrize("address", ["127.0.0.1:9464", "10.1.2.3:9464", "[::1]:9464", ""])
def test_internal_addresses_are_accepted(address):
    assert Settings(metrics_bind=address).metrics_bind == address


def test_nothing_is_counted_unless_asked_for():
    assert begin_counting(Settings()) is None


def test_counts_of_processes_that_are_gone_are_forgotten(tmp_path):
    for name in ("counter_999999999.db", "histogram_999999999.db", "counter_1.db", "other.txt"):
        (tmp_path / name).touch()
    assert forget_the_dead(tmp_path) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"counter_1.db", "other.txt"}


def test_the_gauges_say_what_stands_in_the_database(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)

    def read():
        return {gauge.name: gauge.value for gauge in read_gauges(ground.provider.database, ground.clock())}

    ground.clock.now += 30
    assert (read()["idp_outbox_waiting"], read()["idp_outbox_late_seconds"]) == (1, 30)
    (item,) = SqlOutbox(ground.provider.database).lease(ground.clock(), 1, 60)
    assert read()["idp_outbox_late_seconds"] == 0, "a worker has it"
    ground.clock.now += 70
    assert read()["idp_outbox_late_seconds"] == 10, "and died"
    SqlOutbox(ground.provider.database).retry(item.id, ground.clock(), "twilio 503")
    ground.clock.now -= 70
    assert "idp_audit_seal_age_seconds" not in read()
    assert read()["idp_audit_unsealed"] >= 2
    ground.provider.ledger.seal()
    ground.clock.now += 5
    assert (read()["idp_audit_unsealed"], read()["idp_audit_seal_age_seconds"]) == (0, 5)
    assert read()["idp_signing_key_age_seconds"] == 35
    assert set(read()) | {"idp_database_up"} <= LISTED


def test_a_database_that_is_away_shows_as_that():
    def away():
        raise OSError

    found = {metric.name: metric.samples[0].value for metric in GaugeCollector(away).collect()}
    assert found == {"idp_database_up": 0.0}
    there = GaugeCollector(lambda: [Gauge("idp_x", "x", 3)])
    assert {metric.name: metric.samples[0].value for metric in there.collect()} == {"idp_database_up": 1.0, "idp_x": 3}


def test_what_is_dear_is_made_seldom_and_a_database_that_is_away_ends_nothing():
    made, now = [], [100]

    def make():
        made.append(now[0])
        if len(made) == 1:
            raise OSError
        return f"idp_x {len(made)}\n"

    figures = Seldom(make, lambda: now[0])
    assert [figures(), figures(), figures()] == ["", "idp_x 2\n", "idp_x 2\n"]
    now[0] += SELDOM_SECONDS
    assert figures() == "idp_x 3\n"


def test_the_figures_of_codes_stand_in_the_database(either_ground):
    """A country at four fifths of its budget, and one whose codes nobody types."""
    ground = either_ground
    wired = ground.provider
    desk = wired.phones
    limits = wired.limits_in("DE")
    counts = money_counts(Cost("DE", Channel.SMS, is_new=False), limits.country_money * 4 // 5, wired.keyed.send_count)
    judged = Count(
        Kind.NEW_IN_COUNTRY, wired.keyed.send_count.number(Kind.NEW_IN_COUNTRY.value, "DE"), limits.breaker_least
    )
    with wired.database.begin() as step:
        SendCounts(step).raise_all([*counts, judged], ground.clock())
    memory = SqlDispatches(wired.database)
    outline = Outline(id=UUID(int=1), about=None, channel=Channel.SMS, region="DE", asked_at=ground.clock(), price=1100)
    memory.trying(outline, "infobip", ["twilio"], known=False)
    SqlOutbox(wired.database).delivered(outline.id, HandedOver("x"))
    count_messages(wired.database, ground.clock() + SETTLED_AFTER_SECONDS + 1)
    shown = desk.exposition()
    assert numbers(shown, "idp_send_budget_used_ratio")['{budget="country-money",region="DE"}'] == 0.8
    assert numbers(shown, "idp_new_numbers_closed")['{region="DE"}'] == 1
    cell = 'region="DE",channel="sms"'
    assert numbers(shown, "idp_messages_total") == {
        f'{{{cell},gateway="infobip",outcome="sent"}}': 1,
        f'{{{cell},gateway="twilio",outcome="failed"}}': 1,
    }
    assert set(re.findall(r"^# TYPE (\S+)", shown, re.MULTILINE)) <= LISTED


def test_committed_acts_are_counted_and_rolled_back_ones_are_not(ground):
    told = []
    ground.provider.database.committed = told.extend
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    browser.tokens(service, citizen)
    assert sorted([*told, Event.KEYS_CREATED.tag]) == sorted(ground.events())
    assert Event.TOKENS_ISSUED.tag in told
    before = len(told)
    with suppress(ZeroDivisionError), ground.provider.database.begin() as step:
        step.record(AuditRow(Event.TOKENS_ISSUED, 1))
        step.record(AuditRow(Event.TOKENS_ISSUED, 1 // 0))
    assert len(told) == before


def test_acts_at_sandbox_clients_are_not_counted_with_those_of_the_house(ground):
    told, database = [], ground.provider.database
    database.committed, database.uncounted = told.extend, {"trial"}.__contains__
    for client in ("trial", "gov24", None):
        with database.begin() as step:
            step.record(AuditRow(Event.TOKENS_ISSUED, 1, client=client))
    assert told == [Event.TOKENS_ISSUED.tag] * 2


EXPRESSIONS = [
    rule["expr"]
    for group in json.loads((ROOT / "config/prometheus-rules.json").read_text("utf-8"))["groups"]
    for rule in group["rules"]
] + [
    target["expr"]
    for panel in json.loads((ROOT / "config/grafana-dashboard.json").read_text("utf-8"))["panels"]
    for target in panel["targets"]
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_dashboard_and_alerts_ask_for_what_there_is(expression):
    asked = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bidp_[a-z_]+", expression)}
    assert asked <= LISTED
    assert asked or "up{" in expression
    tags = {event.tag for event in Event}
    for wanted in re.findall(r'event=~?"([^"]+)"', expression):
        assert any(re.fullmatch(wanted, tag) for tag in tags), wanted
        if "(" not in wanted and "." not in wanted:
            assert set(wanted.split("|")) <= tags


def test_every_alert_says_what_to_do():
    groups = json.loads((ROOT / "config/prometheus-rules.json").read_text("utf-8"))["groups"]
    for rule in groups[0]["rules"]:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in {"page", "ticket"}


RUNBOOK = (ROOT / "idp/operations/RUNBOOK.md").read_text("utf-8")


def test_the_runbook_has_an_entry_for_each_alarm_and_for_no_other():
    groups = json.loads((ROOT / "config/prometheus-rules.json").read_text("utf-8"))["groups"]
    alarms = [rule["alert"] for group in groups for rule in group["rules"]]
    entries = re.findall(r"^### ([A-Za-z]+)\n+(.{20,})", RUNBOOK.split("## What each alarm means")[1], re.MULTILINE)
    assert [name for name, _ in entries] == alarms


def test_the_runbook_names_only_commands_and_settings_that_exist():
    for line in re.findall(r"`idp ((?:[a-z]+-?)+(?: [a-z]+(?:-[a-z]+)*)?)", RUNBOOK):
        found = main
        for word in line.split():
            found = found.commands.get(word) if hasattr(found, "commands") else found
            assert found is not None, line
    settings = {name for name, _, _ in describe()}
    assert set(re.findall(r"`(database_url|audit_[a-z_]+|otlp_[a-z]+)`", RUNBOOK)) <= settings


def test_the_dashboard_has_a_place_for_each_panel():
    panels = json.loads((ROOT / "config/grafana-dashboard.json").read_text("utf-8"))["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_each_line_of_a_request_carries_its_id_and_the_answer_shows_it(ground, caplog):
    with caplog.at_level("INFO"):
        answer = ground.browser().get("/authorize?client_id=nobody")
    shown = answer.headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", shown)
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    assert {line["request"] for line in lines} == {shown}
    assert ground.browser().get("/livez").headers["X-Request-Id"] != shown


@pytest.mark.parametrize("given", ["f" * 32, "short", "f" * 33, "../" + "f" * 29, "f" * 31 + "\u00e9"])
@pytest.mark.parametrize("behind_proxy", [True, False])
def test_Y_05_only_nginx_names_a_request_and_only_in_its_own_form(template, tmp_path, given, behind_proxy):
    made = copy_ground(template, tmp_path, behind_proxy=behind_proxy)
    shown = made.browser().get("/livez", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (shown == given) == (behind_proxy and given == "f" * 32)
    made.provider.database.engine.dispose()


def test_the_files_of_the_counts_are_nobody_elses(tmp_path, monkeypatch):
    monkeypatch.setenv(DIRECTORY, "")
    begin = begin_counting(Settings(metrics_bind="127.0.0.1:9464", var=tmp_path))
    assert begin is not None
    assert (tmp_path / "metrics").stat().st_mode & 0o077 == 0
