"""The sign-off page: HTML to read, JSON for programs, JUnit XML for continuous integration."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crosschop.cosim.signoff.check import Check, Context, Outcome, Status
from crosschop.model.page import render_page

HTML, JSON, JUNIT = "signoff.html", "signoff.json", "junit.xml"


@dataclass(frozen=True)
class Page:
    """A finished sign-off."""

    context: Context
    versions: str
    lines: tuple[tuple[Check, Outcome], ...]

    @property
    def status(self) -> Status:
        """The verdict over all lines: one that fails fails all, one that was not run leaves it open."""
        found = {outcome.status for _, outcome in self.lines}
        return "fail" if "fail" in found else "not run" if "not run" in found else "pass"

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


def page_of(context: Context, versions: str, lines: list[tuple[Check, Outcome]]) -> Page:
    """The page of these lines."""
    return Page(context, versions, tuple(lines))


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


def write_page(page: Page, directory: Path) -> list[Path]:
    """Writes the page in its three forms."""
    files = [directory / name for name in (HTML, JSON, JUNIT)]
    chipspec = page.context.spec.model_dump_json(indent=1)
    files[0].write_text(render_page("signoff.html.j2", page=page, chipspec=chipspec), encoding="utf-8")
    files[1].write_text(json.dumps(page.as_data(), indent=1) + "\n", encoding="utf-8")
    files[2].write_text(_junit(page), encoding="utf-8")
    return files
