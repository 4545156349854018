"""The checked-in Verilog is what its specs generate."""

import shutil
from pathlib import Path

import pytest

from hwdse.errors import SpecError
from hwdse.hdl import emit
from hwdse.verify.supported import check_supported, path_of, read_supported

RTL = Path(__file__).parents[2] / "rtl"


def test_checked_in_verilog_is_what_is_generated() -> None:
    assert len(read_supported(RTL)) >= 5
    assert check_supported(RTL) == []


def test_changed_missing_and_foreign_files_are_found(tmp_path: Path) -> None:
    copy = shutil.copytree(RTL, tmp_path / "rtl")
    changed, missing, headless, *_ = (copy / path_of(design) for design in read_supported(copy))
    changed.write_text(changed.read_text().replace("endmodule", "endmodule // touched"))
    missing.unlink()
    headless.write_text(emit(read_supported(copy)[2]))
    shutil.copy(RTL / "README.md", copy / "mac" / "foreign.v")
    reasons = {found.path: found.reason for found in check_supported(copy)}
    assert reasons == {
        changed.relative_to(copy).as_posix(): "the module differs from what its spec generates",
        missing.relative_to(copy).as_posix(): "missing",
        headless.relative_to(copy).as_posix(): "the header lacks the digest of the module",
        "mac/foreign.v": "not listed in supported.toml",
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
