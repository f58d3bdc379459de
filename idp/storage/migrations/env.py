"""Alembic's entry: migrations run on the connection that idp.storage.migrate opened, in its transaction."""

from alembic import context

from idp.storage.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
