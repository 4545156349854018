"""The tables of a store.

`migrations` has the steps that bring the tables of earlier versions here. A test compares both.
"""

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

#: The schema that this version reads and writes: the last step of `migrations`.
REVISION = "0006"
#: The oldest schema that `migrations` begin with.
OLDEST = "0004"
#: The table with the revision of a store.
VERSION_TABLE = "hwdse_version"

METADATA = sa.MetaData()


def _table(name: str, *columns: SchemaItem) -> sa.Table:
    # SQLite then keeps values of the declared types alone, as PostgreSQL does.
    return sa.Table(name, METADATA, *columns, sqlite_strict=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _key(of: str | None = None) -> sa.Column[str]:
    references = [] if of is None else [sa.ForeignKey(f"{of}.key")]
    return sa.Column("key", sa.Text, *references, primary_key=True)


# Every design of any sweep. `facts` is the JSON document of `record.facts_of`.
_table("design", _key(), _text("facts"))

# Results of evaluations. `cost` and `accuracy` are the JSON documents of the estimators. `errors`
# holds the float32 numbers of `Accuracy.errors` in little-endian order, `outcomes` the bytes of
# `Accuracy.outcomes` if the evaluator gave them. Evaluations of one `identity` have the same
# accuracy; it is empty if the evaluator gave none.
sa.Index(
    "accuracies",
    _table(
        "evaluation",
        _key("design"),
        _text("cost"),
        _text("accuracy"),
        sa.Column("errors", sa.LargeBinary, nullable=False),
        sa.Column("outcomes", sa.LargeBinary),
        _text("identity"),
        _text("version"),
    ).c.identity,
)

# What measures that plug in found of a design. `document` is a JSON document with the values by
# column. Measurements of one `identity` are the same.
sa.Index(
    "measured",
    _table(
        "measurement",
        _key("design"),
        sa.Column("measure", sa.Text, primary_key=True),
        _text("identity"),
        _text("document"),
    ).c.identity,
)

# Certificates of the designs with verified Verilog.
_table("certificate", _key("design"), _text("certificate"))

# Designs that failed at the last attempt: the failed stage, and the reason in one line.
_table("failure", _key("design"), _text("stage"), _text("reason"))

# The sweeps, side by side. The one with the largest number is the latest. `aims` is the JSON
# document of `Aims.to_json`. `settings` is a JSON document with the other attributes of `Asked`.
_table(
    "sweep",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    _text("aims"),
    _text("settings"),
)

# The designs of each sweep, finished or not, in the order of its space. A design may be in several
# combinations of network, technology, clock and machine. The constraints have names because the
# last migration makes this table while another one has the usual names.
_table(
    "selection",
    sa.Column("sweep", sa.Text, sa.ForeignKey("sweep.name")),
    sa.Column("position", sa.Integer, autoincrement=False),
    sa.Column("key", sa.Text, sa.ForeignKey("design.key", name="of_design"), nullable=False),
    _text("combination"),
    sa.PrimaryKeyConstraint("sweep", "position", name="place"),
)
