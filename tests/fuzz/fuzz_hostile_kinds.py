"""The kinds of hostile input: each gives a maker of cases, once its imports and samples are there.

What is tried goes as far as the input decides anything: a design that parses is estimated, a
network that loads is run.
"""

import contextlib
import gzip
import json
import random
import sqlite3
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fuzz_hostile import (
    NUMBERS,
    SCRAPS,
    Case,
    Maker,
    mutated,
    mutated_bytes,
    mutated_document,
)

ROOT = Path(__file__).resolve().parents[2]

SPECS = [
    "a=e4m3fn,mul=exact,acc=kulisch,out=bf16,unit=dot,lanes=8",
    "a=int8,acc=int:32",
    "a=int8,b=int4,acc=int:24:sat,stages=1,interleave=2",
    "a=e5m2,mul=lmul:formula:l2:sat,acc=fp:bf16,out=fp16,rounding=rtz",
    "a=e4m3fn,mul=mitchell:f3,acc=fp:fp32:tree,unit=dot,lanes=4",
    "a=lns8_g8z,mul=log:h1:t12,acc=bins:1024,out=fp32",
    "a=lns7_3z,mul=log,acc=lns:lns7_3z:t12,out=bf16",
    "a=e2m1fn,acc=fp:fp16:sr8c:lfsr32:seed77",
    "a=e4m3fn,acc=fp:bf16:an2-3:w9,unit=dot,lanes=2",
    "a=e4m3fn,acc=aligned:hopper-fp8,out=fp32,unit=dot,lanes=32",
    "a=e4m3fn,acc=aligned:L16-F13:e8m13:rne:floor31-24:split2",
    "a=int4,b=pot4_k1,mul=shift-add,unit=mul,out=int8",
    "a=fp16,unit=fma,c=fp32,out=fp32,stages=3",
    "a=binary,mul=xnor,acc=int:24,unit=dot,lanes=16",
    "a=int4,mul=lut,acc=kulisch:4096,out=fp32,rounding=down",
    "a=posit8_1,acc=fp:fp32:kahan,out=posit8_1",
]

FORMATS = [
    *("e4m3fn", "e5m10b20finite", "ue5m3fn_ftz", "e8m0", "int8_sym", "uint8", "q2_6_sym", "uq4_4"),
    *("posit16_2", "lns8_g8z", "lns7_3n", "binary8p3se", "nupes8_a50", "bipolar4", "dint4tc"),
    *("pot8_k2", "nf4", "hif8", "ternary", "mxfp8_e4m3", "nvfp4:amax", "bfp16_b32", "dfp8"),
    *("block:e2m1fn:16x4:ue4m3:nv:fp32", "block:int8:tensor:e8m0:floor", "affine:uint4:32:fp16"),
    *("afpq:e2m1fn:64", "realbias:e2m1:32:search", "codebook:book.json", "any:32:bf16:rows.json"),
    "select:nvfp4|nvint4",
]

SPACE = """\
network = "digits"
samples = 360
technology = "nangate45"
objectives = ["energy_pj", "accuracy", "delay_ns"]
where = ["area_um2 <= 5000", "accuracy >= 0.9"]
skip_invalid = true
designs = ["a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4", 'a=int8,acc=int:32'] # some
[[space]]
a = ["int8", "e4m3fn", "e5m2"]
mul = ["exact", "lmul"]
acc = ["kulisch", "fp:fp32", "int:32"]
[[space]]
a = "e2m1fn"
acc = "aligned:hopper"
unit = "dot"
lanes = [1, 2, 8]
stages = [0, 1]
skip_invalid = false
"""

LIBERTY = ROOT / "tests" / "cost" / "toy.lib"


def specs() -> Maker:
    """Texts of designs; one that parses has a canonical text, and sometimes its cost is asked."""
    from hwdse import cost
    from hwdse.spec import Design

    def make(rng: random.Random, _folder: Path) -> Case:
        text = rng.choice(SPECS)
        if rng.random() < 0.5:
            text = recombined(rng, text)
        if rng.random() < 0.7:
            text = mutated(rng, text, SPECS)

        def attempt() -> None:
            design = Design.parse(text)
            assert Design.parse(str(design)) == design
            if design.unit.group <= 8 and not design.unit.stages and rng.random() < 0.2:
                cost.estimate(design)

        return repr(text), attempt

    cost.estimate(Design.parse(SPECS[1]))
    return make


