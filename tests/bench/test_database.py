"""Written work is counted exactly: transactions that wrote, none that only read, and the bytes of the log."""

from pathlib import Path

import psycopg
import pytest

from tests.bench.database import Cluster, running_cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    with running_cluster(Path(tmp_path_factory.mktemp("pg")) / "data", "counted") as running:
        yield running


@pytest.fixture
def client(cluster: Cluster):
    address = f"host={cluster.socket_directory} user=postgres dbname=counted"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
        connection.execute("INSERT INTO kept VALUES ('first')")
        yield connection


@pytest.mark.parametrize(
    ("statements", "transactions"),
    [
        ([], 0),
        (["SELECT * FROM kept"] * 5, 0),
        (["INSERT INTO kept VALUES ('a')"] * 7, 7),
        (["BEGIN", "INSERT INTO kept VALUES ('a')", "UPDATE kept SET value = 'b'", "COMMIT"], 1),
        (["BEGIN", "INSERT INTO kept VALUES ('a')", "ROLLBACK"], 1),
    ],
)
def test_transactions_that_wrote_are_counted_and_readers_are_not(cluster, client, statements, transactions):
    start = cluster.position()
    for statement in statements:
        client.execute(statement)
    assert cluster.written(start, cluster.position()).transactions == transactions


def test_bytes_grow_with_what_is_written(cluster, client):
    start = cluster.position()
    client.execute("INSERT INTO kept SELECT repeat(md5(n::text), 4) FROM generate_series(1, 100) AS n")
    assert 12_800 <= cluster.written(start, cluster.position()).size < 50_000


def test_an_image_of_a_whole_page_is_told_apart(cluster, client):
    cluster.checkpoint()
    start = cluster.position()
    client.execute("INSERT INTO kept VALUES ('after a checkpoint')")
    written = cluster.written(start, cluster.position())
    assert 0 < written.page_images < written.size
