"""Several sweeps in one store, each with its name, its aims and its space."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Give each row of the one sweep the name `sweep`."""
    op.create_table(
        "sweep",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("aims", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    # What the one sweep evaluates is not known: its space is empty, and it cannot be resumed.
    unknown: sa.BindParameter[str] = sa.bindparam("unknown", '{"space": [], "data_dir": ""}')
    add = sa.text("INSERT INTO sweep SELECT 'sweep', 1, aims, CAST(:unknown AS TEXT) FROM aims")
    op.execute(add.bindparams(unknown))
    op.drop_table("aims")
    op.rename_table("selection", "of_one_sweep")
    op.create_table(
        "selection",
        sa.Column("sweep", sa.Text, sa.ForeignKey("sweep.name")),
        sa.Column("position", sa.Integer, autoincrement=False),
        sa.Column("key", sa.Text, sa.ForeignKey("design.key", name="of_design"), nullable=False),
        sa.Column("combination", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sweep", "position", name="place"),
        sqlite_strict=True,
    )
    op.execute(
        "INSERT INTO selection SELECT name, position, key, combination FROM of_one_sweep, sweep"
    )
    op.drop_table("of_one_sweep")
