"""`./bench failure`: what breaks when something is killed, stopped or overrun, on loopback and PostgreSQL.

Each part prints one line and keeps its goal or does not. The provider runs as an operator starts it: `idp serve` with
two workers and `idp worker`, on a PostgreSQL server of its own, which the bench stops and starts.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import click
import psycopg

from tests.bench.database import Cluster, running_cluster
from tests.bench.driver import lanes_of
from tests.bench.http_client import AnswerError, Connection
from tests.bench.our_flow import sign_in
from tests.bench.our_server import IDP, ROOT, environment_of, people_of, register, run_idp
from tests.bench.overload import Load, overload
from tests.bench.processes import ProcessTree
from tests.bench.server_process import refuse_busy_port, running
from tests.bench.slow_callers import slow_callers
from tests.bench.target import Item, Target

DATABASE = "idp"
CLIENTS = 4
SETTLE_SECONDS = 150.0  # a killed worker's lease runs out first
AWAY_SECONDS = 4.0
UNKNOWN_CLIENT = 400  # the page that needs the database, when that is there
LONGEST_ANSWER_SECONDS = 10.0

CODES = (
    "SELECT count(*) FROM audit_events WHERE event = 'provider:phone_code:sent'"
    " OR event = 'person:passkey:verified' AND detail::jsonb ->> 'code_sent' IS NOT NULL"
)
#: Two counts that must be equal, whatever was killed: what a step leaves beside its audit row, and that row.
EQUAL: dict[str, tuple[str, tuple[str, ...]]] = {
    "sign-ins": ("sign_ins", ("person:passkey:verified",)),
    "sessions": ("sessions", ("person:session:started",)),
    "grants": ("grants", ("person:consent:given", "provider:authorization_code:issued")),
    "access tokens": ("access_tokens", ("client:token:issued",)),
}


@dataclass
class House:
    """The running provider, and what the parts do to it."""

    environment: dict[str, str]
    home: Path
    port: int
    cluster: Cluster
    target: Target
    serving: ExitStack = field(default_factory=ExitStack)
    delivering: ExitStack = field(default_factory=ExitStack)
    server: int = 0
    worker: int = 0

    def serve(self) -> None:
        """Start `idp serve`."""
        log = self.home / "serve.log"
        made = running([*IDP, "serve"], environment=self.environment, directory=ROOT, log=log, port=self.port)
        self.server = self.serving.enter_context(made)

    def deliver(self) -> None:
        """Start `idp worker`, as systemd does again when it is gone."""
        log = self.home / "worker.log"
        made = running([*IDP, "worker"], environment=self.environment, directory=ROOT, log=log)
        self.worker = self.delivering.enter_context(made)

    def ask(self, statement: str) -> int:
        """One number from the database, on a connection of its own."""
        with psycopg.connect(host=str(self.cluster.socket_directory), user="postgres", dbname=DATABASE) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row[0])


def say(part: str, met: bool, words: str) -> bool:
    """Print how a part went; whether it kept its goal."""
    click.echo(f"  {part:34} {'kept' if met else 'MISSED':7} {words}")
    return met


def stream(house: House, people: Sequence[Item], meanwhile: Callable[[], None]) -> Counter[str]:
    """Sign everybody in, a few at once, while something happens; how many did and what the others met."""
    outcomes: Counter[str] = Counter()
    begun = Event()

    def work(lane: Sequence[Item]) -> None:
        for number, item in enumerate(lane):
            if number == 1:
                begun.set()
            connection = Connection(house.port, host=house.target.host)
            try:
                sign_in(connection, house.target, item)
                outcomes["signed in"] += 1
            except (AnswerError, OSError) as error:
                outcomes[str(error)[:60]] += 1
            finally:
                connection.close()

    with ThreadPoolExecutor(CLIENTS) as threads:
        lanes = [threads.submit(work, lane) for lane in lanes_of(people, CLIENTS)]
        begun.wait(60)
        meanwhile()
        for lane in lanes:
            lane.result()
    return outcomes


def settled(house: House) -> bool:
    """Wait until nothing is to be delivered any more."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        if house.ask("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL") == 0:
            return True
        time.sleep(1)
    return False


