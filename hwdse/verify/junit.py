"""Verification results as JUnit XML, which every CI system shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from hwdse.writing import writable_folder, write_file


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one design.

    Attributes:
        spec: the design, canonical text.
        vectors: outputs compared.
        seconds: how long it took.
        failure: what differed; empty if it passed.
    """

    spec: str
    vectors: int
    seconds: float
    failure: str = ""


def junit(results: Sequence[Result], level: str) -> str:
    """The XML: one test case per design."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"hwdse verify, level {level}",
        tests=str(len(results)),
        failures=str(sum(bool(result.failure) for result in results)),
        errors="0",
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname="hwdse.verify",
            name=result.spec,
            time=f"{result.seconds:.3f}",
        )
        properties = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(properties, "property", name="vectors", value=str(result.vectors))
        if result.failure:
            first, *_ = result.failure.splitlines()
            failure = ElementTree.SubElement(case, "failure", message=first)
            failure.text = result.failure
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def write_junit(path: Path, results: Sequence[Result], level: str) -> None:
    """Write the XML; the file appears complete or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    writable_folder(path.parent)
    write_file(path, junit(results, level))
