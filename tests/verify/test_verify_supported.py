"""The checked-in Verilog is what its specs generate."""

import shutil
from pathlib import Path

import pytest
from verify_broken import broken

from hwdse import Design
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
