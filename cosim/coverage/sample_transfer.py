"""What a column transfer of xc_controller meets of the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.coverage.sample_common import (
    ROUNDINGS,
    beats_met,
    clamp_met,
    codes_met,
    length_met,
    ports_met,
    remainder_met,
    saturation_met,
    steps_met,
    within,
)
from crosschop.model.chipspec import ChipSpec, given, rtl_parameters
from crosschop.model.golden.lfsr import COMPARE_MASK
from crosschop.model.golden.state import COUNTER, HEAD_CHOP, HEAD_FLIP, ControllerConfig, ControllerState, Transfer
from crosschop.model.golden.transfer import transfer_gain

if TYPE_CHECKING:
    from crosschop.cosim.coverage.collect import Collector

IntArray = NDArray[np.int64]
Step = Callable[[ControllerState, IntArray, Transfer], None]

CHOPPERS = ("off", "regular", "random")
STAGES = {3: "three", 4: "four"}


class TransferSampler:
    """Samples the transfers of one segment.

    Args:
        collector: where it counts.
        spec: the chip.
        config: golden configuration of the segment.
    """

    def __init__(self, collector: Collector, spec: ChipSpec, config: ControllerConfig) -> None:
        self._sample = collector.sample
        self._config = config
        self._code_bits = given(spec.converter.read_adc).bits
        self._longest = given(spec.driver).max_pulses
        self._options = self._options_met(spec)
        self._column: int | None = None

    def configured(self, config: ControllerConfig) -> None:
        """From now on another configuration holds."""
        self._config = config

    def _options_met(self, spec: ChipSpec) -> dict[str, list[str]]:
        config = self._config
        p_store = config.reference and config.p_store
        return {
            "algorithm": [spec.algorithm.name],
            "chopper": [CHOPPERS[config.chop_mode]],
            "column_order": ["random" if config.random_order else "in_turn"],
            "memory_ports": ports_met(spec),
            "lane_stages": [STAGES[rtl_parameters(spec)["LANE_STAGES"]]],
            "p_store": ["stored" if p_store else "beta_is_one"] if config.reference else [],
            "h_rounding": [ROUNDINGS[config.h_rounding]],
            "p_rounding": [ROUNDINGS[config.p_rounding]] if p_store else [],
            "read_correction": ["on" if rtl_parameters(spec)["CORRECTION"] else "off"],
            "max_steps": ["one" if config.max_steps == 1 else "several"],
            "beats": beats_met(spec),
            "samples_per_read": ["one" if config.transfer_every == 1 else "several"],
        }

    def around(self, step: Step) -> Step:
        """The step of the golden model, looked at from both sides."""

        def looked_at(state: ControllerState, codes: IntArray, transfer: Transfer) -> None:
            column = int(state.counters[COUNTER.column])
            before = (state.h[column].copy(), state.p[column].copy(), state.pref[column].copy())
            chop, reads = int(state.chop[column]), int(state.reads[column])
            held_back = bool(state.counters[COUNTER.sweep] < self._config.warmup)
            step(state, codes, transfer)
            for name, met in self._options.items():
                self._sample(f"transfer.options.{name}", met)
            self._sample("transfer.codes.code", codes_met(codes, self._code_bits))
            self._chopper(state, transfer)
            self._columns(column, reads)
            self._reference(state, codes, column, before)
            gain = transfer_gain(self._config, reads)
            self._hidden(codes, before[0], before[2], chop, gain, held_back)

        return looked_at

    def _chopper(self, state: ControllerState, transfer: Transfer) -> None:
        chop, flip = int(transfer.head[HEAD_CHOP]), bool(transfer.head[HEAD_FLIP])
        self._sample("transfer.chopper.sign", ["minus" if chop else "plus"])
        self._sample("transfer.chopper.flip", [("to_plus" if chop else "to_minus") if flip else "stays"])
        if flip:
            with_pulses = bool(transfer.pulses.any())
            self._sample("transfer.chopper.flip_and_write", ["with_pulses" if with_pulses else "without_pulses"])
        if CHOPPERS[self._config.chop_mode] == "random":
            draw, threshold = int(state.counters[COUNTER.lfsr]) & COMPARE_MASK, self._config.chop
            self._sample(
                "transfer.chopper.draw",
                within({"below": draw < threshold, "equal": draw == threshold, "above": draw > threshold}),
            )

    def _columns(self, column: int, reads: int) -> None:
        last = self._config.cols - 1
        place = {"first": column == 0, "between": 0 < column < last, "last": column == last}
        self._sample("transfer.columns.column", within(place))
        if self._column is not None:
            following = (self._column + 1) % self._config.cols
            step = {
                "next": column == following and column > self._column,
                "wraps": column == following and column <= self._column,
                "jumps": column not in (following, self._column),
                "same_again": column == self._column and last > 0,
            }
            self._sample("transfer.columns.step", within(step))
        self._column = column
        index = min(reads + 1, self._config.correction)
        if self._config.correction:
            at_the_end = index == self._config.correction
            self._sample(
                "transfer.columns.read_index",
                within({"first": index == 1, "between": index > 1 and not at_the_end, "at_the_end": at_the_end}),
            )

    def _reference(
        self, state: ControllerState, codes: IntArray, column: int, before: tuple[IntArray, IntArray, IntArray]
    ) -> None:
        if not self._config.reference:
            return
        p, changed = state.p[column], state.pref[column] != before[2]
        signs = {"negative": bool((p < 0).any()), "zero": bool((p == 0).any()), "positive": bool((p > 0).any())}
        self._sample("transfer.reference.p", within(signs))
        self._sample(
            "transfer.reference.pref",
            within({"other_than_before": bool(changed.any()), "as_before": not changed.all()}),
        )
        if self._config.p_store:
            products = ((codes << self._config.p_frac) - before[1]) * self._config.beta
            met = remainder_met(products, self._config.beta_bits, halves=False)
            self._sample("transfer.reference.increment", met)

    def _hidden(self, codes: IntArray, h: IntArray, pref: IntArray, chop: int, gain: int, held_back: bool) -> None:
        """H in plain arithmetic on 64 bits: what saturation and rounding find, not what they make of it."""
        config = self._config
        products = (-1 if chop else 1) * ((codes << config.p_frac) - pref) * gain
        sums = h + (products >> config.lr_shift)
        end = 1 << (config.h_bits - 1)
        held = np.clip(sums, -end, end - 1)
        steps = np.clip(np.sign(held) * (np.abs(held) >> config.h_frac), -config.max_steps, config.max_steps)
        self._sample("transfer.hidden.saturation", saturation_met(sums, config.h_bits))
        self._sample("transfer.hidden.increment", remainder_met(products, config.lr_shift, halves=True))
        self._sample("transfer.hidden.gain", ["smallest" if config.lr_h == 1 else "larger"])
        self._sample("transfer.hidden.steps", steps_met(steps, config.max_steps))
        self._sample("transfer.hidden.clamp", clamp_met(sums, config.h_bits, config.h_frac, config.max_steps))
        any_steps = bool(steps.any())
        written = any_steps and not held_back
        self._sample("transfer.hidden.write", ["written" if written else "nothing_to_write"])
        if config.warmup and any_steps:
            self._sample("transfer.hidden.warm_up", ["held_back" if held_back else "sent_after_it"])
        if any_steps:
            kept = "difference"
            if config.h_decay:
                kept = "momentum" if config.h_momentum_shift else "nothing"
            self._sample("transfer.options.after_write", [kept])

    def group(self, lengths: IntArray) -> None:
        """The trains of the samples before a read."""
        found = lengths.tolist()
        self._sample("transfer.trains.length", length_met(found, self._longest))
        whole = {"all_empty": not any(found), "all_longest": all(length == self._longest for length in found)}
        self._sample("transfer.trains.group", within(whole))

    def overlap(self, retired_before: bool) -> None:
        """Whether a transfer has retired when the next read begins."""
        self._sample("transfer.streams.overlap", ["retired_before" if retired_before else "still_in_the_lanes"])
