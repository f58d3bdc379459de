"""The peer: npm oidc-provider, installed from its lock file and started on a PostgreSQL server of its own."""

import os
import platform
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from tests.bench import peer_flow
from tests.bench.database import running_cluster
from tests.bench.processes import ProcessTree
from tests.bench.server_process import BenchError, running
from tests.bench.side import Side
from tests.bench.target import Item, Target

SOURCE = Path(__file__).parent / "peer"
NODE_MAJOR = 22  # the package asks for it, and warns on anything older
NODE_VERSION = "22.23.3"
INSTALL_SECONDS = 300
OPERATIONS = frozenset(peer_flow.OPERATIONS)


@dataclass(frozen=True, slots=True)
class InstalledPeer:
    """Where the peer's packages are, and the node that runs them."""

    directory: Path
    node: Path


@contextmanager
def running_peer(peer: InstalledPeer, scratch: Path, port: int, scope: str) -> Iterator[Side]:
    """The peer on `port`; what it keeps is under `scratch`."""
    target = Target(
        side="peer",
        host="127.0.0.1",
        port=port,
        client_id="bench",
        client_secret=secrets.token_urlsafe(32),
        redirect_uri="https://service.example/callback",
        scope=scope,
    )
    public = replace(target, client_id="bench-public", client_secret="", scope=f"{scope} offline_access")
    with running_cluster(scratch / "peer-postgres", "peer") as cluster:
        environment = {
            "NODE_ENV": "production",
            "PORT": str(port),
            "PGHOST": str(cluster.socket_directory),
            "PGUSER": "postgres",
            "PGDATABASE": "peer",
            "CLIENT_ID": target.client_id,
            "CLIENT_SECRET": target.client_secret,
            "PUBLIC_CLIENT_ID": public.client_id,
            "REDIRECT_URI": target.redirect_uri,
        }
        command = [str(peer.node), "peer.mjs"]
        log = scratch / "peer.log"
        with running(command, environment=environment, directory=peer.directory, log=log, port=port) as pid:
            yield Side(target, public, target, ProcessTree(pid), None, cluster, OPERATIONS, _people)


def _people(count: int) -> list[Item]:
    """The peer believes any name, so everybody is already there."""
    return [{"account": secrets.token_hex(8)} for _ in range(count)]


def install(directory: Path) -> InstalledPeer:
    """Install the peer's packages into `directory` unless they are there. Raises BenchError without node or npm."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise BenchError("the peer needs node and npm, which are not here; on Debian: apt-get install nodejs npm")
    peer = directory / "peer"
    peer.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        shutil.copy(file, peer)
    lock = sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    _once(peer / "installed", lock, lambda: _npm(npm, peer, "ci"))
    return InstalledPeer(peer, _node(npm, directory / "node"))


def _node(npm: str, directory: Path) -> Path:
    """The system's node if it is young enough, else one from the npm registry beside the peer."""
    system = shutil.which("node") or ""
    said = subprocess.run([system, "--version"], capture_output=True, text=True, check=True).stdout
    if int(said.lstrip("v").partition(".")[0]) >= NODE_MAJOR:
        return Path(system)
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    if machine is None:
        raise BenchError(f"the peer needs node {NODE_MAJOR} or later, and there is no package of it for this machine")
    directory.mkdir(parents=True, exist_ok=True)
    package = f"node-linux-{machine}"
    _once(
        directory / "installed",
        NODE_VERSION,
        lambda: _npm(npm, directory, "install", f"{package}@{NODE_VERSION}"),
    )
    return directory / "node_modules" / package / "bin" / "node"


def _npm(npm: str, directory: Path, *arguments: str) -> None:
    command = [npm, *arguments, "--prefix", str(directory), "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command,
        cwd=directory,
        env=os.environ | {"NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"npm could not install the peer:\n{done.stderr.strip()}")


def _once(stamp: Path, version: str, work: Callable[[], None]) -> None:
    """Do the work unless the stamp says that this version is already done."""
    if not stamp.exists() or stamp.read_text() != version:
        work()
        stamp.write_text(version)
