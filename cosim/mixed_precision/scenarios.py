"""How xc_mixed_precision is verified: scenarios, the narrow variant, when resets come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crosschop.cosim.job import Segment
from crosschop.cosim.mixed_precision.corners import PHASES
from crosschop.cosim.scenario import BUSY, QUIET, Scenario, alone, with_one_element
from crosschop.model.chipspec import ChipSpec, given, mixed_section, operand_lsbs, rtl_configuration
from crosschop.model.cycles_mixed_precision import mixed_durations, pass_cycles

# Columns of the narrow variant: few, so that batches end every few beats.
NARROW_COLS = 3
# Its gain: the largest product of codes moves chi by this share of its range.
NARROW_SHARE = 0.3
# Of the 16-bit input.
LONGEST = 65535
# Lengths of pulse trains, of which there is none.
_NO_LENGTHS = "none"


def _each(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """W is written behind every sample."""
    return {"cfg_batch": 1}


def _few(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """Batches of three samples: with the first, the last, and one between."""
    return {"cfg_batch": 3}


def _softest(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """The smallest gain, so that chi creeps and rounding decides."""
    return {"cfg_lr": 1, "cfg_batch": 2}


def _never(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """All bits of the 16-bit input: W is never written."""
    return {"cfg_batch": LONGEST}


def with_changes(whole: Segment, changes: int, spec: ChipSpec, generator: np.random.Generator) -> Segment:
    """The segment with other cfg_* values on the way, between batches; it begins with batches of one sample."""
    cols, largest = spec.array.cols, (1 << given(spec.hidden).rate_bits) - 1
    samples = whole.transfers // cols
    drawn, first = [], max(1, samples // (changes + 1))
    while first < samples:
        batch = int(generator.integers(1, 4))
        rate = int(
            generator.choice([1, rtl_configuration(spec)["cfg_lr"], largest, int(generator.integers(1, largest + 1))])
        )
        drawn.append((first * cols, {"cfg_batch": batch, "cfg_lr": rate}))
        first += batch * max(1, samples // ((changes + 1) * batch))
    return replace(whole, changes=tuple(drawn))


# The chip as it is: whole passes over its columns.
CHIP_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("reset under way", 1, "push", _NO_LENGTHS, None, _few, resets=8),
    Scenario("as specified", 6, "push", _NO_LENGTHS, QUIET),
    Scenario("W written behind every sample", 4, "push", _NO_LENGTHS, QUIET, _each),
    Scenario("batches of three samples, back-pressure", 9, "push", _NO_LENGTHS, BUSY, _few),
)

# The same chip with few columns and a large gain: chi of each column meets its limits.
NARROW_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("small codes", 2, "small", _NO_LENGTHS, QUIET),
    Scenario("drive to the limits", 6, "push", _NO_LENGTHS, QUIET),
    Scenario("reset under way", 3, "push", _NO_LENGTHS, None, _few, resets=40),
    Scenario("idle and back-pressure", 3, "uniform", _NO_LENGTHS, BUSY, _few),
    Scenario("W written behind every sample", 4, "extreme", _NO_LENGTHS, None, _each),
    Scenario("smallest gain", 2, "extreme", _NO_LENGTHS, BUSY, _softest),
    Scenario("configuration changed", 4, "push", _NO_LENGTHS, None, _each, changes=8),
    Scenario("batch without end", 1, "push", _NO_LENGTHS, QUIET, _never),
    *(
        Scenario(f"{stream} slow alone", 1, "push", _NO_LENGTHS, alone(stream), _few)
        for stream in ("smp", "rd", "adc", "wr")
    ),
    *(Scenario(f"reset in {phase}", 1, "push", _NO_LENGTHS, None, _each, reset_in=phase) for phase in PHASES),
)

# The longest batch, to its end and on.
LONG_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("ends of the counts", 1, "push", _NO_LENGTHS, QUIET, _never, length=LONGEST + 5),
)


def narrow_variant(spec: ChipSpec) -> ChipSpec:
    """The same rows, lanes and formats on few columns, with a gain that takes chi to its limits in a few samples."""
    section, hidden = mixed_section(spec), given(spec.hidden)
    # Pulses per unit of d x^T: what is wanted, and what the mantissa can hold
    wanted = NARROW_SHARE * 2.0 ** (hidden.bits - 1 - hidden.frac_bits) / (section.x_full_scale * section.d_full_scale)
    x_lsb, d_lsb = operand_lsbs(spec)
    largest = ((1 << hidden.rate_bits) - 1) / (x_lsb * d_lsb * 2.0**hidden.frac_bits)
    rate = min(wanted, largest) * spec.device.w.delta
    return spec.model_copy(
        update={
            "array": spec.array.model_copy(update={"cols": min(spec.array.cols, NARROW_COLS)}),
            "algorithm": section.model_copy(update={"learning_rate": min(10.0, rate)}),
        }
    )


def long_variant(spec: ChipSpec) -> ChipSpec:
    """The narrow variant with a single element: batches go by as fast as they can."""
    return with_one_element(narrow_variant(spec))


def with_resets(whole: Segment, resets: int, spec: ChipSpec, generator: np.random.Generator) -> list[Segment]:
    """The segment in pieces that end by a reset, every other one with operands too small for any pulse.

    A reset comes at any moment of the request after the last pass, its operands and its pass. What survives of a loud
    piece shows in the quiet one after it.
    """
    durations, cols = mixed_durations(spec), spec.array.cols
    passes = whole.transfers // cols
    resets = min(resets, passes)
    longest = durations.request + durations.operands + pass_cycles(durations, True, cols)
    pieces = []
    for piece in range(resets):
        share = passes // resets + (piece < passes % resets)
        loud = replace(
            whole,
            transfers=cols * share + 1,  # the pass under way at the reset is not compared
            seed=int(generator.integers(1, 1 << 31)),
            abort=int(generator.integers(longest)),
        )
        quiet = replace(loud, codes="small", configuration={**loud.configuration, "cfg_lr": 1})
        pieces.append(quiet if piece % 2 else loud)
    return pieces
