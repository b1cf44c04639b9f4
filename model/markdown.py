"""Tables and generated parts of the READMEs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BEGIN = "<!-- begin {}: written by `make docs` -->"
_END = "<!-- end {} -->"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def with_parts(text: str, parts: Mapping[str, str]) -> str:
    """A text with what stands between the markers of each part written anew.

    Raises:
        ValueError: the text lacks a pair of markers.
    """
    for name, content in parts.items():
        begin, end = _BEGIN.format(name), _END.format(name)
        if begin not in text or end not in text:
            raise ValueError(f"no markers {begin} and {end}")
        head, rest = text.split(begin, 1)
        text = f"{head}{begin}\n\n{content}\n\n{end}{rest.split(end, 1)[1]}"
    return text
