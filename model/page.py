"""Self-contained HTML pages: templates of this folder, pictures inside the page."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 180


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a picture that depends on the figure alone: the version of matplotlib is not in it."""
    figure.savefig(path, dpi=DPI, metadata={"Software": None})


def embedded(picture: Path) -> str:
    """A picture for the `src` of an image in a page."""
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")


def render_page(template: str, **values: object) -> str:
    """The text of a page.

    Args:
        template: name of a file in templates/.
        values: what it uses; a missing one is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