def whole(house: House) -> list[str]:
    """What does not belong together in the database and in the file of messages; nothing, if all is well."""
    found = [] if settled(house) else ["messages still wait"]
    for name, (table, tags) in EQUAL.items():
        listed = ", ".join(f"'{tag}'" for tag in tags)
        rows = house.ask(f"SELECT count(*) FROM {table}")
        acts = house.ask(f"SELECT count(*) FROM audit_events WHERE event IN ({listed})")
        if rows != acts:
            found.append(f"{name}: {rows} rows, {acts} acts")
    lines = map(json.loads, (house.home / "messages.jsonl").read_text("utf-8").splitlines())
    sent = Counter((line["to"], line["code"]) for line in lines)
    codes = house.ask(CODES)
    if len(sent) != codes:
        found.append(f"{codes} codes, {len(sent)} of them sent")
    twice = sum(1 for times in sent.values() if times > 1)
    if twice:
        found.append(f"{twice} codes sent twice")
    return found


def serving_workers(house: House) -> list[int]:
    """The processes that answer, the busiest first."""
    children = ProcessTree(house.server).members()[1:]
    return sorted(children, key=lambda pid: -ProcessTree(pid).cpu_seconds())


def kill_serving(house: House, count: int) -> bool:
    """SIGKILL of a serving worker in the middle of a stream of sign-ins."""
    outcomes = stream(
        house, people_of(house.environment, count), lambda: os.kill(serving_workers(house)[0], signal.SIGKILL)
    )
    wrong = whole(house)
    met = not wrong and outcomes["signed in"] >= count - 2 * CLIENTS
    return say("a serving worker killed", met, f"{dict(outcomes)}; {'; '.join(wrong) or 'everything belongs together'}")


def kill_delivery(house: House, count: int) -> bool:
    """SIGKILL of the delivery worker in the middle of a stream; another one starts, as systemd starts it."""

    def meanwhile() -> None:
        os.kill(house.worker, signal.SIGKILL)
        house.delivering.close()
        house.deliver()

    outcomes = stream(house, people_of(house.environment, count), meanwhile)
    wrong = whole(house)
    met = not wrong and outcomes["signed in"] >= count - 2 * CLIENTS
    return say("the delivery worker killed", met, f"{dict(outcomes)}; {'; '.join(wrong) or 'each code sent once'}")


