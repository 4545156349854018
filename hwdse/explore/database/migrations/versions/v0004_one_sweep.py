"""The tables of the first stores, which hold one sweep."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "design",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("facts", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "evaluation",
        sa.Column("key", sa.Text, sa.ForeignKey("design.key"), primary_key=True),
        sa.Column("cost", sa.Text, nullable=False),
        sa.Column("accuracy", sa.Text, nullable=False),
        sa.Column("errors", sa.LargeBinary, nullable=False),
        sa.Column("outcomes", sa.LargeBinary),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("accuracies", "evaluation", ["identity"])
    op.create_table(
        "certificate",
        sa.Column("key", sa.Text, sa.ForeignKey("design.key"), primary_key=True),
        sa.Column("certificate", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "failure",
        sa.Column("key", sa.Text, sa.ForeignKey("design.key"), primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "selection",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, sa.ForeignKey("design.key"), nullable=False),
        sa.Column("combination", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table("aims", sa.Column("aims", sa.Text, nullable=False), sqlite_strict=True)
