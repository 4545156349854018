"""The checked-in Verilog is what its specs generate, and does what they say."""

import shutil
from pathlib import Path

import pytest
from verify_broken import broken

from hwdse import Design
from hwdse.cli import main
from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit, split_modules
from hwdse.verify.certificate import sha256
from hwdse.verify.supported import (
    Outcome,
    check_supported,
    path_of,
    raise_failures,
    read_supported,
    verify_supported,
    write_supported,
)

RTL = Path(__file__).parents[2] / "rtl"


def test_checked_in_verilog_is_what_is_generated() -> None:
    assert len(read_supported(RTL)) >= 5
    assert check_supported(RTL) == []


def test_changed_missing_and_foreign_files_are_found(tmp_path: Path) -> None:
    copy = shutil.copytree(RTL, tmp_path / "rtl")
    designs = read_supported(copy)
    changed, missing, headless, *_ = (copy / path_of(d) / f"{d.slug}.v" for d in designs)
    changed.write_text(changed.read_text().replace("endmodule", "endmodule // touched"))
    missing.unlink()
    headless.write_text(split_modules(emit(designs[2]))[designs[2].slug])
    extended = copy / path_of(designs[0]) / f"{designs[0].slug}_lane.v"
    extended.write_text("// a line more\n" + extended.read_text())
    shutil.copy(RTL / "README.md", copy / "mac" / "foreign.v")
    reasons = {found.path: found.reason for found in check_supported(copy)}
    assert reasons == {
        changed.relative_to(copy).as_posix(): "the module differs from what its spec generates",
        missing.relative_to(copy).as_posix(): "missing",
        headless.relative_to(copy).as_posix(): "the header lacks the digest of the modules",
        extended.relative_to(copy).as_posix(): "more than its module",
        "mac/foreign.v": "no part of what supported.toml lists",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("designs = ]", "line 1"),
        ("designs = []", "a list of specs is needed"),
        ("other = 1", "a list of specs is needed"),
        ('designs = ["a=int99,acc=int:32"]', "2 to 32 bits"),
    ],
)
def test_malformed_lists(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "supported.toml").write_text(text)
    with pytest.raises(SpecError, match=said):
        read_supported(tmp_path)


def test_missing_list(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="No such file"):
        read_supported(tmp_path)


