import pytest

from hwdse.cost import estimate
from hwdse.errors import SpaceError
from hwdse.explore.space import Space
from hwdse.resources import resource
from hwdse.spec import Design


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "space.toml"
        path.write_text(text)
        return Space.load(path)

    return load_text


def test_builtin_space_is_as_large_as_promised():
    space = Space.builtin()
    assert len(space.designs) >= 40
    assert len({design.a for design in space.designs}) >= 8
    assert {design.mul.keyword for design in space.designs} >= {"exact", "lmul"}
    assert len({design.acc.keyword for design in space.designs}) >= 3
    assert space.network == "digits-cnn"


#: What the designs of a shipped space have in common, if not the products per cycle.
SHARED = {
    # Words of 16 bits per operand and cycle, whatever their elements.
    "packed-or-separate.toml": lambda design: design.a.bits * design.unit.macs_per_cycle,
    # Products of pairs of bits per cycle.
    "composed-or-fixed.toml": lambda design: (
        design.a.bits * design.b.bits * design.unit.macs_per_cycle
    ),
    # Measurements are compared, not designs.
    "fidelity.toml": lambda design: 1,
}


def test_shipped_spaces_are_listed_and_compare_equal_units():
    folder = resource("models", "spaces")
    files = sorted(folder.glob("*.toml"))
    listed = (folder / "README.md").read_text()
    assert len(files) >= 3
    for file in files:
        assert f"`{file.name}`" in listed
        space = Space.load(file)
        assert not space.skipped
        size = SHARED.get(file.name, lambda design: design.unit.macs_per_cycle)
        sizes = {size(design) for design in space.designs}
        assert len(space.designs) > len(sizes) == 1
        assert file.read_text().startswith("#")
        assert estimate(space.designs[0], space.technology).area_um2 > 0


def test_product_is_in_order_of_the_file(load):
    space = load('[[space]]\na = ["int8", "int4"]\nacc = ["int:32", "kulisch"]\nstages = [0, 1]\n')
    assert [(d.a.name, str(d.acc), d.unit.stages) for d in space.designs[:3]] == [
        ("int8", "int:32", 0),
        ("int8", "int:32", 1),
        ("int8", "kulisch", 0),
    ]
    assert len(space.designs) == 8


def test_single_values_settings_and_explicit_designs(load):
    space = load(
        'network = "mlp"\nsamples = 100\ntechnology = "asap7"\n'
        'designs = ["a=e5m2,acc=kulisch"]\n'
        '[[space]]\na = "int8"\nacc = "kulisch"\nunit = "dot"\nlanes = 8\n'
    )
    assert (space.network, space.samples, space.technology) == ("mlp", 100, "asap7")
    assert space.designs == (
        Design.parse("a=e5m2,acc=kulisch"),
        Design.parse("a=int8,acc=kulisch,unit=dot,lanes=8"),
    )


def test_a_design_of_two_tables_is_there_once(load):
    table = '[[space]]\na = ["int8", "int4"]\nacc = "kulisch"\n'
    assert len(load(table + table).designs) == 2


def test_combinations_without_meaning_are_left_out_only_on_request(load):
    table = '[[space]]\na = ["int8", "e4m3fn"]\nmul = ["exact", "lmul"]\nacc = "kulisch"\n'
    with pytest.raises(SpaceError, match=r"space\.toml:\d: .*lmul of int8"):
        load(table)
    for text in (table + "skip_invalid = true\n", "skip_invalid = true\n" + table):
        space = load(text)
        assert (len(space.designs), space.skipped) == (3, 1)


def test_a_value_that_makes_sense_nowhere_is_an_error_even_then(load):
    with pytest.raises(SpaceError, match=r"space\.toml:4: .*kulish"):
        load(
            'skip_invalid = true\n[[space]]\na = ["int8", "e4m3fn"]\nacc = ["kulisch", "kulish"]\n'
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = \n", r"space\.toml:1: not valid TOML: "),
        ('network = "digits"\n[[space]\na = 1', r"space\.toml:2: not valid TOML: "),
        ('designs = ["a=int8"', r"space\.toml:1: not valid TOML: "),
        ("", "no designs"),
        ("designs = []", "no designs"),
        ('netwrk = "digits"', r"space\.toml:1: unknown key 'netwrk': allowed are network, "),
        ("\nnetwork = 3", r"space\.toml:2: network = 3: must be text"),
        ("samples = true", r"space\.toml:1: samples = True: must be a whole number"),
        ('samples = 0\ndesigns = ["a=int8,acc=kulisch"]', "must be at least 1"),
        ("designs = [3]", r"space\.toml:1: designs holds 3: must be text"),
        ("space = 3", r"space\.toml:1: space = 3: must be a list"),
        ("space = [3]", r"space\.toml:1: space must be \[\[space\]\] tables"),
        ("[[space]]\n", r"space\.toml:1: .*no design keys"),
        ("[[space]]\na = []\n", r"space\.toml:2: a = \[\]: needs at least one value"),
        ("[[space]]\na = [1.5]\n", r"space\.toml:2: a holds 1\.5"),
        ('[[space]]\na = "int8,acc=kulisch"\n', r"space\.toml:2: .*one value of one key"),
        (
            'designs = [\n"a=int8,acc=kulisch",\n"a=int99,acc=kulisch"]',
            r"space\.toml:3: .*integer of 99 bits",
        ),
        (
            '[[space]]\na = "int8"\nacc = "kulisch"\n[[space]]\nacc = "kulisch"\na = "e0m0"\n',
            r"space\.toml:6: .*0 exponent",
        ),
        (
            '[[space]]\na = "int8"\nacc = [\n"kulisch",\n"int:4"]\n',
            r"space\.toml:5: .*cannot hold one product",
        ),
        (
            '[[space]]\na = "int8"\nacc = "kulisch"\nwheels = 4\n',
            r"space\.toml:4: .*does not use wheels",
        ),
        (
            '[[space]]\na = "int8"\nacc = ["kulisch", "fp"]\n',
            r"space\.toml:3: .*the form is fp",
        ),
        (
            "[[space]]\na = 'int8'\nacc = 'kulisch'\n"
            + f"stages = {list(range(400))}\nlanes = {list(range(400))}\n",
            r"space\.toml:1: .*160000 combinations",
        ),
    ],
)
def test_bad_space(load, text, message):
    with pytest.raises(SpaceError, match=message) as raised:
        load(text)
    assert "\n" not in str(raised.value)


def test_file_that_cannot_be_read(tmp_path):
    with pytest.raises(SpaceError, match=r"missing\.toml: No such file"):
        Space.load(tmp_path / "missing.toml")
    with pytest.raises(SpaceError, match="Is a directory"):
        Space.load(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpaceError, match="no UTF-8"):
        Space.load(tmp_path / "binary.toml")