def recombined(rng: random.Random, text: str) -> str:
    """A design some of whose values are those of others."""
    pairs = dict(pair.split("=") for pair in text.split(","))
    for _ in range(rng.choice((1, 2, 4))):
        key, value = rng.choice(rng.choice(SPECS).split(",")).split("=")
        pairs[key] = value
    return ",".join(f"{key}={value}" for key, value in pairs.items())


def formats() -> Maker:
    """Names of formats and texts of block formats; what they name is used, or its page shown."""
    from hwdse import formats as catalogue
    from hwdse.cli import format_facts
    from hwdse.formats import Format

    numbers = np.linspace(-3, 3, 48).reshape(6, 8)

    def make(rng: random.Random, _folder: Path) -> Case:
        text = mutated(rng, rng.choice(FORMATS), FORMATS)

        def attempt() -> None:
            found = catalogue.get(text)
            if isinstance(found, Format):
                assert catalogue.get(found.name) == found
                codes = found.encode(numbers)
                found.decode(codes)
            else:
                found.quantize(numbers)
            if rng.random() < 0.01:
                format_facts.document(found)

        return repr(text), attempt

    format_facts.document(catalogue.get("e4m3fn"))
    format_facts.document(catalogue.get("mxfp4"))
    return make


def spaces() -> Maker:
    """Design-space files."""
    from hwdse.explore.space import Space

    def make(rng: random.Random, folder: Path) -> Case:
        text = SPACE
        for _ in range(rng.choice((1, 1, 3))):
            text = mutated(rng, text, [SPACE, *SPECS])
        if rng.random() < 0.1:
            key = rng.choice(("a", "a.b", '"x"'))
            deep = rng.choice(("[" * 400 + "]" * 400, "{x=" * 90 + "1" + "}" * 90, "[[]]"))
            text += f"\n{key} = {rng.choice((deep, *NUMBERS))}\n"
        if rng.random() < 0.05:
            text += f"\n[{'.'.join(rng.choice('ab') for _ in range(20_000))}]\n"
        content = text.encode("utf-8", "surrogatepass")
        if rng.random() < 0.2:
            content = mutated_bytes(rng, content)
        path = folder / "space.toml"
        path.write_bytes(content)
        return repr(text), lambda: Space.load(path)

    Space.builtin()
    return make


def tables() -> Maker:
    """Codebooks, tables of levels and technologies, and names of what is no file at all."""
    from hwdse import cost, hdl
    from hwdse import formats as catalogue
    from hwdse.resources import resource
    from hwdse.spec import Design

    book = {"name": "mine", "levels": [-2, -1, -0.25, 0, 0.5, 1, 4, 9]}
    rows = [[-3.0, -1, 0.25, 2], [-2, -1, 0, 1.5]]
    shipped = json.loads(
        resource("models", "technology", "nangate45.json").read_text(encoding="utf-8")
    )
    laws = {
        kind: {key: value for key, value in entry.items() if key != "grid"}
        for kind, entry in shipped["primitives"].items()
    }
    technology = {**shipped, "designs": [], "primitives": laws}
    structures = [
        hdl.structure_of(Design.parse(text)) for text in SPECS[:6] if "stages" not in text
    ]
    numbers = np.linspace(-3, 3, 48).reshape(2, 24)

    def use_book(path: Path) -> None:
        catalogue.get(f"codebook:{path}").quantize(numbers)
        cost.estimate(Design.parse(f"a=codebook:{path},acc=kulisch"))

    def use_technology(path: Path) -> None:
        for structure in structures:
            cost.estimate_structure(structure, str(path))

    uses: list[tuple[object, Callable[[Path], object]]] = [
        (book, use_book),
        (rows, lambda path: catalogue.get(f"any:4:bf16:{path}").quantize(numbers)),
        (technology, use_technology),
    ]

    def make(rng: random.Random, folder: Path) -> Case:
        document, use = rng.choice(uses)
        path = folder / "table.json"
        action = rng.random()
        if action < 0.05:
            path = Path(
                rng.choice(("/dev/zero", "/dev/tty", "/proc/self/mem", "/", "\0", "x" * 9000))
            )
            return str(path), lambda: use(path)
        text = mutated_document(rng, document)
        content = text.encode("utf-8", "surrogatepass")
        if action < 0.2:
            content = mutated_bytes(rng, content)
        path.write_bytes(content)
        return text, lambda: use(path)

    use_technology(resource("models", "technology", "nangate45.json"))
    return make


