"""What measures that plug in found of designs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "measurement",
        sa.Column("key", sa.Text, sa.ForeignKey("design.key"), primary_key=True),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("measured", "measurement", ["identity"])