def database_away(house: House, count: int) -> bool:
    """PostgreSQL stopped at once and started again under a stream: 503 meanwhile, and well again by itself."""
    answers: Counter[int] = Counter()
    longest = 0.0

    def look(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        nonlocal longest
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            began = time.monotonic()
            answers[status_of(house)] += 1
            longest = max(longest, time.monotonic() - began)

    def meanwhile() -> None:
        house.cluster.stop()
        look(AWAY_SECONDS)
        house.cluster.start()
        look(30, lambda: status_of(house) == UNKNOWN_CLIENT)

    outcomes = stream(house, people_of(house.environment, count), meanwhile)
    again = stream(house, people_of(house.environment, CLIENTS), lambda: None)
    wrong = whole(house)
    met = not wrong and set(answers) <= {UNKNOWN_CLIENT, 503} and answers[503] > 0 and again["signed in"] == CLIENTS
    met = met and longest < LONGEST_ANSWER_SECONDS
    said = f"answers {dict(answers)}, longest {longest:.1f} s; meanwhile {dict(outcomes)}; then {dict(again)}"
    return say("PostgreSQL stopped and started", met, f"{said}; {'; '.join(wrong) or 'everything belongs together'}")


def status_of(house: House) -> int:
    """What a page that needs the database is answered with; 0 for no answer."""
    connection = Connection(house.port, host="localhost")
    try:
        return connection.request("GET", "/authorize?client_id=nobody", {}).status
    except (AnswerError, OSError):
        return 0
    finally:
        connection.close()


def stop_under_load(house: House) -> bool:
    """SIGTERM while requests are under way: each that was sent before it is answered."""
    told, lost, answered = Event(), 0, 0
    stopped_at = float("inf")

    def work() -> tuple[int, int]:
        connection, good, bad = Connection(house.port, host="localhost"), 0, 0
        while not told.is_set():
            sent_at = time.monotonic()
            try:
                connection.request("GET", "/", {})
                good += 1
            except (AnswerError, OSError):
                bad += sent_at < stopped_at
                break
        connection.close()
        return good, bad

    with ThreadPoolExecutor(CLIENTS) as threads:
        found = [threads.submit(work) for _ in range(CLIENTS)]
        time.sleep(2)
        stopped_at = time.monotonic()
        os.kill(house.server, signal.SIGTERM)
        time.sleep(2)
        told.set()
        for one in found:
            answered, lost = answered + one.result()[0], lost + one.result()[1]
    house.serving.close()
    return say("SIGTERM under load", lost == 0, f"{answered} answered, {lost} lost")


def overrun(house: House) -> bool:
    """Three times of what can be answered is offered."""
    result = overload(Load(house.port, "/"))
    met = result.ratio >= 0.9 and result.p99 <= 5.0
    return say(
        "three times saturation",
        met,
        f"peak {result.peak:.0f}/s, offered {result.offered:.0f}/s, answered {result.goodput:.0f}/s"
        f" ({result.ratio:.2f}, goal 0.9), p99 {result.p99:.2f} s, turned away {result.refused}",
    )


def slow(house: House, behind: bool) -> bool:
    """Callers who send a byte now and then: other people still get answers."""
    found = slow_callers(house.home, house.port, behind_nginx=behind)
    where = "behind nginx" if behind else "straight at granian"
    met = True
    for kind, (good, longest) in found.items():
        known = not behind and kind == "bodies"  # what nginx is there for; the sample says so
        words = f"others are answered: {good}, longest {longest:.2f} s{' (nginx is there for it)' if known else ''}"
        met &= say(f"slow {kind} {where}", good or known, words)
    return met


@click.command()
@click.option("--people", default=40, show_default=True, type=click.IntRange(8, 1000), help="In each stream.")
@click.option("--port-base", default=9400, show_default=True, type=click.IntRange(1024, 65_000), help="First of ports.")
@click.option("--part", multiple=True, help="These alone: serving, delivery, database, overload, slow, term.")
def main(*, people: int, port_base: int, part: tuple[str, ...]) -> None:
    """What breaks when something is killed, stopped or overrun; exits with 1 when a goal is missed."""
    refuse_busy_port(port_base)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        cluster = stack.enter_context(running_cluster(scratch / "postgres", DATABASE))
        house = _house(scratch / "ours", port_base, cluster)
        stack.push(house.serving)
        stack.push(house.delivering)
        parts: dict[str, Callable[[], bool]] = {
            "serving": lambda: kill_serving(house, people),
            "delivery": lambda: kill_delivery(house, people),
            "database": lambda: database_away(house, people),
            "overload": lambda: overrun(house),
            "slow": lambda: slow(house, behind=False) & slow(house, behind=True),
            "term": lambda: stop_under_load(house),
        }
        met = [act() for name, act in parts.items() if not part or name in part]
    sys.exit(not all(met))


def _house(home: Path, port: int, cluster: Cluster) -> House:
    home.mkdir()
    environment = environment_of(home, port, cluster.socket_directory) | {"IDP_WORKERS": "2"}
    run_idp(environment, "secrets", "new", str(home / "secrets"))
    run_idp(environment, "migrate")
    house = House(environment, home, port, cluster, register(environment, home, port, "openid profile"))
    house.serve()
    house.deliver()
    return house


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(prog_name="./bench failure")
