"""Runs migrations on the connection that `hwdse.explore.database.versions` gives."""

from alembic import context

from hwdse.explore.database.schema import METADATA, VERSION_TABLE


def run() -> None:
    """Run the migrations that the caller of Alembic asks for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        # The caller has begun a transaction, and ends it.
        transactional_ddl=False,
    )
    context.run_migrations()


run()
