"""Hostile inputs of every kind that a user can give, and a child process that tries them.

A case is made from a seed, its kind and its number alone. It may succeed or raise a HwdseError of
one bounded line; anything else fails: another exception, a warning of NumPy, more than `SECONDS`,
or more memory than `MEBIBYTES` beyond what the imports take. One child process tries many cases.

    python tests/fuzz/fuzz_hostile.py KIND FIRST COUNT   (HWDSE_FUZZ_SEED names another seed)
"""

import faulthandler
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = os.environ.get("HWDSE_FUZZ_SEED", "20260229")
TRACE = "HWDSE_FUZZ_TRACE" in os.environ
SECONDS = 5
MEBIBYTES = 200
LONGEST_MESSAGE = 1000

#: Makes case `number` in a folder, describes it, and gives what tries it.
Case = tuple[str, Callable[[], object]]
Maker = Callable[[random.Random, Path], Case]


class TooSlow(BaseException):
    """A case that ran longer than `SECONDS`; no Exception, for the product must not catch it."""


def fuzz(kind: str, first: int, count: int) -> int:
    """Try cases in a child process; how many it refused.

    Raises:
        AssertionError: some failed, or the child did not try all; says how to repeat them.
    """
    done = subprocess.run(
        [sys.executable, __file__, kind, str(first), str(count)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HWDSE_FUZZ_SEED": SEED},
    )
    last = (done.stdout.splitlines() or ["{}"])[-1]
    report = json.loads(last) if last.startswith("{") else {}
    assert done.returncode == 0, (
        f"HWDSE_FUZZ_SEED={SEED} python tests/fuzz/fuzz_hostile.py {kind} {first} {count}:\n"
        f"{done.stdout[-6000:]}{done.stderr[-2000:]}"
    )
    assert report["tried"] == count
    assert report["mebibytes"] <= MEBIBYTES, f"{kind}: {report['mebibytes']} MiB"
    return int(report["refused"])


def try_cases(maker: Maker, kind: str, first: int, count: int) -> dict[str, int]:
    """Try cases in this process and print those that fail."""
    from hwdse.errors import HwdseError

    refused = failed = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limit_memory()
    warnings.simplefilter("error", RuntimeWarning)
    faulthandler.enable()
    for number in range(first, first + count):
        rng = random.Random(f"{SEED}/{kind}/{number}")
        with tempfile.TemporaryDirectory(prefix="hwdse-fuzz-") as folder:
            text, attempt = maker(rng, Path(folder))
            # What a crash leaves on stderr begins with the case that it was in.
            if TRACE:
                sys.stderr.write(f"{kind} {number}: {text[:300]}\n")
            problem = ""
            try:
                with time_limit():
                    attempt()
            except HwdseError as error:
                refused += 1
                message = str(error)
                if "\n" in message or not message.isprintable() or not message:
                    problem = f"a message of several lines or unprintable: {message!r}"
                elif len(message) > LONGEST_MESSAGE:
                    problem = f"a message of {len(message)} characters"
            except TooSlow:
                problem = f"more than {SECONDS} s: {traceback.format_exc(limit=-8)}"
            except BaseException as error:
                problem = f"{type(error).__name__}: {traceback.format_exc(limit=-6)}"
        if problem:
            failed += 1
            sys.stdout.write(f"case {kind} {number}: {text[:600]}\n    {problem[-1500:]}\n")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "tried": count,
        "refused": refused,
        "failed": failed,
        "mebibytes": (after - before) // 1024,
    }


def limit_memory() -> None:
    """Let allocations beyond the limit fail, at twice of it: address space is not all memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + 2 * MEBIBYTES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise TooSlow after the seconds of a case; a second time if that was caught.

    Seconds of this process count; a busy machine has more for those of the clock, which tell of
    one that waits for ever.
    """

    def stop(*_: object) -> None:
        raise TooSlow

    limits = {
        signal.ITIMER_PROF: (signal.SIGPROF, SECONDS),
        signal.ITIMER_REAL: (signal.SIGALRM, 20 * SECONDS),
    }
    for timer, (number, seconds) in limits.items():
        signal.signal(number, stop)
        signal.setitimer(timer, seconds, seconds)
    try:
        yield
    finally:
        for timer in limits:
            signal.setitimer(timer, 0)


# --- what is hostile of a text ------------------------------------------------------------------

