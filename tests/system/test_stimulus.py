"""The directed corners of `crosschop verify`: each is met, and bugs that only they show are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import mutate
from mutants import Mutant

from crosschop.cosim.corners import RESET_IN, Together
from crosschop.cosim.dut import dut_of
from crosschop.cosim.job import Mismatch
from crosschop.cosim.verify import parts, plan, verify
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError

# A chip of each kind of controller, with what it takes to meet all corners, and transfers. P rounded half up only comes
# to its lower end with beta above 1/2. A transfer retires four cycles behind its last beat, no read begins before
# that beat: the two only end together where a read takes four cycles.
CHIPS = {
    "agad_tiny": (("algorithm.beta=0.99609375", "timing.mvm_ns=4"), 1200),
    "mixed_precision_20": (("array.rows=5", "array.cols=3", "controller.lanes=2"), 700),
    "in_memory_sgd_20": ((), 200),
}


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("chip", CHIPS)
def test_every_corner_is_met(chip: str, tmp_path: Path) -> None:
    overrides, transfers = CHIPS[chip]
    results = verify(load_chipspec(chip, overrides), 1, transfers, tmp_path)
    assert [result.mismatch for result in results.values()] == [None, None]
    met = {name: sum(result.corners[name] for result in results.values()) for name in results["narrow"].corners}
    assert {name for name, times in met.items() if times == 0} == set()
    # Each phase as often as it was wanted
    phases = [name for name in met if name.startswith(RESET_IN.format(""))]
    assert len(phases) == {"agad_tiny": 9, "mixed_precision_20": 7, "in_memory_sgd_20": 2}[chip]
    assert all(met[name] >= 3 for name in phases)


def test_every_stream_is_slow_alone_and_with_the_others() -> None:
    streams = {"agad_tiny": 5, "in_memory_sgd_20": 2, "mixed_precision_20": 4}
    for chip, count in streams.items():
        spec, scenarios = parts(load_chipspec(chip))["narrow"]
        rates = [segment.rates for segment in plan(spec, scenarios, 1, 2000, "narrow")]
        alone = {rate.index(max(rate)) for rate in rates if sum(map(bool, rate)) == 1}
        assert len(alone) == count
        assert any(all(rate) for rate in rates)


def test_changes_come_between_sweeps_and_batches() -> None:
    spec, scenarios = parts(load_chipspec("agad_tiny"), ["narrow: configuration changed"])["narrow"]
    (segment,) = plan(spec, scenarios, 1, 300, "narrow")
    assert len(segment.changes) >= 8
    assert not segment.nominal
    for first, configuration in segment.changes:
        assert first % spec.array.cols == 0
        assert 1 <= configuration["cfg_transfer_every"] <= spec.transfer.transfer_every
        assert configuration.keys() == segment.configuration.keys()
    assert len({configuration["cfg_chop"] for _, configuration in segment.changes}) > 2
    spec, scenarios = parts(load_chipspec("mixed_precision_20"), ["narrow: configuration changed"])["narrow"]
    (segment,) = plan(spec, scenarios, 1, 300, "narrow")
    samples, batch = 0, segment.configuration["cfg_batch"]
    for first, configuration in segment.changes:
        assert (first // spec.array.cols - samples) % batch == 0
        samples, batch = first // spec.array.cols, configuration["cfg_batch"]
    assert len(segment.changes) >= 8


def test_cycles_of_sets_of_events() -> None:
    counts = [5, 1, 2, 30, 0, 0, 0, 400]  # of the sets of three events, by number
    assert Together((0,)).count(counts) == 1 + 30 + 400
    assert Together((0, 1), (2,)).count(counts) == 30
    assert Together((), (0, 1, 2)).count(counts) == 5


def test_only() -> None:
    spec = load_chipspec("agad_tiny")
    assert list(parts(spec, ["narrow"])) == ["narrow"]
    chosen = parts(spec, ["chip: as", "narrow: reset in"])
    assert [scenario.name for scenario in chosen["chip"][1]] == ["as specified"]
    assert len(chosen["narrow"][1]) == 9
    # What a segment does does not depend on the others
    whole = {segment.name: segment for segment in plan(*parts(spec)["narrow"], 1, 2000, "narrow")}
    (alone,) = plan(*parts(spec, ["narrow: small codes"])["narrow"], 1, 2000, "narrow")
    assert alone.transfers == 2000
    assert alone.seed == whole["narrow: small codes"].seed
    # The ends of 16-bit counts take a minute and have to be asked for
    assert list(parts(spec)) == ["chip", "narrow"]
    assert list(parts(spec, ["long"])) == ["long"]
    with pytest.raises(InputError, match="--only narow: no segment's name begins so, there are chip: reset under way;"):
        parts(spec, ["narow"])


_SCHEDULER = "xc_transfer_scheduler.v"
# Bug, the segments that have to find it, chip
BUGS = (
    (Mutant("period over only when equal", "xc_read_index.v", "count >= cfg_chop - 16'd1", "count == cfg_chop - 16'd1"),
     "narrow: configuration changed", "agad_tiny"),
    (Mutant("gain as at reset", "xc_transfer_lanes.v", "    .cfg_lr_h(cfg_lr_h),\n    .index(index_reg),",
            "    .cfg_lr_h(lr_reg),\n    .index(index_reg),"),
     "narrow: configuration changed", "agad_tiny"),
    (Mutant("warm-up never begins anew", _SCHEDULER, "xfer_hold_reg <= sweep_reg < cfg_warmup;",
            "xfer_hold_reg <= sweep_reg < cfg_warmup && (xfer_hold_reg || sweep_reg == 16'd0);"),
     "narrow: configuration changed", "agad_tiny"),
    (Mutant("codes outstanding after a reset", _SCHEDULER, "        outstanding_reg <= 1'b0;\n", ""),
     "narrow: reset in", "agad_tiny"),
    (Mutant("write waits after a reset", "xc_pulse_output.v", "        valid_reg <= 1'b0;\n        any_reg <= 1'b0;\n",
            "        any_reg <= 1'b0;\n"),
     "narrow: reset in write", "agad_tiny"),
    (Mutant("samples counted over a reset", _SCHEDULER, "        sample_reg <= 16'd0;\n        col_reg",
            "        col_reg"),
     "narrow: reset in", "agad_tiny"),
    (Mutant("operand beat counted over a reset", "xc_mixed_scheduler.v",
            "        x_beat_reg <= {X_BEAT_W{1'b0}};\n        x_lane", "        x_lane"),
     "narrow: reset in", "mixed_precision_20"),
    (Mutant("gain of the first sample", "xc_mixed_lanes.v", ".gain(cfg_lr)", ".gain(lr_reg)"),
     "narrow: configuration changed", "mixed_precision_20"),
    (Mutant("update under way after a reset", "xc_in_memory_sgd.v", "        update_reg <= 1'b0;\n", ""),
     "narrow: reset in update", "in_memory_sgd_20"),
)  # fmt: skip
# What the gains of two of them are kept in.
LATCHES = {
    "xc_transfer_lanes.v": ("xc_read_gain #(", "cfg_lr_h"),
    "xc_mixed_lanes.v": ("genvar lane;\n", "cfg_lr"),
}


def first_mismatch(bug: Mutant, only: str, chip: str, directory: Path) -> Mismatch | None:
    """What the segments find, in 200 transfers."""
    rtl = mutate(bug, directory)
    if "lr_reg" in bug.replacement:
        place, source = LATCHES[bug.file]
        text = (rtl / bug.file).read_text()
        latch = f"reg [LR_W-1:0] lr_reg;\nalways @(posedge clk) if (rst) lr_reg <= {source};\n"
        assert text.count(place) == 1
        (rtl / bug.file).write_text(text.replace(place, f"{latch}\n{place}"))
    work = directory / "work"
    work.mkdir()
    spec = load_chipspec(chip)
    (result,) = verify(spec, 1, 200, work, dut=dut_of(spec, rtl), only=[only]).values()
    return result.mismatch


@pytest.mark.sim
@pytest.mark.usefixtures("builds_aside")
@pytest.mark.parametrize(("bug", "only", "chip"), BUGS, ids=[bug.name for bug, _, _ in BUGS])
def test_bug_is_found(bug: Mutant, only: str, chip: str, tmp_path: Path) -> None:
    found = first_mismatch(bug, only, chip, tmp_path)
    print(found)
    assert found is not None
    assert found.segment.startswith(only)


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.usefixtures("builds_aside")
def test_a_count_that_begins_again_at_its_end(tmp_path: Path) -> None:
    """Without flips the count of reads stays at 65,535, so that a period of 65,535 is over as soon as there is one."""
    bug = Mutant("wraps", "xc_read_index.v", "&count ? count : count + 1'b1", "count + 1'b1")
    found = first_mismatch(bug, "long", "agad_tiny", tmp_path)
    assert found is not None
    assert (found.segment, found.transfer, found.field) == ("long: ends of the counts", 2 * 65_535 + 20, "flip")


@pytest.mark.sim
def test_other_phases_are_not_counted(tmp_path: Path) -> None:
    results = verify(load_chipspec("agad_tiny"), 1, 6, tmp_path, only=["narrow: reset in idle"])
    corners = results["narrow"].corners
    assert corners["reset in idle"] == 3
    assert corners["reset in clear"] == corners["reset in read"] == corners["reset in update"] == 0
