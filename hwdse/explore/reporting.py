"""The report: one HTML file with scatter plot, cost breakdown and table, for use offline."""

import base64
import gzip
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import pandas as pd
from plotly.offline import get_plotlyjs

import hwdse
from hwdse.errors import StoreError
from hwdse.explore.advice import advise
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.columns import Column, measured
from hwdse.explore.combinations import parts
from hwdse.explore.front import pareto
from hwdse.explore.hypervolume import Hypervolume, hypervolumes
from hwdse.explore.layer_tables import anchor, layer_tables, words
from hwdse.explore.methods_table import methods_table
from hwdse.explore.paired import Paired
from hwdse.explore.ranking import LEVEL
from hwdse.explore.record import MARGINS, Row, chance, cost_margin, four_digits
from hwdse.explore.standing import SURE, with_standing
from hwdse.explore.store import RTL_FOLDER, Store
from hwdse.explore.style import BLOCK_COLOURS, Style, operands
from hwdse.explore.tables import finished, frame_of
from hwdse.explore.tried_methods import TriedMethods, method_name
from hwdse.explore.verilog import folders_of
from hwdse.text import printable
from hwdse.writing import write_file

_ASSETS = Path(__file__).with_name("assets")
_TITLE = "Design-space exploration"


def report(store: Store, path: str | Path, aims: Aims = DEFAULT_AIMS) -> Path:
    """Write the designs of the store's sweep as one self-contained HTML file.

    Args:
        store: store with at least one finished or failed design.
        path: file to write.
        aims: objectives and limits of the front. The plot shows two of the objectives first.

    Raises:
        StoreError: the store has no finished or failed design, or a row is damaged.
        OutputError: the file cannot be written.
    """
    path = Path(path)
    rows = store.rows()
    if not rows:
        raise StoreError(f"{store.shown} holds no finished design yet: run hwdse explore")
    # A server has no folder of results: they lie beside the report.
    results = path.parent if store.path is None else store.path.parent
    shown = store.shown if store.path is None else store.path.name
    paired = Paired.of(rows)
    frame = with_standing(frame_of(rows), aims, paired)
    volumes = hypervolumes(frame, aims, paired)
    done = finished(frame)
    columns = measured(done)
    values = {
        "title": _TITLE,
        "lead": escape(_lead(done, aims, store.selected(), len(frame) - len(done))),
        "facts": _facts(done),
        "x_options": _options((c for c in columns if c.is_cost), _axes(aims)[0].name),
        "y_options": _options((c for c in columns if not c.is_cost), _axes(aims)[1].name),
        "head": _head(columns, len(parts(frame)) > 1),
        "rows": "\n".join(_rows(frame, rows, columns, (results, path.parent))),
        "layers": layer_tables(rows) + methods_table(rows),
        "notes": "\n".join(f"<li>{escape(note)}</li>" for note in _notes(done, aims, volumes)),
        "footer": escape(f"hwdse {hwdse.__version__} · {printable(shown)}"),
        "css": _asset("report.css"),
        "script": _asset("report.js"),
        "plotly": _packed(get_plotlyjs()),
        "combinations": _choice(done),
        "advice": "\n".join(f"<li>{escape(text)}</li>" for text in _advice(rows, aims)),
        "data": _packed(
            json.dumps(
                _data(done, [rows[number] for number in done.index], columns, aims),
                allow_nan=False,
                separators=(",", ":"),
            )
        ),
    }
    return write_file(path, Template(_asset("report.html")).substitute(values))


