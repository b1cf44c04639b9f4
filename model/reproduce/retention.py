"""Retention: AGAD's error where the devices of A forget, over their lifetime in units of N n_s samples."""

from __future__ import annotations

from matplotlib.figure import Figure

from crosschop.model.chipspec import load_chipspec
from crosschop.model.palette import GREY, INK
from crosschop.model.reproduce.experiment import Comparison, Row, Settings, mean_and_spread
from crosschop.model.reproduce.points import Outcomes, Point
from crosschop.model.reproduce.sweep_figure import curves

CHIP = "agad_20"
# Lifetimes in units of N n_s, the samples between two reads of a column.
LIFETIMES = (0.1, 0.3, 1, 3, 10, 30, 100)
QUICK = (0.1, 1, 10, 100)


class Retention:
    """Every device of A decays to conductance 0."""

    algorithms = ("agad",)

    def points(self, settings: Settings) -> list[Point]:
        """One run per lifetime and seed, and without decay."""
        return [_point(lifetime, seed) for lifetime in (*_lifetimes(settings), None) for seed in settings.seeds]

    def compare(self, settings: Settings, outcomes: Outcomes) -> Comparison:
        """The error at each lifetime; the paper has a rule, no numbers."""
        rows = []
        for lifetime in (*_lifetimes(settings), None):
            errors = [outcomes[_point(lifetime, seed)].error for seed in settings.seeds]
            what = "no decay" if lifetime is None else f"lifetime {lifetime:g} N n_s"
            rows.append(Row("agad", what, "%", None, *mean_and_spread(errors)))
        return Comparison(
            title="Retention: AGAD's error over the lifetime of A",
            rows=tuple(rows),
            settings=(
                f"{CHIP}: N n_s = {_unit()} samples between two reads of a column; A decays exponentially to "
                "conductance 0, W keeps what it holds",
                f"golden engine, seeds {', '.join(map(str, settings.seeds))}; mean over the last tenth of a run",
            ),
            remarks=(
                "The paper's rule, from its text: A has to hold for about N n_s samples. Its sweep is in the "
                "supplement, which gives no numbers to compare with here. What R loses, which matters to TTv2 and "
                "Chopped-TTv2, is not modelled: R holds what it was programmed to.",
            ),
        )

    def draw(self, settings: Settings, outcomes: Outcomes) -> Figure:
        """The error over the lifetime, with the level without decay and the paper's rule."""
        lifetimes = _lifetimes(settings)
        errors = [[outcomes[_point(lifetime, seed)].error for seed in settings.seeds] for lifetime in lifetimes]
        figure, axes = curves(lifetimes, {"agad": errors}, {}, r"lifetime of A in units of $N\,n_s$ samples")
        ideal, _ = mean_and_spread([outcomes[_point(None, seed)].error for seed in settings.seeds])
        axes.axhline(ideal, color=GREY, linewidth=1, label="without decay")
        axes.axvline(1, color=INK, linewidth=1, linestyle=":", label="the paper's rule")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
        return figure


def _unit() -> int:
    spec = load_chipspec(CHIP)
    return spec.array.cols * spec.transfer.transfer_every


def _lifetimes(settings: Settings) -> tuple[float, ...]:
    return QUICK if settings.quick else LIFETIMES


def _point(lifetime: float | None, seed: int) -> Point:
    overrides = () if lifetime is None else (f"device.a.retention={{lifetime: {lifetime * _unit():g}}}",)
    return Point(CHIP, overrides, seed)