MACHINE = """\
dataflow = "output-stationary" # or weight-stationary
clock_ns = 20.0
order = "mnk"
[array]
rows = 16
columns = 16
[sram]
memory = "sram45"
bytes = 131072
banks = 16
width_bits = 64
double_buffered = true
[dram]
memory = "own.toml"
gb_per_s = 12.8
[wires]
wire = 'wire40'
density = 0.5
"""

_SOURCE = 'source = "somebody 2020"\nseen = "it"\ncovers = "all"\nnode_nm = 45\n'
MEMORIES = [
    f'model = "flat"\n{_SOURCE}read_pj = 8.0\nwrite_pj = 9\nlow_pj = 4.0\nhigh_pj = 14\n',
    f'model = "by-capacity"\n{_SOURCE}access_bits = 64\n'
    "points = [{ bytes = 8192, pj = 10.0 }, { bytes = 32768, pj = 20.0 }]\n",
    f'model = "multi-level"\n{_SOURCE}cell_bits = 2\nread_pj = 2.0\nreset_pj = 54\nset_pj = 101\n'
    "levels = [{ set_pulses = 0 }, { set_pulses = 7 }, { set_pulses = 5 }, { set_pulses = 1 }]\n",
]


def machines() -> Maker:
    """Machines and memories; one that loads runs a network."""
    from hwdse import cost
    from hwdse.cost.system import estimate_system, load_machine
    from hwdse.spec import Design, Workload

    design = Design.parse("a=int8,acc=int:32")
    unit = cost.estimate(design)
    workloads = [
        Workload(site="conv", m=49, k=72, n=16, inputs=392),
        Workload(site="attention", m=8, k=4, n=8, groups=3, constant=False),
    ]

    def make(rng: random.Random, folder: Path) -> Case:
        machine, memory = MACHINE, rng.choice(MEMORIES)
        for _ in range(rng.choice((1, 1, 3))):
            if rng.random() < 0.5:
                machine = mutated(rng, machine, [MACHINE, *MEMORIES])
            else:
                memory = mutated(rng, memory, [MACHINE, *MEMORIES])
        own = folder / "own.toml"
        own.write_bytes(memory.encode("utf-8", "surrogatepass"))
        path = folder / "machine.toml"
        machine = machine.replace("own.toml", str(own))
        path.write_bytes(machine.encode("utf-8", "surrogatepass"))

        def attempt() -> None:
            found = load_machine(str(path))
            found.to_json()
            estimate_system(
                design, workloads, found, cost=unit, registers_pj=rng.choice((0.0, 0.1))
            ).to_json()

        return repr(machine + memory), attempt

    estimate_system(design, workloads, load_machine("edge"), cost=unit)
    return make


#: Columns of a store by table, with whether they hold JSON.
STORE_COLUMNS = (
    *(("design", "key", False), ("design", "facts", True), ("evaluation", "key", False)),
    *(("evaluation", "cost", True), ("evaluation", "accuracy", True)),
    *(("evaluation", "version", False), ("certificate", "certificate", True)),
    *(("failure", "stage", False), ("failure", "reason", False), ("selection", "position", False)),
    *(("sweep", "aims", True), ("sweep", "settings", True), ("sweep", "number", False)),
)


def stores() -> Maker:
    """Stores of sweeps: bytes changed, or valid SQLite with hostile rows and schemas."""
    sys.path.insert(0, str(ROOT / "tests" / "explore"))
    import explore_fakes

    from hwdse import explore

    held = tempfile.TemporaryDirectory(prefix="hwdse-fuzz-")
    whole = Path(held.name) / "store.sqlite"
    designs = explore_fakes.space(6).designs
    with explore.Store.create(whole) as store:
        explore_fakes.filled(store, designs)
        first, second, *_ = explore_fakes.by_key(designs)
        store.certify(first, {"level": "quick", "vectors": {"operand_pairs": 512}})
        store.fail(second, "verification", "found a mismatch")
    content = whole.read_bytes()

    def use(path: Path, *, drawn: bool) -> None:
        with explore.Store.open(path) as store:
            explore.pareto(store.frame())
            if drawn:
                explore.report(store, path.with_suffix(".html"))

    def make(rng: random.Random, folder: Path, held: object = held) -> Case:
        path = folder / "store.sqlite"
        drawn = rng.random() < 0.02
        if rng.random() < 0.4:
            path.write_bytes(mutated_bytes(rng, content))
            return "changed bytes", lambda: use(path, drawn=drawn)
        path.write_bytes(content)
        told = []
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for _ in range(rng.choice((1, 1, 2))):
                told.append(change_store(rng, connection))
        return "; ".join(told), lambda: use(path, drawn=drawn)

    use(whole, drawn=True)
    return make


