"""What a column of a pass of xc_mixed_precision meets of the plan."""

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
    ports_met,
    remainder_met,
    saturation_met,
    steps_met,
    within,
)
from crosschop.model.chipspec import ChipSpec, mixed_section
from crosschop.model.golden.mixed_precision import HEAD_BATCH_END, MIXED_COUNTER, MixedConfig, MixedState
from crosschop.model.golden.state import HEAD_WRITE, Transfer

if TYPE_CHECKING:
    from crosschop.cosim.coverage.collect import Collector

IntArray = NDArray[np.int64]
Step = Callable[[MixedState, int, IntArray, Transfer], None]


class ColumnSampler:
    """Samples the columns of one segment.

    Args:
        collector: where it counts.
        spec: the chip.
        config: golden configuration of the segment.
    """

    def __init__(self, collector: Collector, spec: ChipSpec, config: MixedConfig) -> None:
        self._sample = collector.sample
        self._config = config
        self._bits = mixed_section(spec).operand_bits
        self._constant = {
            "mixed.options.memory_ports": ports_met(spec),
            "mixed.options.rounding": [ROUNDINGS[config.chi_rounding]],
            "mixed.options.max_steps": ["one" if config.max_steps == 1 else "several"],
            "mixed.options.beats": beats_met(spec),
            "mixed.chi.gain": ["smallest" if config.lr == 1 else "larger"],
            "mixed.chi.batch": ["one" if config.batch == 1 else "several"],
        }

    def configured(self, config: MixedConfig) -> None:
        """From now on another configuration holds."""
        self._config = config

    def around(self, step: Step) -> Step:
        """The step of the golden model, looked at from both sides."""

        def looked_at(state: MixedState, x: int, d: IntArray, transfer: Transfer) -> None:
            column = int(state.counters[MIXED_COUNTER.column])
            chi = state.chi[column].copy()
            step(state, x, d, transfer)
            for name, met in self._constant.items():
                self._sample(name, met)
            self._sample("mixed.operands.x", codes_met(np.array([x]), self._bits))
            self._sample("mixed.operands.d", codes_met(d, self._bits))
            last = self._config.cols - 1
            place = {"first": column == 0, "between": 0 < column < last, "last": column == last}
            self._sample("mixed.columns.column", within(place))
            self._chi(chi, x, d, transfer)

        return looked_at

    def _chi(self, chi: IntArray, x: int, d: IntArray, transfer: Transfer) -> None:
        """chi in plain arithmetic on 64 bits: what saturation and rounding find, not what they make of it."""
        config = self._config
        products = x * d * config.lr
        sums = chi + (products >> config.lr_shift)
        self._sample("mixed.chi.saturation", saturation_met(sums, config.chi_bits))
        # An exact half takes a gain with few bits set, which is not a matter of stimulus: the plan does not ask for it.
        met = remainder_met(products, config.lr_shift, halves=False)
        self._sample("mixed.chi.increment", [one for one in met if one != "half"])
        if not transfer.head[HEAD_BATCH_END]:
            self._sample("mixed.chi.write", ["inside_a_batch"])
            return
        self._sample("mixed.chi.write", ["written" if transfer.head[HEAD_WRITE] else "nothing_to_write"])
        self._sample("mixed.chi.steps", steps_met(transfer.pulses, config.max_steps))
        self._sample("mixed.chi.clamp", clamp_met(sums, config.chi_bits, config.chi_frac, config.max_steps))
