"""The sign-off page: HTML to read, JSON for programs, JUnit XML for continuous integration."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crosschop.cosim.signoff.check import Check, Context, Outcome, Status
from crosschop.model.page import render_page

INDEX = "index.html"


def worst(found: Iterable[Status]) -> Status:
    """The verdict over several: one that fails fails all, one that was not run leaves it open."""
    every = set(found)
    return "fail" if "fail" in every else "not run" if "not run" in every else "pass"


@dataclass(frozen=True)
class Page:
    """A finished sign-off."""

    context: Context
    versions: str
    lines: tuple[tuple[Check, Outcome], ...]

    @property
    def status(self) -> Status:
        """The verdict over all lines."""
        return worst(outcome.status for _, outcome in self.lines)

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        by_status = {one: sum(outcome.status == one for _, outcome in self.lines) for one in ("fail", "not run")}
        return {
            "pass": f"signed off, {len(self.lines)} checks at effort {self.context.effort.name}",
            "fail": f"not signed off, {by_status['fail']} of {len(self.lines)} checks fail",
            "not run": f"not signed off, {by_status['not run']} of {len(self.lines)} checks were not run",
        }[self.status]

    def as_data(self) -> dict[str, Any]:
        """The page as JSON values."""
        return {
            "status": self.status,
            "verdict": self.verdict,
            "chip": self.context.spec.name,
            "effort": asdict(self.context.effort),
            "versions": self.versions,
            "checks": [{"check": check.name, "title": check.title, **asdict(found)} for check, found in self.lines],
        }


def _junit(page: Page) -> str:
    """One test case per line, in the format that CI systems read."""
    counts = {one: sum(found.status == one for _, found in page.lines) for one in ("fail", "not run")}
    suite = ET.Element(
        "testsuite",
        name=f"crosschop signoff {page.context.spec.name}",
        tests=str(len(page.lines)),
        failures=str(counts["fail"]),
        errors="0",
        skipped=str(counts["not run"]),
        time=f"{sum(found.seconds for _, found in page.lines):.1f}",
    )
    for check, found in page.lines:
        group = f"signoff.{page.context.spec.name}"
        case = ET.SubElement(suite, "testcase", classname=group, name=check.name, time=f"{found.seconds:.1f}")
        text = "\n".join([found.found, *found.evidence])
        if found.status == "fail":
            ET.SubElement(case, "failure", message=found.found).text = text
        elif found.status == "not run":
            ET.SubElement(case, "skipped", message=found.found)
        else:
            ET.SubElement(case, "system-out").text = text
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    document: str = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{document}\n'


def write_pages(pages: Sequence[Page], directory: Path) -> list[Path]:
    """Writes each page in its three forms, and an index where there are several."""
    files: list[Path] = []
    for page in pages:
        html, data, junit = (directory / f"{page.context.spec.name}.{form}" for form in ("html", "json", "xml"))
        chipspec = page.context.spec.model_dump_json(indent=1)
        html.write_text(render_page("signoff.html.j2", page=page, chipspec=chipspec), encoding="utf-8")
        data.write_text(json.dumps(page.as_data(), indent=1) + "\n", encoding="utf-8")
        junit.write_text(_junit(page), encoding="utf-8")
        files += [html, data, junit]
    if len(pages) > 1:
        names = list(dict.fromkeys(check.name for page in pages for check, _ in page.lines))
        status = worst(page.status for page in pages)
        text = render_page("signoff_index.html.j2", pages=pages, names=names, status=status)
        files.append(directory / INDEX)
        files[-1].write_text(text, encoding="utf-8")
    return files
