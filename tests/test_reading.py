"""Files that a user names: what is refused, and that nothing waits, grows or recurses."""

import gzip
import json
import os
import resource
import subprocess
import sys
import time

import pytest

from hwdse.errors import MAX_MESSAGE, HwdseError, SpecError, ToolError, one_line, unknown
from hwdse.reading import (
    MAX_DEPTH,
    MEBIBYTE,
    parse_toml,
    read_bytes,
    read_json,
    read_text,
    unpacked,
)


def refused(read, path, message, **options):
    start = time.process_time()
    with pytest.raises(SpecError, match=message) as caught:
        read(path, "table", SpecError, **options)
    assert time.process_time() - start < 1
    assert len(str(caught.value)) <= MAX_MESSAGE
    assert str(caught.value).isprintable()


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "x"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_only_regular_files_are_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link", "/dev/zero", "/dev/null"):
        refused(read_bytes, path, "not a regular file")
    refused(read_bytes, tmp_path, "Is a directory")
    refused(read_bytes, tmp_path / "nothing", "table .*nothing: No such file")
    refused(read_bytes, tmp_path / ("x" * 5000), "too long")
    refused(read_bytes, "a\0b", "no name of a file")


def test_size_is_bounded_before_and_while_reading(file, tmp_path):
    path = file(b"12345")
    assert read_bytes(path, "table", SpecError, most=5) == b"12345"
    refused(read_bytes, path, "5 bytes, at most 4 are allowed", most=4)
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as large:
        large.truncate(1 << 40)
    refused(read_bytes, sparse, "1099511627776 bytes, at most")
    # The kernel says that these are empty.
    assert len(read_bytes("/proc/self/status", "table", SpecError)) > 100
    refused(read_bytes, "/proc/self/status", "more than 100 bytes", most=100)


def test_no_memory_is_taken_for_what_is_not_there(file):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    content = read_bytes(file(b"x"), "table", SpecError, most=4 << 30)
    assert unpacked(gzip.compress(content), "x", "table", SpecError, most=4 << 30) == b"x"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_what_unpacks_to_too_much_is_refused_as_it_does():
    bomb = gzip.compress(bytes(MEBIBYTE)) * 1000
    start = time.process_time()
    with pytest.raises(SpecError, match=f"x, unpacked: more than {MEBIBYTE} bytes"):
        unpacked(bomb, "x", "table", SpecError, most=MEBIBYTE)
    assert time.process_time() - start < 1
    for damaged in (b"", b"no gzip", bomb[:50]):
        if damaged:
            with pytest.raises(SpecError, match="x, unpacked: "):
                unpacked(damaged, "x", "table", SpecError, most=MEBIBYTE)


def test_text_is_utf_8(file):
    assert read_text(file("é"), "table", SpecError) == "é"
    refused(read_text, file(b"\xff"), "is no UTF-8 text")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no usable JSON: Expecting value"),
        ("[" * 100_000, f"nested more than {MAX_DEPTH} deep"),
        ("[" * 40 + "]" * 40, f"nested more than {MAX_DEPTH} deep"),
        ('{"a":' * 40 + "1" + "}" * 40, f"nested more than {MAX_DEPTH} deep"),
        ("[" + "[]," * 300_000 + "[]]", "more than 200000 lists"),
        ('["\\ud800"]', "surrogate"),
        ('{"\\ud800": 1}', "surrogate"),
    ],
)
def test_json_that_nothing_can_use(file, text, message):
    refused(read_json, file(text), message)


def test_json_numbers_of_any_length_have_a_value(file):
    found = read_json(file("[1e400, 1" + "0" * 399 + ", 1" + "0" * 5000 + "]"), "table", SpecError)
    assert found == [float("inf"), 10**399, float("inf")]
    deepest: object = 1
    for _ in range(MAX_DEPTH):
        deepest = [deepest]
    assert read_json(file(json.dumps(deepest)), "table", SpecError) == deepest


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 40 + "]" * 40,
        "a" + ".a" * 200_000 + " = 1",
        "[" + "a . " * 100_000 + "a]",
        "a = {" + "b.c" * 40 + ".d = 1}",
        "a = " + "9" * 5000,
        "a = 9223372036854775808",
        "a = 0x" + "f" * 100_000,
    ],
)
def test_toml_that_nothing_can_use(text):
    start = time.process_time()
    with pytest.raises(ValueError, match=r"deep|bits|digits|Expected|Invalid"):
        parse_toml(text)
    assert time.process_time() - start < 1


def test_toml_texts_may_hold_what_keys_may_not():
    dots = ".".join("abc" * 30)
    text = (
        f"a = '{dots}'\nb = \"{dots}\" # {dots}\nc = '''\n{dots}'''\nd.e.f = -9223372036854775807"
    )
    assert parse_toml(text) == {
        "a": dots,
        "b": dots,
        "c": dots,
        "d": {"e": {"f": -9223372036854775807}},
    }


def test_messages_are_one_bounded_line():
    error = HwdseError("given 'a\nb\x1b[2J\ud800' " + "x" * 10**6 + " allowed are y")
    text = str(error)
    assert text.startswith("given 'a b\\x1b[2J\\ud800' xxx")
    assert text.endswith("xxx allowed are y")
    assert len(text) <= MAX_MESSAGE
    assert str(HwdseError("short")) == "short"
    # Tools' logs stay as they are.
    assert str(ToolError("a\nb")) == "a\nb"
    assert one_line("tab\tand  spaces ") == "tab and spaces"


def test_unknown_names_come_with_the_nearest():
    assert unknown("kind", "int", ["uint", "bf16"]) == (
        "unknown kind 'int': near uint; known are uint, bf16"
    )
    many = [f"name{k}" for k in range(100)]
    assert unknown("kind", "zzz", many, "see there") == "unknown kind 'zzz': see there"
    assert "near fp:{format}" in unknown("kind", "fpp:e4m3", ["fp:{format}", "e4m3"])
    assert len(unknown("kind", "x" * 10**6, many)) < 300


def test_a_command_says_it_in_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = subprocess.run(
        [sys.executable, "-m", "hwdse.cli", "formats", f"codebook:{tmp_path}/pipe"],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 2
    assert done.stderr == f"hwdse: error: codebook {tmp_path}/pipe: not a regular file\n"
