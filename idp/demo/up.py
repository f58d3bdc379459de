"""The supervisor behind ./run: prepares the data, starts everything, and stops everything.

Preparing is done by the `idp` command itself, as an operator would do it; see `preparation`.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import sleep
from typing import TextIO

from idp.demo.children import Child, ChildError, Children, Wait
from idp.demo.place import Place, StartError, check_ports, forget, held, port_base
from idp.demo.preparing import IDP, Preparing
from idp.demo.sample_services import SAMPLE_SERVICES

READY_SECONDS = 60
SEEDED_PHONE = "+491713920012"  # from the German range that is kept for fiction
STAGES = {
    "secrets": "비밀 값 만들기 / Making secrets",
    "migrate": "데이터베이스 준비 / Preparing the database",
    "clients.family_register.app": "서비스의 키 만들기 / Making a service's key",
    "client": "서비스 네 곳 등록 / Registering the four services",
    "counter": "재외공관 창구와 담당자 만들기 / Making missions and their staff",
    "citizen": "시연용 휴대전화의 이용자 만들기 / Making the person of the demo phone",
}
"""What a person at the terminal reads while a command runs, by its first word that stands here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration until it is told to stop. Returns the exit code."""
    given = _parse(arguments)
    wait = wait_for_signals()
    try:
        place = Place(port_base(os.environ), given.var)
        with held(place.var):
            if given.fresh:
                forget(place.var)
            check_ports(place)
            return run(place, place.environ(os.environ), wait)
    except (StartError, ChildError) as refusal:
        say(str(refusal), sys.stderr)
        return 1


def wait_for_signals() -> Wait:
    """From now on Ctrl-C, SIGTERM and SIGHUP only ask to stop.

    The handler sets no threading.Event: it interrupts the very thread that waits, perhaps while that holds the
    event's lock.
    """
    asked: list[int] = []

    def wait(seconds: float) -> bool:
        sleep(seconds)
        return bool(asked)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: asked.append(number))
    return wait


def run(place: Place, environ: Mapping[str, str], wait: Wait) -> int:
    """Prepare, start, greet, and wait for the end. Raises StartError or ChildError."""
    say("시작하는 중입니다 / Starting ...")
    with Preparing(environ) as preparing:
        for step in preparation(place):
            if wait(0):
                return 0
            say(f"  {stage(step)}")
            preparing.execute(step)

    children = Children(place.var / "logs", environ)
    try:
        say("  서버와 서비스 켜기 / Starting the servers")
        for child in processes(place):
            children.start(child)
        if children.wait_until_ready(wait, READY_SECONDS):
            say(greeting(place))
            children.watch(wait)
    finally:
        say("\n멈추는 중입니다 / Stopping ...")
        children.stop()
    return 0


def preparation(place: Place) -> Iterator[list[str]]:
    """The commands after which the provider can start here; each may be repeated."""
    if not (place.var / "secrets").exists():
        yield [*IDP, "secrets", "new", str(place.var / "secrets")]
    yield [*IDP, "migrate"]
    key = place.var / "clients" / "family_register.key.json"
    if not key.exists():
        yield [sys.executable, "-m", "clients.family_register.app", "--make-key", str(key)]
    yield [
        *(*IDP, "client", "apply", "--replace-lost-secrets", "--credentials", str(place.var / "clients")),
        *(f"--set={service.folder}.base={place.address_of(service)}" for service in SAMPLE_SERVICES),
        *(f"clients/{service.folder}" for service in SAMPLE_SERVICES),
    ]
    if not (place.var / "demo-phone.json").exists():
        yield [*IDP, "lab", "counter"]
        yield [*IDP, "lab", "citizen", "--phone", SEEDED_PHONE, "--demo-phone", "--json"]


def processes(place: Place) -> Iterator[Child]:
    """What runs while the demonstration runs."""
    yield Child(
        name="provider",
        command=[*IDP, "serve"],
        port=place.port,
        path="/.well-known/openid-configuration",
    )
    yield Child(name="worker", command=[*IDP, "worker"])
    for service in SAMPLE_SERVICES:
        yield Child(
            name=service.folder,
            command=[
                *(sys.executable, "-m", f"clients.{service.folder}.app"),
                *("--credentials", str(place.credentials_of(service))),
                *("--port", str(place.port_of(service))),
            ],
            port=place.port_of(service),
        )


def stage(step: Sequence[str]) -> str:
    """What a preparing command does, for the person who waits for it."""
    return next(STAGES[word] for word in step if word in STAGES)


def greeting(place: Place) -> str:
    """What a visitor reads once everything answers."""
    services = "\n".join(f"    {place.address_of(s)}   {s.korean} · {s.english}" for s in SAMPLE_SERVICES)
    return f"""
준비되었습니다. 주소를 브라우저로 여세요. / Ready. Open in a browser:
{services}
    {place.issuer}/demo         시연 안내 · What to try
    {place.issuer}/demo/phone   시연용 휴대전화 · The demo phone: messages and passkeys

해 보세요 / Try:
  1. 정부24에서 '모바일 신분증으로 로그인'을 누르고 시연용 휴대전화로 답하세요. 인증번호도 거기로 옵니다.
     At Government 24 press "Sign in with mobile ID" and answer with the demo phone; the code arrives there too.
  2. 재외동포365민원포털을 여세요. 다시 인증하지 않아도 됩니다.
     Open Overseas Koreans 365: you are signed in without proving again.
  3. 내 기기의 패스키로 하려면 시연 안내에서 새 이용자를 등록하세요.
     To use a passkey of your own device, enrol a new citizen on the page What to try.

기록 / Logs: {place.var / "logs"}    멈추기 / Stop: Ctrl-C"""


def say(text: str, stream: TextIO | None = None) -> None:
    """Write a line for the person at the terminal, now; a terminal without Hangul shows question marks."""
    stream = stream or sys.stdout
    stream.write(text.encode(stream.encoding, "replace").decode(stream.encoding) + "\n")
    stream.flush()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run")
    parser.add_argument("--fresh", action="store_true", help="forget everything kept and start anew")
    parser.add_argument("--var", type=Path, default=Path("var"), help="keep data in this directory")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