NUMBERS = (
    *(
        "0",
        "1",
        "-1",
        "00",
        "2",
        "3",
        "16",
        "17",
        "24",
        "32",
        "33",
        "63",
        "64",
        "65",
        "255",
        "1023",
    ),
    *("1024", "1025", "4096", "65535", "65536", "65537", "999999999", "2147483648", "4294967296"),
    *("18446744073709551616", "9" * 40, "9" * 500, "9" * 5000, "1e400", "1e308", "-1e400", "0x10"),
    *("nan", "inf", "-inf", "1_0", "1.5", "+3", "８", "٣", "²", "𝟠", "0" * 300 + "1"),
)
SCRAPS = (
    *("", " ", "\t", "\n", "\r\n", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff"),
    *("\ud800", "\udcff", "é", "ｅ", "’", '"', "'", "\\", "/", "../", "~", "%s%n", "{0}", "{", "}"),
    *("$\\frac{$", "[", "]", "[[", "=", ",", ":", "_", ".", "-", "x", "codebook:", "any:4:bf16:"),
    *(
        "block:",
        "tensor",
        "/dev/zero",
        "/dev/null",
        "/dev/tty",
        "/proc/self/mem",
        "/proc/self/maps",
    ),
    *("/", ".", "_sym", "_ftz", "_fn", "fp:", "_y", "=1", ",a=int8", "#", "'''", '"""'),
)


def mutated(rng: random.Random, text: str, others: list[str]) -> str:
    """A text with a few changes of the kinds that break parsers, or with words exchanged."""
    if rng.random() < 0.4:
        return with_other_words(rng, text, others)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        place = rng.randrange(len(text) + 1)
        end = min(len(text), place + rng.choice((1, 1, 2, 4, 12)))
        match rng.randrange(9):
            case 0:
                text = text[:place] + text[end:]
            case 1:
                text = text[:place] + rng.choice(SCRAPS) + text[place:]
            case 2:
                text = text[:place] + rng.choice(SCRAPS) + text[end:]
            case 3:
                text = text[:place] + text[place:end] * rng.choice((2, 3, 30, 3000)) + text[end:]
            case 4 | 5:
                text = with_another_number(rng, text)
            case 6:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                text = text[:place] + other[start : start + rng.choice((3, 8, 40))] + text[end:]
            case 7:
                text = text[:place] + rng.choice(SCRAPS) * rng.choice((2, 40, 2000)) + text[end:]
            case _:
                code = rng.choice((rng.randrange(128), rng.randrange(0xD800), 0x1F600))
                text = text[:place] + chr(code) + text[end:]
    return text


def with_other_words(rng: random.Random, text: str, others: list[str]) -> str:
    """A text in which a few words are those of other texts, or small numbers: it often is valid."""
    words = _WORD.findall(text) or [""]
    for _ in range(rng.choice((1, 1, 2, 3))):
        place = rng.choice([k for k, word in enumerate(words) if word.isalnum()] or [0])
        if words[place].isdigit():
            words[place] = str(rng.choice((0, 1, 2, 3, 4, 5, 8, 12, 16, 31, 32, 64, 100)))
        else:
            taken = [w for w in _WORD.findall(rng.choice(others)) if w.isalnum()]
            words[place] = rng.choice(taken or [""])
    return "".join(words)


def with_another_number(rng: random.Random, text: str) -> str:
    """One run of digits replaced by an extreme one."""
    places = [k for k, c in enumerate(text) if c.isdigit() and not text[k - 1 : k].isdigit()]
    if not places:
        return text + rng.choice(NUMBERS)
    start = end = rng.choice(places)
    while end < len(text) and text[end].isdigit():
        end += 1
    return text[:start] + rng.choice(NUMBERS) + text[end:]


def mutated_bytes(rng: random.Random, data: bytes) -> bytes:
    """Data with some bytes flipped, cut out, repeated or set to extremes."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place = rng.randrange(len(content) + 1)
        length = rng.choice((1, 1, 2, 4, 8, 100))
        match rng.randrange(5):
            case 0 if place < len(content):
                content[place] ^= 1 << rng.randrange(8)
            case 1:
                del content[place : place + length]
            case 2:
                content[place:place] = rng.randbytes(length)
            case 3:
                content[place : place + length] = rng.choice((b"\0", b"\xff", b"\x7f")) * length
            case _:
                content[place:place] = content[place : place + length] * rng.choice((1, 3))
    if rng.random() < 0.1:
        del content[rng.randrange(len(content) + 1) :]
    return bytes(content)


_WORD = re.compile(r"[a-z]+|[0-9]+|[^a-z0-9]", re.DOTALL)


class Raw(str):
    """A text that stands in a JSON document as it is."""

    __slots__ = ()


def hostile_value(rng: random.Random) -> object:
    """What nobody expects in a document."""
    deep: object = []
    for _ in range(rng.choice((2, 40, 90))):
        deep = [deep]
    return rng.choice(
        (
            *(None, True, False, 0, -1, 1, 1e308, -1e308, 5e-324, 1e-300, 2**31, 2**63, 2**64, ""),
            *("x", "x" * 100_000, "\n", "\0", "\x1b[2J", "\ud800", [], {}, [[]], {"": {}}, deep),
            *([0] * 300, [1, 2], {"a": 1}, Raw("1" + "0" * 400), Raw("9" * 5000), Raw("NaN")),
            *(Raw("Infinity"), Raw("-Infinity"), Raw("1e400"), Raw("[" * 50_000), Raw("{}{}")),
        )
    )


def mutated_document(rng: random.Random, document: object) -> str:
    """JSON of a document with a few parts replaced, taken out or renamed."""
    root = {"root": json.loads(json.dumps(document))}
    for _ in range(rng.choice((1, 1, 2, 3))):
        holder, key = root, "root"
        while rng.random() < 0.85:
            inside = holder[key]
            keys = list(inside) if isinstance(inside, dict) else []
            if isinstance(inside, list):
                keys = list(range(len(inside)))
            if not keys:
                break
            holder, key = inside, rng.choice(keys)
        action = rng.random()
        if action < 0.65 or holder is root:
            holder[key] = hostile_value(rng)
        elif action < 0.8:
            del holder[key]
        elif isinstance(holder, dict):
            holder[rng.choice(("", "x", "\n", "x" * 5000))] = holder.pop(key)
        else:
            holder.insert(key, hostile_value(rng))
    return to_json(root["root"])


def to_json(value: object) -> str:
    """JSON in which texts of type Raw stand as they are."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{to_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value)


def main() -> None:
    """Try the cases that the command line names."""
    kind, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.path.insert(0, str(HERE))
    from fuzz_hostile_kinds import KINDS

    report = try_cases(KINDS[kind](), kind, first, count)
    sys.stdout.write(f"{json.dumps(report)}\n")
    sys.exit(bool(report["failed"]))


if __name__ == "__main__":
    main()
