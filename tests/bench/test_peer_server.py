"""What a machine must have for the peer, and that nothing is installed twice."""

import shutil

import pytest

from tests.bench import peer_server
from tests.bench.server_process import BenchError


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_a_machine_without_node_or_npm_is_told_so(monkeypatch, tmp_path, missing):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == missing else f"/usr/bin/{name}")
    with pytest.raises(BenchError, match="apt-get install nodejs npm"):
        peer_server.install(tmp_path)


def test_packages_are_installed_once_for_each_lock(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(peer_server, "_npm", lambda _npm, _directory, *arguments: ran.append(arguments))
    monkeypatch.setattr(peer_server, "_node", lambda _npm, _directory: tmp_path / "node")
    peer_server.install(tmp_path)
    peer_server.install(tmp_path)
    assert ran == [("ci",)]
    (tmp_path / "peer" / "installed").write_text("of an older lock")
    assert peer_server.install(tmp_path).directory == tmp_path / "peer"
    assert ran == [("ci",), ("ci",)]
