"""How xc_controller is verified: scenarios, the narrow variant, when resets come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crosschop.cosim.job import STREAMS, Segment
from crosschop.cosim.scenario import BUSY, QUIET, Scenario, alone, piece_before_reset, with_one_element
from crosschop.cosim.transfer.corners import PHASES
from crosschop.model.chipspec import (
    LR_SHIFT_MAX,
    ChipSpec,
    column_cycles,
    cycles,
    given,
    lambda_h,
    p_frac,
    read_lsb,
    rtl_configuration,
)
from crosschop.model.cycles import lane_latency
from crosschop.model.golden.lfsr import COMPARE_MASK, lfsr_draw

# Columns of the narrow variant: few, so that every column is read again and again.
NARROW_COLS = 3
# Its gain: a full-scale code moves H by this share of its range.
NARROW_SHARE = 0.3
# Where reads are corrected: that of the first read of a chop period; the later ones move H by less and less.
NARROW_FIRST_SHARE = 0.9
# Of the 16-bit inputs.
LONGEST = 65535
# The draw of the random chopper that its threshold shall equal once.
MARGIN_DRAW = 10


def _often(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """Flips at every read (regular) or at every other one (random)."""
    return {"cfg_chop": {"regular": 1, "random": 0x8000, "off": 0}[spec.transfer.chopper.mode]}


def _softest(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """The smallest gain, so that H creeps and rounding decides; flips often."""
    return {"cfg_lr_h": 1, **_often(spec, chip)}


def _margin(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """Random: the threshold equals one of the first draws, which must not flip. Regular: every other read."""
    if spec.transfer.chopper.mode != "random":
        return {"cfg_chop": min(2, chip["cfg_chop"])}
    state = spec.controller.lfsr_seed
    for _ in range(MARGIN_DRAW):
        state = lfsr_draw(state)
    return {"cfg_chop": max(1, state & COMPARE_MASK)}


def _warm(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """Pulses held back during the first sweep; one sample per read."""
    return {"cfg_warmup": 1, "cfg_transfer_every": 1}


def _never(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """All bits of the 16-bit inputs: no regular flip, a random one at all draws but one, no pulse to W."""
    return {"cfg_chop": LONGEST, "cfg_warmup": LONGEST}


def _endless(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """As never, with a read per sample."""
    return {**_never(spec, chip), "cfg_transfer_every": 1}


def _unflipped(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """No flip at all."""
    return {"cfg_chop": 0}


def _loud(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """Flips often, and W is written."""
    return {**_often(spec, chip), "cfg_warmup": 0}


def with_changes(whole: Segment, changes: int, spec: ChipSpec, generator: np.random.Generator) -> Segment:
    """The segment with other cfg_* values on the way, between sweeps.

    Regular flips of columns in turn may only change there, see rtl/README.md.
    """
    cols, every, largest = spec.array.cols, spec.transfer.transfer_every, (1 << given(spec.hidden).rate_bits) - 1
    chip = rtl_configuration(spec)
    thresholds = {"off": [0], "regular": [0, 1, 2, 3, LONGEST], "random": [0, 1, 0x8000, LONGEST]}

    def draw(*values: int) -> int:
        return int(generator.choice(values))

    share = max(1, whole.transfers // ((changes + 1) * cols)) * cols
    drawn = []
    for first in range(share, whole.transfers, share):
        sweeps = first // cols
        configuration = {
            "cfg_transfer_every": draw(1, every, int(generator.integers(1, every + 1))),
            "cfg_lr_h": draw(1, chip["cfg_lr_h"], largest, int(generator.integers(1, largest + 1))),
            "cfg_chop": draw(chip["cfg_chop"], *thresholds[spec.transfer.chopper.mode]),
            "cfg_warmup": draw(0, 0, sweeps, sweeps + 1, LONGEST),
        }
        drawn.append((first, configuration))
    return replace(whole, changes=tuple(drawn))


# The chip as it is: whole sweeps over its columns.
CHIP_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("reset under way", 1, "push", "uniform", None, _often, resets=8),
    Scenario("as specified", 6, "push", "uniform", QUIET),
    Scenario("flips at every read, back-pressure", 13, "push", "shortest", BUSY, _often),
)

# The same chip with few columns and a large gain: H, P and P^ref of each column meet all their limits.
NARROW_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("small codes", 2, "small", "uniform", QUIET),
    Scenario("drive to the limits", 5, "push", "longest", QUIET),
    Scenario("reset under way", 2, "push", "uniform", None, _often, resets=40),
    Scenario("idle and back-pressure", 4, "uniform", "uniform", BUSY),
    Scenario("flips at every read", 4, "extreme", "shortest", None, _often),
    Scenario("flips by a narrow margin", 1, "uniform", "shortest", QUIET, _margin),
    Scenario("smallest gain", 2, "extreme", "shortest", BUSY, _softest),
    Scenario("warm-up, a read per sample", 2, "push", "shortest", None, _warm),
    Scenario("configuration changed", 4, "push", "shortest", None, _loud, changes=8),
    Scenario("ends of codes, P and P^ref", 2, "ends", "longest", QUIET, _loud),
    Scenario("no flip and no pulse for ever", 1, "push", "empty", QUIET, _never),
    *(Scenario(f"{stream} slow alone", 1, "push", "shortest", alone(stream), _loud) for stream in STREAMS),
    *(Scenario(f"reset in {phase}", 1, "push", "shortest", None, _loud, reset_in=phase) for phase in PHASES),
)

# Reads of one column until all 16-bit counts have been at their ends: a regular period and a warm-up of LONGEST; counts
# that stay at their end without a flip; and a period that is over at once behind them.
LONG_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "ends of the counts", 1, "push", "empty", QUIET, _endless, length=2 * LONGEST + 40,
        stations=((LONGEST + 10, _unflipped), (2 * LONGEST + 20, _endless)),
    ),
)  # fmt: skip


def narrow_variant(spec: ChipSpec) -> ChipSpec:
    """The same rows, lanes and formats on few columns, with a gain that takes H to its limits within a few reads.

    A read takes one cycle, and all its conversions another if there are any, so that the codes of a column come while
    the lanes still work on those of the one before.
    """
    cols = min(spec.array.cols, NARROW_COLS)
    largest, hidden = given(spec.converter.read_adc).full_scale, given(spec.hidden)
    share = NARROW_SHARE if spec.transfer.read_correction is None else NARROW_FIRST_SHARE
    wanted = share * 2.0 ** (hidden.bits - 1 - hidden.frac_bits) / largest  # pulses per weight unit
    # What the mantissa can hold: few of its bits, or codes much shorter than H, give less, long ones more
    unit = read_lsb(spec) * 2.0 ** (hidden.frac_bits - p_frac(spec))  # H LSB per P LSB of a pulse per weight unit
    wanted = min(max(wanted * unit, 1.5 * 2.0 ** (hidden.rate_bits - 1 - LR_SHIFT_MAX)), (1 << hidden.rate_bits) - 1)
    wanted /= unit
    array = spec.array.model_copy(update={"cols": cols})
    clock, lines = spec.timing.clock_ns, given(spec.converter.read_adc).lines_per_adc
    conversion = min(spec.timing.conversion_ns, clock / lines)
    timing = spec.timing.model_copy(update={"mvm_ns": min(spec.timing.mvm_ns, clock), "conversion_ns": conversion})
    few = spec.model_copy(update={"array": array, "timing": timing})
    gamma0 = few.transfer.gamma0 * lambda_h(few) / wanted
    algorithm = few.transfer.model_copy(update={"gamma0": gamma0})
    return few.model_copy(update={"algorithm": algorithm})


def long_variant(spec: ChipSpec) -> ChipSpec:
    """The narrow variant with a single element and the shortest trains: sweeps go by as fast as they can."""
    return with_one_element(narrow_variant(spec))


def with_resets(whole: Segment, resets: int, spec: ChipSpec, generator: np.random.Generator) -> list[Segment]:
    """The segment in pieces that end by a reset, every other one with codes too small for any pulse.

    Half of the resets come while the codes of a column are worked on, the others at any moment of its read and the
    updates after it. What survives of a loud piece shows in the quiet one after it.
    """
    durations = cycles(spec)
    codes_begin = durations.read + durations.conversion
    codes_end = codes_begin + column_cycles(spec) + lane_latency(spec) + durations.write
    updates_end = codes_end + 2 * given(spec.driver).max_pulses * durations.pulse
    resets = min(resets, whole.transfers)
    pieces = []
    for piece in range(resets):
        window = (codes_begin, codes_end) if piece % 4 < 2 else (0, updates_end)
        loud = piece_before_reset(whole, piece, resets, window, generator)
        quiet = replace(loud, codes="small", configuration={**loud.configuration, "cfg_lr_h": 1})
        pieces.append(quiet if piece % 2 else loud)
    return pieces