def change_store(rng: random.Random, connection: sqlite3.Connection) -> str:
    """Make one value of a store hostile, or its schema, and say which."""
    table, column, is_json = rng.choice(STORE_COLUMNS)
    action = rng.random()
    statement, values = f"DELETE FROM {table}", ()
    if action < 0.05:
        statement = f"DROP TABLE {table}"
    elif action < 0.1:
        statement = (
            f"PRAGMA {rng.choice(('user_version', 'application_id'))} = {rng.choice((0, 3, -1))}"
        )
    elif action > 0.15:
        query = f"SELECT {column} FROM {table} ORDER BY rowid LIMIT 1 OFFSET {rng.randrange(6)}"
        try:
            old = (connection.execute(query).fetchone() or ["{}"])[0]
        except sqlite3.Error:
            return "nothing more"
        new: object = mutated(rng, str(old) or "x", [f"{old} x 1"])
        if is_json and rng.random() < 0.7:
            new = mutated_document(rng, json.loads(old))
        if rng.random() < 0.1:
            new = rng.choice((b"\xff\xfe", 3, -1.5, None, "", 2**63 - 1))
        if isinstance(new, str):
            new = new.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        statement, values = f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old)
    try:
        connection.execute(statement, values)
        connection.commit()
    except sqlite3.Error as error:  # the schema itself refuses it
        connection.rollback()
        return f"{statement} {values!r} refused: {error}"
    return f"{statement} {values!r}"


def networks() -> Maker:
    """ONNX files: bytes changed, and models of valid form with hostile fields."""
    import onnx

    from hwdse import networks as library
    from hwdse.resources import resource
    from hwdse.spec import Design

    originals = [resource("models", f"{name}.onnx").read_bytes() for name in library.names()]
    design = Design.parse("a=int8,acc=int:32")

    def run(path: Path, score: bool) -> None:
        network = library.load(path)
        library.profile(network)
        if score and network.dataset is not None and network.dataset.name == "digits":
            library.evaluate(design, network, samples=3)

    def make(rng: random.Random, folder: Path) -> Case:
        content = rng.choice(originals)
        if rng.random() < 0.4:
            content = mutated_bytes(rng, content)
            told = "changed bytes"
        else:
            model = onnx.load_model_from_string(content)
            told = ", ".join(change_model(rng, model) for _ in range(rng.choice((1, 1, 2, 3))))
            content = model.SerializeToString()
        path = folder / "net.onnx"
        path.write_bytes(content)
        score = rng.random() < 0.3
        return told, lambda: run(path, score)

    path = resource("models", "digits.onnx")
    run(path, score=True)
    library.profile(library.load("fashion-cnn"))
    return make


