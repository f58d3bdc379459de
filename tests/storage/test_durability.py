"""What was said to be written is on the disk: elsewhere the tests do without, and so would not notice."""

from sqlalchemy import create_engine

from tests.ground import prepare_sqlite


def test_on_sqlite_a_commit_waits_for_the_disk(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/idp.sqlite3")
    prepare_sqlite(engine)
    with engine.connect() as connection:
        full, foreign_keys = 2, 1
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == foreign_keys
    engine.dispose()