def _axes(aims: Aims) -> tuple[Column, Column]:
    """What the page shows first: a cost and a quality."""
    x, y = aims.axes
    return (x, y) if x.is_cost and not y.is_cost else DEFAULT_AIMS.axes


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _packed(text: str) -> str:
    """Text as base64 of gzip, which the page unpacks: a third of the size, and no markup."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _advice(rows: list[Row], aims: Aims) -> Iterable[str]:
    """What the results say about a design, as `hwdse advise` does; nothing without results."""
    if not any(row.cost for row in rows):
        return
    for item in advise(rows, aims):
        yield f"{item.combination}: {item.text}" if item.combination else item.text


def _data(
    frame: pd.DataFrame, rows: list[Row], columns: Sequence[Column], aims: Aims
) -> dict[str, Any]:
    style = Style.of(frame)
    designs = []
    for record, pair, row in zip(frame.to_dict("records"), operands(frame), rows, strict=True):
        shown = ["rank", "front_probability", "accuracy_low", "accuracy_high"]
        shown += [c.name for c in columns]
        designs.append(
            {name: _number(record[name]) for name in shown}
            | {
                "design": record["design"],
                "by_layer": row.layers is not None,
                "standing": record["standing"],
                "combination": record["combination"],
                "group": f"{pair} {record['mul']}",
                "colour": style.colours[pair],
                "symbol": style.shapes[record["mul"]][1],
                "blocks": {block["name"]: block for block in _blocks(row)},
            }
        )
    positions = pd.Series(range(len(frame)), index=frame.index)
    return {
        "columns": [
            {
                "name": c.name,
                "label": c.label,
                "unit": c.unit,
                "scale": c.scale,
                "factor": 100 if c.unit == "%" else 1,
            }
            for c in columns
        ],
        "designs": designs,
        "fronts": {
            name: {
                f"{x.name} {y.name}": [
                    int(positions[label])
                    for label in pareto(part, Aims(objectives=(x.name, y.name), where=aims.where))
                    .sort_values(x.name)
                    .index
                ]
                for x in columns
                for y in columns
                if x.is_cost and not y.is_cost
            }
            for name, part in ((name, frame.iloc[places]) for name, places in parts(frame))
        },
        "front": " ".join(c.name for c in _axes(aims)),
        "least_error": 50.0 / float(frame["samples"].max()) if len(frame) else None,
        "float_accuracy": {
            name: _common(frame["float_accuracy"].iloc[places]) for name, places in parts(frame)
        },
        "blocks": list(dict.fromkeys(block["name"] for row in rows for block in _blocks(row))),
        "block_colours": BLOCK_COLOURS,
    }


def _blocks(row: Row) -> list[dict[str, Any]]:
    return [
        {name: block[name] for name in ("name", "area_um2", "energy_pj")}
        for block in (row.cost or {})["breakdown"]
    ]


def _number(value: Any) -> float | None:
    number = math.nan if pd.isna(value) else float(value)
    return number if math.isfinite(number) else None


def _common(values: pd.Series) -> float | None:
    """The value that all rows share; None if the values differ."""
    distinct = values.dropna().unique()
    return float(distinct[0]) if len(distinct) == 1 else None


def _lead(frame: pd.DataFrame, aims: Aims, asked: int, failed: int) -> str:
    done = f"{len(frame)} designs" if asked == len(frame) else f"{len(frame)} of {asked} designs"
    on_front = frame["front"]
    unsure = int((on_front & (frame["standing"] == "undecided")).sum())
    return (
        f"{done}, {int(on_front.sum())} of them on the Pareto front of {aims.in_text}. "
        + (f"{unsure} of these are undecided. " if unsure else "")
        + (f"{failed} failed: the table says why. " if failed else "")
        + "Each design is one spec, from which its Verilog, its accuracy and its cost are derived "
        "alike."
    )


def _facts(frame: pd.DataFrame) -> str:
    titles = {
        "network": "Network",
        "metric": "Metric",
        "samples": "Test samples",
        "float_accuracy": "Float baseline",
        "confidence": "Confidence",
        "technology": "Technology",
        "method": "Cost method",
        "version": "hwdse",
    }
    percent = {"float_accuracy": "{:.2%}", "confidence": "{:.0%}"}
    facts = []
    if frame["metric_float"].notna().any():
        titles["metric_float"] = titles.pop("float_accuracy")
    for name, title in titles.items():
        texts = [percent.get(name, "{}").format(v) for v in frame[name].drop_duplicates()]
        facts.append(f"<div><dt>{escape(title)}</dt><dd>{escape(', '.join(texts))}</dd></div>")
    return "\n".join(facts)


def _notes(frame: pd.DataFrame, aims: Aims, volumes: Mapping[str, Hypervolume]) -> Iterable[str]:
    if frame.empty:
        yield "No design is finished. The command that made this tries them again."
        return
    confidence = frame["confidence"].iloc[0]
    answers = frame["accuracy"].notna().any()
    if answers:
        yield (
            f"Bars on accuracy are {confidence:.0%} intervals for the number of test samples used. "
            "Designs whose bars overlap may well be equally accurate."
        )
    else:
        yield (
            "The metric does not count right answers: results.csv has its value with "
            f"{confidence:.0%} intervals by bootstrap of the samples. The metric loss is how "
            "much worse it is than in float32, below 0 if it is better."
        )
    yield (
        "Rank is by the error of the logits, sample by sample: one more than the number of designs "
        "that a Wilcoxon signed-rank test finds better, corrected for all pairs (Holm, "
        f"{LEVEL:.0%}). Designs of one rank are not told apart. Fronts of the logit SQNR go by "
        "rank."
    )
    yield (
        "A small logit error means that a design answers as float does, close calls included: "
        "robustness, not correctness. Where accuracy is equal, it says which design has more to "
        "spare on other data."
    )
    spread = frame["scale_spread"].median() / 2
    moved = f"accuracy of half of the designs by {100 * spread:.2f} points"
    if not answers:
        moved = f"metric of half of the designs by {spread:.4g}"
    yield (
        f"Scales were chosen by the policy {', '.join(frame['scales'].unique())}. Other policies "
        f"move the {moved} or more either way; "
        "results.csv has the spread of each."
    )
    methods = frame["methods"].dropna().unique()
    columns = zip(frame["methods_tried"], frame["methods"], strict=True)
    tried = [one for text, taken in columns if (one := TriedMethods.read(text, taken))]
    if tried:
        names = dict.fromkeys(method_name(each) for one in tried for each in one.decibels)
        yield (
            f"Each design took the methods with the least error on calibration samples, of "
            f"{', '.join(names)} (docs/methods.md). These samples are not scored."
        )
    elif len(methods):
        yield f"Weights and activations were prepared by {'; '.join(methods)} (docs/methods.md)."
    costs = [
        {name: None if pd.isna(row[name]) else float(row[name]) for name in MARGINS.values()}
        for row in frame.to_dict("records")
    ]
    yield (
        "Area, energy and delay are analytic: the structure of the hardware, priced with "
        f"laws fitted to open synthesis and gate-level simulation. {cost_margin(costs)}"
    )
    off = int(((frame["standing"] == "undecided") & ~frame["front"]).sum())
    yield (
        "The probability of being on the front is the share of draws of the true costs and of the "
        "samples in which no other design is better. A design on the front with less than "
        f"{SURE:.0%} is undecided (≈ before its name), and so are {off} off the front with more "
        f"than {1 - SURE:.0%}. Errors of estimates of designs that share much are alike, which the "
        "draws keep. Without a probability (–), a unit that was never measured could change it."
    )
    for name, volume in volumes.items():
        yield f"{name}{': ' * bool(name)}{volume.in_text(aims)} Costs count by their logarithms."
    yield (
        "Energy is per multiply-accumulate, with glitches, and with leakage at the shortest clock "
        "period. Area is that of the whole unit; area per MAC divides "
        "it by the multiply-accumulates that the unit does each cycle."
    )
    yield (
        "Accuracy is that of the network run in exactly the arithmetic of the emitted hardware, "
        "accumulator included. Verified designs were simulated and compared bit for bit."
    )


def _choice(frame: pd.DataFrame) -> str:
    """A choice of the combination of network, technology, clock and machine to show."""
    names = [name for name, _ in parts(frame)]
    option = '<option value="{0}">{0}</option>'.format
    options = "".join(option(escape(name)) for name in names)
    return f'<label{" hidden" * (len(names) < 2)}>of <select id="part">{options}</select></label>'


def _options(columns: Iterable[Column], chosen: str) -> str:
    return "".join(
        '<option value="{}"{}>{}</option>'.format(
            escape(c.name), " selected" if c.name == chosen else "", escape(c.label)
        )
        for c in columns
    )


def _head(columns: Sequence[Column], several: bool) -> str:
    text = '<th{}><button type="button">{}</button></th>'.format
    rank = text(' class="number"', "Rank") + text(' class="number"', "On front (%)")
    numbers = [text(' class="number"', escape(c.label)) for c in columns]
    interval = text("", "Interval (%)")
    names = [c.name for c in columns]
    place = names.index("accuracy") + 1 if "accuracy" in names else 0
    return "".join(
        [
            text("", "Design"),
            *([text("", "Combination")] if several else []),
            rank,
            *numbers[:place],
            *([interval] if place else []),
            *numbers[place:],
            text("", "Verilog"),
        ]
    )


def _rows(
    frame: pd.DataFrame,
    rows: list[Row],
    columns: Sequence[Column],
    folders: tuple[Path, Path],
) -> Iterable[str]:
    several = len(parts(frame)) > 1
    for number, (record, row) in enumerate(zip(frame.to_dict("records"), rows, strict=True)):
        name = escape(record["design"])
        if row.layers is not None:
            name = f'<a href="#{anchor(number)}">{name}</a>'
        cells = [f'<td class="spec" title="{escape(row.spec)}">{name}</td>']
        if several:
            cells.append(f"<td>{escape(record['combination'])}</td>")
        cells += [_cell(record["rank"]), _probability(record["front_probability"])]
        for c in columns:
            cells.append(_cell(record[c.name], c))
            if c.name == "accuracy":
                low, high = 100 * record["accuracy_low"], 100 * record["accuracy_high"]
                cells.append(f"<td>{low:.2f}–{high:.2f}</td>" if row.cost else "<td>–</td>")
        cells.append(f"<td>{_verilog(row, *folders) or escape(row.failure)}</td>")
        kind = ' class="front"' if record["front"] else ' class="failed"' if row.failure else ""
        mark = " data-undecided" if record["standing"] == "undecided" else ""
        if row.layers is not None:
            mark += f' data-words="{escape(words(row))}"'
        yield f"<tr{kind}{mark}>{''.join(cells)}</tr>"


def _cell(value: Any, c: Column | None = None) -> str:
    number = _number(value)
    if number is None:
        return '<td class="number">–</td>'
    shown = f"{100 * number:.2f}" if c and c.unit == "%" else four_digits(number)
    return f'<td class="number" data-value="{number!r}">{shown}</td>'


def _probability(value: float) -> str:
    if math.isnan(value):
        return '<td class="number">–</td>'
    return f'<td class="number" data-value="{value!r}">{chance(value).removesuffix(" %")}</td>'


def _verilog(row: Row, base: Path, target: Path) -> str:
    if row.certificate is None:
        return ""
    folders = folders_of(row, base / RTL_FOLDER)
    if not folders:
        return "verified"
    links = []
    for number, folder in enumerate(folders, start=1):
        # Percent-encode what a URL must not contain, bytes that are not UTF-8 included.
        link = quote(os.fsencode(Path(os.path.relpath(folder, target)).as_posix()))
        text = "verified" if number == 1 else str(number)
        links.append(f'<a href="{link}/">{text}</a>')
    return " ".join(links)