def change_model(rng: random.Random, model: "onnx.ModelProto") -> str:  # noqa: F821
    """Make one part of a model hostile, and say which."""
    import onnx
    from onnx import helper

    graph = model.graph
    sizes = (-1, 0, 1, 2, 7, 250, 4097, 2**16, 2**24, 2**31, 2**40, 2**62, 2**63 - 1)
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    match rng.randrange(10):
        case 0:
            dims = graph.input[0].type.tensor_type.shape.dim
            dims[rng.randrange(len(dims))].dim_value = (size := rng.choice(sizes))
            return f"input dimension {size}"
        case 1:
            node = rng.choice([node for node in graph.node if node.input])
            place = rng.randrange(len(node.input))
            node.input[place] = (name := rng.choice([*names, "", "nothing"]))
            return f"input {place} of {node.op_type} is {name!r}"
        case 2:
            node = rng.choice(graph.node)
            node.op_type = (kind := rng.choice(
                ("Add", "Div", "Loop", "If", "Conv", "Gemm", "MatMul", "Softmax", "Reshape", "Tile",
                 "Expand", "Cast", "TopK", "Range", "Mystery", "StringNormalizer", "Unique", ""))
            )  # fmt: skip
            return f"operator {kind}"
        case 3:
            weight = rng.choice(graph.initializer)
            if weight.dims:
                place = rng.randrange(len(weight.dims))
                weight.dims[place] = (size := rng.choice(sizes))
                return f"dimension {size} of {weight.name}"
            return "nothing"
        case 4:
            weight = rng.choice(graph.initializer)
            weight.data_type = (kind := rng.choice((0, 1, 2, 6, 7, 8, 10, 11, 16, 17, 22, 99)))
            return f"type {kind} of {weight.name}"
        case 5:
            weight = rng.choice(graph.initializer)
            values = np.frombuffer(weight.raw_data[: len(weight.raw_data) & ~3], np.float32).copy()
            if not values.size:
                return "nothing"
            value = rng.choice((np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45))
            values[rng.randrange(values.size)] = value
            weight.raw_data = values.tobytes()
            return f"weight {value}"
        case 6:
            entry = rng.choice(model.metadata_props)
            entry.value = (text := rng.choice((*NUMBERS, *SCRAPS[:12], "digits")))
            return f"{entry.key} = {text[:40]!r}"
        case 7:
            node = rng.choice(graph.node)
            if not node.attribute:
                return "nothing"
            attribute = rng.choice(node.attribute)
            size = rng.choice((-1, 0, 2, 100, 2**31, 2**62))
            for place in range(len(attribute.ints)):
                attribute.ints[place] = size
            attribute.i = size
            attribute.f = rng.choice((0.0, -1.0, float("nan"), float("inf"), 1e30))
            return f"attribute {attribute.name} = {size}"
        case 8:
            shape = [rng.choice((1, 2, 2**10, 2**20, 2**33)) for _ in range(rng.choice((1, 2, 3)))]
            value = helper.make_tensor("huge", onnx.TensorProto.INT64, [len(shape)], shape)
            last = graph.node[-1].output[0]
            graph.node[-1].output[0] = "before"
            graph.node.extend(
                [
                    helper.make_node("Constant", [], ["shape"], value=value),
                    helper.make_node("ConstantOfShape", ["shape"], ["filled"]),
                    helper.make_node("ReduceSum", ["filled"], ["sum"], keepdims=0),
                    helper.make_node("Add", ["before", "sum"], [last]),
                ]
            )
            return f"constant of shape {shape}"
        case _:
            return doubling_functions(rng, model)


def doubling_functions(rng: random.Random, model: "onnx.ModelProto") -> str:  # noqa: F821
    """Functions that call the next one twice: 2^depth operators when inlined; or a circle."""
    from onnx import helper

    depth = rng.choice((2, 5, 40))
    circle = rng.random() < 0.3
    for level in range(depth):
        inner = "Relu" if level == depth - 1 else f"F{level + 1}"
        domain = "" if inner == "Relu" else "mine"
        if circle and level == depth - 1:
            inner, domain = "F0", "mine"
        nodes = [
            helper.make_node(inner, ["x"], ["y"], domain=domain),
            helper.make_node(inner, ["y"], ["z"], domain=domain),
        ]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
        model.functions.append(
            helper.make_function("mine", f"F{level}", ["x"], ["z"], nodes, opsets)
        )
    model.opset_import.append(helper.make_opsetid("mine", 1))
    for node in model.graph.node:
        if node.op_type == "Relu":
            node.op_type, node.domain = "F0", "mine"
            break
    return f"functions {depth} deep{', in a circle' if circle else ''}"


def datasets() -> Maker:
    """The four files of an IDX dataset, one of them hostile."""
    from hwdse.networks import datasets as library

    rng = np.random.default_rng(0)
    mebibyte = gzip.compress(bytes(1 << 20))  # packed files may follow one another
    files = {}
    for prefix, count in (("train", 6), ("t10k", 5)):
        images = rng.integers(0, 256, (count, 28, 28))
        labels = rng.integers(0, 10, count)
        files[f"{prefix}-images-idx3-ubyte"] = idx((count, 28, 28), images)
        files[f"{prefix}-labels-idx1-ubyte"] = idx((count,), labels)

    held = tempfile.TemporaryDirectory(prefix="hwdse-fuzz-")
    base = Path(held.name)
    for name, whole in files.items():
        (base / name).write_bytes(whole)

    def make(rng: random.Random, _folder: Path, held: object = held) -> Case:
        chosen = rng.choice(list(files))
        packed = rng.random() < 0.6
        told = f"{chosen}{'.gz' if packed else ''}: "
        content = files[chosen]
        match rng.randrange(4):
            case 0:
                content = mutated_bytes(rng, content)
                told += "changed bytes"
            case 1:
                sizes = [
                    rng.choice((0, 1, 5, 28, 2**16, 2**31, 2**32 - 1))
                    for _ in range(rng.choice((1, 3, 4)))
                ]
                content = struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes) + content
                told += f"announces {sizes}"
            case 2:
                # Zeros that unpack to 300 MB, announced truly or not.
                count = 300 << 20
                sizes = rng.choice(((count,), (count >> 10, 32, 32), (6, 28, 28)))
                head = struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes)
                content = gzip.compress(head) + mebibyte * rng.choice((0, 1, 300))
                packed, told = False, f"{chosen}.gz: a bomb of {sizes}"
                chosen += ".gz"
            case _:
                told += "packed bytes changed"
        if packed:
            content = gzip.compress(content)
            if told.endswith("packed bytes changed"):
                content = mutated_bytes(rng, content)
        hostile = base / f"{chosen}{'.gz' if packed else ''}"
        limit = rng.choice((None, 1, 4, 10**20))

        def attempt() -> None:
            hostile.write_bytes(content)
            try:
                for part in (library.FASHION_MNIST.train, library.FASHION_MNIST.test):
                    assert len(part(base, limit).x)
            finally:
                if hostile.name in files:
                    hostile.write_bytes(files[hostile.name])
                else:
                    hostile.unlink()

        return told, attempt

    return make


