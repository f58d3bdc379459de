"""Our side: the provider as an operator starts it, on a PostgreSQL server of its own, with its delivery worker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.database import running_cluster
from tests.bench.http_client import Connection
from tests.bench.our_flow import DISCOVERY
from tests.bench.processes import ProcessTree
from tests.bench.relying_party import expect
from tests.bench.server_process import BenchError, running
from tests.bench.side import Side
from tests.bench.target import Item, Target

ROOT = Path(__file__).parents[2]
IDP = (sys.executable, "-c", "from idp.command import main; main(prog_name='idp')")
COMMAND_SECONDS = 600  # a machine may be busy
ALWAYS = frozenset({"sign_in", "refresh", "userinfo", "discovery", "jwks"})


@contextmanager
def running_ours(scratch: Path, port: int, scope: str) -> Iterator[Side]:
    """The provider on `port`, with everything it keeps under `scratch`."""
    home = scratch / "ours"
    home.mkdir()
    with running_cluster(scratch / "our-postgres", "idp") as cluster:
        environment = environment_of(home, port, cluster.socket_directory)
        run_idp(environment, "secrets", "new", str(home / "secrets"))
        run_idp(environment, "migrate")
        target = register(environment, home, port, scope)
        public = register(environment, home, port, f"{scope} offline_access", public=True)
        machine = register(environment, home, port, scope, access_token_format="jwt")
        serve, worker = [*IDP, "serve"], [*IDP, "worker"]
        with (
            running(serve, environment=environment, directory=ROOT, log=home / "serve.log", port=port) as server,
            running(worker, environment=environment, directory=ROOT, log=home / "worker.log") as delivery,
        ):
            yield Side(
                target,
                public,
                machine,
                ProcessTree(server),
                ProcessTree(delivery),
                cluster,
                _offered(port),
                lambda count: people_of(environment, count),
                lambda address: _delivering_to(environment, home, ProcessTree(delivery), address),
            )


def environment_of(home: Path, port: int, socket_directory: Path) -> dict[str, str]:
    """The demonstration's configuration, moved to this database and this port; one worker process."""
    return {
        "IDP_CONFIG": str(ROOT / "config" / "development.toml"),
        "IDP_ISSUER": f"http://localhost:{port}",
        "IDP_BIND": f"127.0.0.1:{port}",
        "IDP_WORKERS": "1",
        "IDP_VAR": str(home),
        "IDP_DATABASE_URL": f"postgresql+psycopg://postgres@/idp?host={socket_directory}",
        "IDP_DATABASE_POOL": "5",
        "IDP_SECRETS_FILE": str(home / "secrets"),
        "IDP_MESSAGES_FILE": str(home / "messages.jsonl"),
    }


@contextmanager
def _delivering_to(environment: Mapping[str, str], home: Path, usual: ProcessTree, address: str) -> Iterator[None]:
    """Another worker in the place of the usual one, which sends through a relay."""
    secret, accounts = home / "relay-secret", home / "gateways.toml"
    secret.write_text("bench")
    secret.chmod(0o600)
    accounts.write_text(f'[relay]\nkind = "relay"\nurl = "{address}"\nsecret_file = "{secret}"\n')
    elsewhere = {**environment, "IDP_GATEWAYS_FILE": str(accounts)}
    _signal(usual, signal.SIGSTOP)
    try:
        log = home / "relay-worker.log"
        with running([*IDP, "worker"], environment=elsewhere, directory=ROOT, log=log):
            _wait_for_line(log, "worker started")
            yield
    finally:
        _signal(usual, signal.SIGCONT)


def _wait_for_line(log: Path, words: str) -> None:
    deadline = time.monotonic() + COMMAND_SECONDS
    while words not in log.read_text("utf-8", "replace"):
        if time.monotonic() > deadline:
            raise BenchError(f"the worker did not start: {log.read_text('utf-8', 'replace')[-400:]}")
        time.sleep(0.05)


def _signal(processes: ProcessTree, number: int) -> None:
    for pid in processes.members():
        os.kill(pid, number)


def register(
    environment: Mapping[str, str],
    home: Path,
    port: int,
    scope: str,
    *,
    public: bool = False,
    access_token_format: str = "opaque",
) -> Target:
    """Register a client that the bench plays."""
    redirect_uri = "https://service.example/callback"
    metadata = {
        "client_name": "Bench",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token", *([] if public else ["client_credentials"])],
        "token_endpoint_auth_method": "none" if public else "client_secret_basic",
        "scope": scope,
        "access_token_format": access_token_format,
        **({} if public else {"machine_scope": "bench"}),
    }
    file = home / "client.json"
    file.write_text(json.dumps(metadata))
    registered = json.loads(run_idp(environment, "client", "add", "--file", str(file)))
    return Target(
        side="ours",
        host="localhost",
        port=port,
        client_id=registered["client_id"],
        client_secret=registered.get("client_secret", ""),
        redirect_uri=redirect_uri,
        scope=scope,
        messages=home / "messages.jsonl",
    )


def _offered(port: int) -> frozenset[str]:
    """What can be measured, by the provider's own discovery document, so that the bench grows with it."""
    connection = Connection(port, host="localhost")
    try:
        metadata = json.loads(expect(connection.request("GET", DISCOVERY, {}), 200, "discovery").body)
    finally:
        connection.close()
    found = set(ALWAYS)
    if "introspection_endpoint" in metadata:
        found.add("introspection")
    if "client_credentials" in metadata["grant_types_supported"]:
        found |= {"client_credentials", "signed_client_credentials"}
    return frozenset(found)


def run_idp(environment: Mapping[str, str], *arguments: str) -> str:
    """Run one `idp` command and return what it printed."""
    return _run([*IDP, *arguments], environment, f"idp {arguments[0]}")


def people_of(environment: Mapping[str, str], count: int) -> list[Item]:
    """Enrolled people who have never signed in."""
    said = _run([sys.executable, "-m", "tests.bench.citizens", str(count)], environment, "making citizens")
    return [json.loads(line) for line in said.splitlines()]


def _run(command: list[str], environment: Mapping[str, str], what: str) -> str:
    done = subprocess.run(
        command,
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{what} failed: {' '.join(done.stderr.splitlines()[-4:])}")
    return done.stdout
