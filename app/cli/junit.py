"""The results of tests as JUnit XML, in the form that CI servers check: that of Jenkins' xUnit plug-in, version 10."""

import re
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from app.pdp.test_report import TestReport, TestResult

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold (section 2.2), not even escaped."""


def junit(report: TestReport) -> str:
    """Return one document: a suite for each file, a failure with the place and severity for each test that failed."""
    root = Element("testsuites", _counts(report.results))
    for file, results in groupby(report.results, key=lambda each: each.file):
        suite = [*results]
        element = SubElement(root, "testsuite", {"name": file} | _counts(suite))
        for each in suite:
            _add(element, each)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add(suite: Element, each: TestResult) -> None:
    names = {"name": _text(each.name), "classname": _text(each.of or each.file), "time": f"{each.seconds:.6f}"}
    case = SubElement(suite, "testcase", names)
    if not each.passed:
        failure = SubElement(case, "failure", {"message": _text(each.error), "type": each.severity or each.kind})
        failure.text = _text(f"{each.file}:{each.line}: expected {each.expected}, got {each.actual}")


def _counts(results: "list[TestResult] | tuple[TestResult, ...]") -> dict[str, str]:
    failed = sum(not each.passed for each in results)
    seconds = sum(each.seconds for each in results)
    return {"tests": str(len(results)), "failures": str(failed), "errors": "0", "time": f"{seconds:.6f}"}


def _text(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
