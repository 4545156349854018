"""The import rules that make "bit-exact" mean something, and the shape of the tree.

Golden model and hardware are two independent statements of one meaning; if either read the other,
their agreement would prove nothing. The rules are checked on the source, without importing it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_MODULE_LINES = 450

#: What each part of the package may import of the rest.
_DATA = {
    *("errors", "reading", "resources", "plugins", "identity", "temporary", "text", "writing"),
    *("jit", "threads", "workers"),
    *("formats", "spec"),
}
ALLOWED = {
    "__init__": {"spec"},
    "errors": {"text"},
    "reading": {"errors"},
    "resources": {"errors"},
    "plugins": {"errors"},
    "figures": set(),
    "identity": {"errors"},
    "temporary": {"errors", "text"},
    "writing": {"errors", "temporary", "text"},
    "text": set(),
    "jit": {"errors", "resources"},
    "locking": {"errors", "resources"},
    "workers": {"errors", "temporary", "text"},
    "threads": {"errors", "workers"},
    "dask_runner": {"errors", "text", "workers"},
    "runners": {"dask_runner", "errors", "text", "workers"},
    "tools": {"errors", "locking", "resources", "temporary", "writing"},
    "formats": {"errors", "reading", "identity"},
    "primitives": {"errors", "reading", "resources", "identity"},
    "spec": {"errors", "plugins", "identity", "formats"},
    "golden": _DATA,
    "kernels": _DATA,
    "characterize": {"errors", "resources", "plugins", "figures", "text", "formats", "kernels"},
    "hdl": _DATA | {"primitives", "tools"},
    "flows": {"errors", "plugins", "spec", "text"},
    "drivers": {"plugins", "resources", "spec"},
    "cost": _DATA | {"primitives", "tools", "golden", "hdl", "flows"},
    "verify": _DATA | {"tools", "golden", "kernels", "hdl", "cost", "flows", "drivers"},
    "networks": _DATA | {"kernels", "locking", "tools"},
    "explore": _DATA
    | {
        "runners",
        "figures",
        "golden",
        "kernels",
        "characterize",
        "hdl",
        "cost",
        "verify",
        "networks",
    },
    "pytest_plugin": {"errors", "spec", "verify"},
    "cli": _DATA
    | {"golden", "kernels", "characterize", "hdl", "flows", "cost", "verify", "networks"}
    | {"explore"},
}

#: Libraries that only these parts may import.
RESERVED = {
    "amaranth": {"hdl", "verify"},
    "cocotb": {"verify"},
    "cocotb_tools": {"verify"},
    # Programs of others are started by `tools`; `verify` runs the simulations that it has built.
    "subprocess": {"tools", "verify"},
    "torch": {"networks.train"},
    # Databases and clusters: the rest of a sweep knows neither.
    "alembic": {"explore.database"},
    "distributed": {"dask_runner"},
    "psycopg": {"explore.database"},
    # The page: the rest of a sweep knows no browser.
    "dash": {"explore.page"},
    "dash_ag_grid": {"explore.page"},
    "werkzeug": {"explore.page"},
    "wasmtime": {"tools"},
}


def imports(tree: ast.Module, module: str, is_package: bool) -> Iterator[str]:
    """Absolute names of everything a module imports, wherever in it, names of `from` included."""
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            argument = node.args[0] if node.args else None
            if name in {"import_module", "__import__"} and isinstance(argument, ast.Constant):
                yield str(argument.value)
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "hwdse":
            yield f"hwdse.{node.attr}"


def violations(root: Path) -> list[str]:
    """Every broken import rule under root/hwdse, one line each."""
    found = set()
    for path in sorted((root / "hwdse").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        part = parts[1]
        if part not in ALLOWED:
            found.add(f"{module}: {part} has no import rule")
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name in imports(tree, module, is_package):
            top, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if top == "hwdse" and other in ALLOWED and other not in ALLOWED[part] | {part}:
                found.add(f"{module} imports hwdse.{other}")
            within = module.removeprefix("hwdse.")
            owners = RESERVED.get(top)
            if owners and not any(f"{within}.".startswith(f"{owner}.") for owner in owners):
                found.add(f"{module} imports {top}")
    return sorted(found)


def test_import_rules_hold():
    assert violations(ROOT) == []


def test_the_rules_speak_of_the_whole_package():
    parts = {path.stem for path in (ROOT / "hwdse").iterdir() if _is_python(path)}
    assert parts == set(ALLOWED)


def _is_python(path: Path) -> bool:
    return path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))


@pytest.mark.parametrize(
    ("where", "source", "expected"),
    [
        ("formats/new.py", "from hwdse.spec import Design", "imports hwdse.spec"),
        ("formats/new.py", "from hwdse import golden", "imports hwdse.golden"),
        ("formats/new.py", "from .. import spec", "imports hwdse.spec"),
        ("formats/new.py", "from ..spec.unit import Mac", "imports hwdse.spec"),
        ("spec/new.py", "import hwdse.golden", "imports hwdse.golden"),
        ("golden/new.py", "import amaranth.hdl", "imports amaranth"),
        ("golden/new.py", "from amaranth import Signal", "imports amaranth"),
        ("golden/multiply/new.py", "from hwdse.hdl import emit", "imports hwdse.hdl"),
        ("golden/multiply/new.py", "from ...hdl import emit", "imports hwdse.hdl"),
        ("golden/__init__.py", "from ..kernels import matmul", "imports hwdse.kernels"),
        ("hdl/units/new.py", "def f():\n    from hwdse.golden import dot", "imports hwdse.golden"),
        ("hdl/new.py", "from importlib import import_module as i\nimport hwdse.kernels.x as k",
         "imports hwdse.kernels"),
        ("hdl/new.py", "import importlib\nimportlib.import_module('hwdse.golden')",
         "imports hwdse.golden"),
        ("hdl/new.py", "import hwdse\nhwdse.golden.dot()", "imports hwdse.golden"),
        ("hdl/new.py", "from hwdse.verify import Certificate", "imports hwdse.verify"),
        ("kernels/new.py", "from hwdse.golden import dot", "imports hwdse.golden"),
        ("characterize/new.py", "from hwdse.spec import Design", "imports hwdse.spec"),
        ("kernels/new.py", "from hwdse import characterize", "imports hwdse.characterize"),
        ("flows/new.py", "from hwdse.cost import fpga", "imports hwdse.cost"),
        ("cost/new.py", "from hwdse.networks import load", "imports hwdse.networks"),
        ("cost/new.py", "from hwdse.explore import Store", "imports hwdse.explore"),
        ("networks/new.py", "from hwdse.cost import estimate", "imports hwdse.cost"),
        ("networks/new.py", "import torch", "imports torch"),
        ("explore/new.py", "from hwdse.cli import main", "imports hwdse.cli"),
        ("errors.py", "from hwdse import formats", "imports hwdse.formats"),
        ("tools/new.py", "from hwdse.spec import Design", "imports hwdse.spec"),
        ("cost/new.py", "import subprocess", "imports subprocess"),
        ("stray.py", "", "has no import rule"),
    ],
)  # fmt: skip
def test_a_planted_violation_is_found(tmp_path, where, source, expected):
    path = tmp_path / "hwdse" / where
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    found = violations(tmp_path)
    assert len(found) == 1
    assert found[0].endswith(expected)


@pytest.mark.parametrize(
    ("where", "source"),
    [
        (
            "formats/new.py",
            "import numpy\nfrom hwdse.errors import FormatError\nfrom . import base",
        ),
        ("verify/new.py", "from hwdse import golden, hdl\nimport cocotb"),
        ("networks/train/new.py", "import torch"),
        ("cli/new.py", "from hwdse import explore, networks, verify, cost"),
    ],
)
def test_what_is_allowed_is_not_called_a_violation(tmp_path, where, source):
    path = tmp_path / "hwdse" / where
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    assert violations(tmp_path) == []


@pytest.mark.parametrize("folder", ["rtl", "models", "sims"])
def test_folders_of_data_are_no_packages(folder):
    assert (ROOT / folder).is_dir()
    assert list((ROOT / folder).rglob("__init__.py")) == []


def test_modules_stay_short():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("hwdse", "sims")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert len(lengths) > 20
    assert {path: n for path, n in lengths.items() if n > MAX_MODULE_LINES} == {}


#: Modules that read files of the package itself, or what they or a tool of theirs just wrote.
READ_THEIR_OWN = {
    "cost/cache.py",
    "cost/fpga/place.py",
    "cost/measure.py",
    "cost/synthesis.py",
    "drivers/coprocessor.py",
    "explore/layer_designs.py",
    "explore/documents.py",
    "explore/reporting.py",
    "explore/database/sqlite.py",
    "explore/space.py",
    "explore/verilog.py",
    "hdl/emit.py",
    "jit.py",
    "networks/carried/safetensors.py",
    "reading.py",
    "tools/amaranth_yosys.py",
    "tools/tool.py",
    "tools/verilator.py",
    "verify/bench.py",
    "verify/formal/codecs.py",
    "verify/generation.py",
    "verify/line_coverage.py",
    "verify/user_verilog.py",
}
_READS = {"read_text", "read_bytes", "load", "loads", "open"}
_READERS = {"json", "tomllib", "gzip", "np", "numpy", "io", "Path", "path"}


def _reads(tree: ast.Module) -> list[str]:
    """Calls that read a file or a document in another way than `hwdse.reading` does."""
    found = []
    for node in ast.walk(tree):
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(function, ast.Name) and function.id == "open":
            found.append("open")
        if isinstance(function, ast.Attribute) and function.attr in _READS:
            owner = function.value
            name = owner.id if isinstance(owner, ast.Name) else ""
            a_file = function.attr.startswith("read_") and name not in {"liberty", "reading"}
            if a_file or name in _READERS:
                found.append(f"{name}.{function.attr}")
    return found


def test_files_of_users_are_read_in_one_way():
    readers = {}
    for path in sorted((ROOT / "hwdse").rglob("*.py")):
        found = _reads(ast.parse(path.read_text(encoding="utf-8")))
        if found:
            readers[path.relative_to(ROOT / "hwdse").as_posix()] = found
    # The header of an IDX file tells how much of it there is to read.
    assert readers.pop("networks/idx.py") == ["gzip.open"]
    assert set(readers) <= READ_THEIR_OWN
    assert len(readers) > 5


@pytest.mark.parametrize("folder", ["formats", "spec"])
def test_only_ascii_digits_are_read(folder):
    checked = 0
    for path in (ROOT / "hwdse" / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        checked += "[0-9]" in text
        assert not any(word in text for word in (r"\d", r"\w", "isdigit", "isdecimal", "isnumeric"))
    assert checked > 3


#: Modules that may know the ports of a kind of unit by name; all others ask its interface.
_KNOW_PORTS = {"spec/unit.py", "hdl/units/", "hdl/running.py", "verify/copies.py"}
_PORT_NAMES = {"i_valid", "i_first", "i_a", "i_b", "i_c", "o_valid"}


def test_only_units_know_their_ports_by_name() -> None:
    knowing = set()
    for path in sorted((ROOT / "hwdse").rglob("*.py")):
        name = path.relative_to(ROOT / "hwdse").as_posix()
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if strings & _PORT_NAMES and not name.startswith(tuple(_KNOW_PORTS)):
            knowing.add(name)
    assert knowing == set()


#: Public classes of one name in several modules, and why.
SHARED_NAMES = {
    # The part of a design, and the primitive that technology tables have laws for: the keys of
    # their files are the names of primitives, and users have such files.
    "Multiplier": {"primitives/primitive.py", "spec/multiply/__init__.py"},
}


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, set[str]] = {}
    for path in sorted((ROOT / "hwdse").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                module = path.relative_to(ROOT / "hwdse").as_posix()
                places.setdefault(node.name, set()).add(module)
    assert len(places) > 300
    assert {name: found for name, found in places.items() if len(found) > 1} == SHARED_NAMES


def test_no_module_only_passes_names_on() -> None:
    """What a package offers stands in its `__init__`; any other module has something of its own."""
    passing_on = []
    for path in sorted((ROOT / "hwdse").rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        own = [
            node for node in body if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)
        ]
        own = [node for node in own if "__all__" not in ast.dump(node)]
        if path.name != "__init__.py" and not own:
            passing_on.append(path.relative_to(ROOT / "hwdse").as_posix())
    assert passing_on == []
