"""What the commands that estimate have in common: their options, and the run behind an estimate."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import MismatchError, require_trace, run_rtl
from crosschop.cosim.output import rtl_option, seed_option, set_option
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import ChipSpec, samples_in
from crosschop.model.engines import Progress, run_golden, transfers_in_sweeps, whole_transfers
from crosschop.model.errors import CrosschopError
from crosschop.model.estimate.assumptions import read_assumptions
from crosschop.model.estimate.chip import Estimate, estimate_chip
from crosschop.model.estimate.constants import load_constants
from crosschop.model.estimate.models import Models
from crosschop.model.results import RunResult

Command = TypeVar("Command", bound=Callable[..., object])

ENGINES = ("golden", "icarus")
# What a run with RTL has by default: enough that W is written.
SWEEPS = 2


def model_options(command: Command) -> Command:
    """The options for what estimates are made with."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    options = (
        click.option("--liberty", type=file, help="Library for the controller.  [default: SKY130, with the package]"),
        click.option("--constants", "constants_file", type=file, help="Constants laid over the shipped ones."),
        click.option(
            "--assume", "assumed", metavar="KEY=VALUE", multiple=True,
            help="Replace an assumption, e.g. node_nm=45 (list: model/estimate/README.md).",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True)
class EstimateOptions:
    """The options of a command that estimates."""

    engine: str
    seed: int
    samples: int | None
    liberty: Path | None
    constants_file: Path | None
    assumed: tuple[str, ...]
    rtl: Path | None
    out: Path | None
    overrides: tuple[str, ...]
    as_json: bool

    def models(self) -> Models:
        """What the estimate is made with.

        Raises:
            InputError: a file or an assumption is wrong.
        """
        return read_models(self.constants_file, self.assumed, self.rtl, self.liberty)


def estimate_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of an estimate; the command gets them as one, `options`."""

    @functools.wraps(command)
    def bundled(**arguments: Any) -> None:
        chosen = EstimateOptions(**{field.name: arguments.pop(field.name) for field in fields(EstimateOptions)})
        command(options=chosen, **arguments)

    options = (
        click.option(
            "--engine", type=click.Choice(ENGINES), default="golden", show_default=True,
            help="What counts cycles, pulses and writes; icarus: the RTL's own counters.",
        ),
        seed_option,
        click.option(
            "--samples", type=click.IntRange(1, 10**9),
            help="Input samples to count.  [default: task.samples; with icarus two sweeps over the columns]",
        ),
        model_options,
        rtl_option,
        set_option,
        click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory of page and pictures."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr."),
    )  # fmt: skip
    with_options: Callable[..., None] = bundled
    for option in reversed(options):
        with_options = option(with_options)
    return with_options


def read_models(
    constants_file: Path | None, assumed: tuple[str, ...], rtl: Path | None, liberty: Path | None
) -> Models:
    """The files and assumptions that the options name.

    Raises:
        InputError: one of them is wrong.
    """
    return Models(load_constants(constants_file), read_assumptions(assumed), rtl, liberty)


def transfers_to_count(spec: ChipSpec, engine: str, samples: int | None) -> int:
    """Transfers of the run behind an estimate.

    Raises:
        InputError: fewer samples than one transfer takes.
    """
    if samples is not None or engine == "golden":
        return whole_transfers(spec, samples)
    return transfers_in_sweeps(spec, SWEEPS)


def count(
    spec: ChipSpec, engine: str, seed: int, transfers: int, progress: Progress, scratch: Path, rtl: Path | None
) -> RunResult:
    """The run behind an estimate.

    Raises:
        CrosschopError: the RTL and the golden model differ.
    """
    if engine == "golden":
        return run_golden(spec, seed, transfers, progress)
    require_trace(spec)
    try:
        return run_rtl(spec, seed, transfers, progress, scratch, dut=dut_of(spec, rtl))
    except MismatchError as error:
        raise CrosschopError(
            f"{spec.name}: the controller and the golden model differ ({error}), so nothing can be estimated with it; "
            f"crosschop run {spec.name} --seed {seed} shows the divergence"
        ) from None


@dataclass(frozen=True)
class EstimateJob:
    """The estimate of one chip, for another process.

    Attributes:
        spec: the resolved chip as JSON.
        engine, seed, transfers: of the run behind it.
        models: what it is made with.
    """

    spec: str
    engine: str
    seed: int
    transfers: int
    models: Models


def estimate_job(job: EstimateJob) -> Estimate:
    """The estimate of a job; importable by name, as worker processes call it."""
    spec, models = ChipSpec.model_validate_json(job.spec), job.models
    with work_directory() as scratch:
        result = count(spec, job.engine, job.seed, job.transfers, lambda done: None, scratch, models.rtl)
    return estimate_chip(result, models)


def counted(spec: ChipSpec, transfers: int) -> str:
    """How long a run is, in words."""
    return f"{samples_in(spec, transfers):,} samples"