def idx(shape: tuple[int, ...], values: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    head = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    return head + values.astype(np.uint8).tobytes()


def libraries() -> Maker:
    """Liberty files."""
    from hwdse.cost import liberty

    toy = LIBERTY.read_text(encoding="utf-8")

    def make(rng: random.Random, folder: Path) -> Case:
        text = toy
        for _ in range(rng.choice((1, 2, 4))):
            text = mutated(rng, text, [toy])
        content = text.encode("utf-8", "surrogatepass")
        if rng.random() < 0.3:
            content = mutated_bytes(rng, content)
        path = folder / rng.choice(("x.lib", "x.lib.gz"))
        if path.suffix == ".gz" and rng.random() < 0.8:
            content = gzip.compress(content)
        path.write_bytes(content)
        return f"{path.name} {text!r}", lambda: liberty.load(path)

    return make


def arguments() -> Maker:
    """Whole command lines: status 0 or 2, and at most one line of error that can be printed."""
    import io

    from hwdse.cli import COMMANDS, main
    from hwdse.errors import HwdseError

    lines = [
        ["formats", "e4m3fn", "int8", "--json"],
        ["cost", "a=int8,acc=int:32", "--technology", "nangate45", "--json"],
        ["accuracy", "a=int8,acc=int:32", "--network", "digits", "--samples", "4"],
        ["verify", "a=int8,acc=int:32", "--level", "quicker", "--seed", "7"],
        ["explore", "space.toml", "-o", "out", "--jobs", "1", "--samples", "3"],
        ["pareto", "store.sqlite", "--x", "area_um2"],
        ["report", "store.sqlite", "-o", "out.html"],
        ["mutate", "a=int8,acc=int:32", "--mutants", "0", "--level", "fast"],
    ]
    words = [word for line in lines for word in line]

    def make(rng: random.Random, folder: Path) -> Case:
        line = list(rng.choice(lines))
        for _ in range(rng.choice((1, 1, 2))):
            place = rng.randrange(1, len(line))
            line[place] = rng.choice((mutated(rng, line[place], words), *NUMBERS[:30], *SCRAPS))
        # No shell can give a NUL.
        given = [word.encode("utf-8", "replace").decode().replace("\0", "") for word in line]
        # Nothing that works shall run for long.
        risky = {"verify": "--level", "explore": "-o", "mutate": "--mutants"}
        if line[0] in risky:
            given += [risky[line[0]], "/dev/null/none"]

        def attempt() -> None:
            out, err = io.StringIO(), io.StringIO()
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                contextlib.chdir(folder),
            ):
                status = main(given)
            errors = [x for x in err.getvalue().split("\n") if x.startswith("hwdse: error: ")]
            assert status in (0, 2), status
            assert len(errors) == (status == 2), err.getvalue()
            if errors:
                raise HwdseError(errors[0].removesuffix("\n"))

        return repr(given), attempt

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for line in lines[:3]:
            main(line)
        for command in COMMANDS:
            main([command, "--help"])
    return make


#: What gives the maker of each kind.
KINDS: dict[str, Callable[[], Maker]] = {
    maker.__name__: maker
    for maker in (
        specs,
        formats,
        spaces,
        tables,
        machines,
        stores,
        networks,
        datasets,
        libraries,
        arguments,
    )
}