SMALL = ("a=e2m1fn,acc=fp:bf16", "a=e2m1fn,unit=mul")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two small designs, their Verilog without proof."""
    (tmp_path / "supported.toml").write_text(f"designs = {list(SMALL)}\n")
    listed = []
    for design in read_supported(tmp_path):
        listed += _check_in(tmp_path, design, emit(design))
    (tmp_path / "filelist.f").write_text("\n".join(listed))
    return tmp_path


def _check_in(folder: Path, design: Design, verilog: str) -> list[str]:
    parts = split_modules(verilog)
    (folder / path_of(design)).mkdir(exist_ok=True, parents=True)
    for number, (name, part) in enumerate(parts.items()):
        head = "" if number else f"// {sha256(verilog)}\n"
        (folder / path_of(design) / f"{name}.v").write_text(head + part)
    return [f"{path_of(design)}/{name}.v" for name in parts]


def test_the_checked_in_bytes_are_simulated(small: Path) -> None:
    outcomes = verify_supported(small, level="quick", jobs=2)
    assert [outcome.spec for outcome in outcomes] == [str(d) for d in read_supported(small)]
    for outcome, design in zip(outcomes, read_supported(small), strict=True):
        assert outcome.certificate is not None
        assert outcome.certificate.verilog_sha256 == sha256(emit(design))
        assert outcome.certificate.total > 400
    # Another module of the same name, with the digest of its own in the header.
    design = read_supported(small)[1]
    other = _check_in(small, design, broken(design, "i_a == 4'h3"))
    listed = (small / "filelist.f").read_text().split()
    kept = [path for path in listed if not path.startswith(path_of(design))]
    (small / "filelist.f").write_text("\n".join([*kept, *other]))
    told: list[Outcome] = []
    outcomes = verify_supported(small, level="quick", progress=told.append)
    assert [bool(outcome.failure) for outcome in outcomes] == [False, True]
    assert {outcome.spec for outcome in told} == {outcome.spec for outcome in outcomes}
    with pytest.raises(VerificationError, match=r"1 of 2 designs failed\na=e2m1fn.* mismatches"):
        raise_failures(outcomes)


def test_a_file_that_is_not_what_its_header_says_fails(small: Path) -> None:
    first = read_supported(small)[0]
    path = small / path_of(first) / f"{first.slug}.v"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(VerificationError, match="the header lacks the digest"):
        verify_supported(small, level="quick")
    path.unlink()
    with pytest.raises(VerificationError, match="No such file"):
        verify_supported(small, level="quick")


@pytest.mark.long
def test_written_files_are_those_that_passed(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwdse.verify.supported._LEVEL", "quick")
    designs = read_supported(small)
    written = write_supported(small)
    assert written[-1] == "filelist.f"
    assert {str(Path(path).parent) for path in written[:-1]} == set(map(path_of, designs))
    assert check_supported(small) == []
    first = small / path_of(designs[1]) / f"{designs[1].slug}.v"
    assert "0 mismatches" in first.read_text()


#: Designs whose checked-in files are edited, and the file where they are.
EDITED = dict.fromkeys(("a=int8,acc=int:32", "a=int8,b=int4,acc=int:32"), "exact_multiplier")


@pytest.fixture
def checked_in(tmp_path: Path) -> Path:
    """Two of the supported designs with the files that are checked in."""
    designs = [Design.parse(spec) for spec in EDITED]
    (tmp_path / "supported.toml").write_text(f"designs = {list(EDITED)}\n")
    listed = (RTL / "filelist.f").read_text().splitlines()
    kept = [path for path in listed for d in designs if path.startswith(f"{path_of(d)}/")]
    for path in kept:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(RTL / path, tmp_path / path)
    (tmp_path / "filelist.f").write_text("\n".join(kept) + "\n")
    return tmp_path


def edit(folder: Path, spec: str, old: str, new: str, *, signed: bool) -> str:
    """Edit the multiplier of a design; `signed` puts the digest of the edited files in the header.

    Returns:
        The edited file, relative to the folder.
    """
    design = Design.parse(spec)
    head = f"{path_of(design)}/{design.slug}"
    path = folder / f"{head}_{EDITED[spec]}.v"
    text = path.read_text()
    assert text.count(old) == 1
    files = [folder / line for line in (folder / "filelist.f").read_text().split() if head in line]
    before = digest_of(files)
    path.write_text(text.replace(old, new))
    top = folder / f"{head}.v"
    assert before in top.read_text()
    if signed:
        top.write_text(top.read_text().replace(before, digest_of(files)))
    return path.relative_to(folder).as_posix()


def digest_of(files: list[Path]) -> str:
    texts = [file.read_text() for file in files]
    lines = texts[0].splitlines(keepends=True)
    while lines[0].startswith("//"):
        lines.pop(0)
    return sha256("".join(["".join(lines), *texts[1:]]))


def test_a_fault_in_a_checked_in_file_is_found_and_a_harmless_edit_passes(
    checked_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are edited, and both headers have the right digest: only behaviour tells them apart."""
    product = "$signed(a_significand) * $signed(b_significand)"
    swapped = "$signed(b_significand) * $signed(a_significand)"
    faulty, harmless = EDITED
    # One pair of operands of 65,536.
    at = "a_significand == 8'h80 && b_significand == 8'h80"
    wrong = f"{at} ? 16'sh4001 : {product}"
    files = [
        edit(checked_in, faulty, product, wrong, signed=True),
        edit(checked_in, harmless, product, swapped, signed=True),
    ]
    arguments = ["--folder", str(checked_in)]
    assert main(["rtl", "--check", *arguments]) == 1
    said = capsys.readouterr().err
    for file in files:
        assert f"{file}: the module differs from what its spec generates" in said
    assert main(["verify", "--supported", "--level", "quick", *arguments]) == 1
    out, err = capsys.readouterr()
    failed, passed = out.splitlines()
    assert failed == f"FAILED {Design.parse(faulty)}"
    assert passed.startswith(f"passed {Design.parse(harmless)}: ")
    assert "1 of 2 designs failed" in err
    assert "a=0x80 (-128) b=0x80 (-128): expected" in err


def test_edited_and_missing_files_are_named(
    checked_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is simulated where a header speaks of other bytes, or a file is not there."""
    first, second = EDITED
    edit(checked_in, first, "endmodule", "endmodule  // reviewed", signed=False)
    top = f"{path_of(Design.parse(first))}/{Design.parse(first).slug}.v"
    verify, check = ["verify", "--supported", "--level", "quick"], ["rtl", "--check"]
    for command, said in ((verify, "the header lacks the digest"), (check, "the module differs")):
        assert main([*command, "--folder", str(checked_in)]) == 1
        assert said in capsys.readouterr().err
    shutil.copytree(
        RTL / path_of(Design.parse(first)), (checked_in / top).parent, dirs_exist_ok=True
    )
    missing = edit(checked_in, second, "endmodule", "endmodule", signed=False)
    (checked_in / missing).unlink()
    for command, said in ((verify, "No such file"), (check, f"{missing}: missing")):
        assert main([*command, "--folder", str(checked_in)]) == 1
        err = capsys.readouterr().err
        assert said in err
        assert Path(missing).name in err
        assert top not in err
