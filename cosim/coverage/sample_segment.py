"""What a segment meets of the plan: delays on the streams, phases, handshakes that coincide, resets."""

from __future__ import annotations

from collections.abc import Mapping

from crosschop.cosim.coverage.collect import Collector
from crosschop.cosim.job import STREAMS, Segment
from crosschop.model.chipspec import ControllerKind

PREFIX: dict[ControllerKind, str] = {"transfer": "transfer", "in_memory_sgd": "sgd", "mixed_precision": "mixed"}

# A bin of `delayed`, and the counter of the bench that shows it.
_INJECTED: dict[ControllerKind, dict[str, str]] = {
    "transfer": {"m_upd": "updates_injected", "m_rd": "reads_injected", "m_wr": "writes_injected"},
    "in_memory_sgd": {"m_upd": "updates_injected"},
    "mixed_precision": {"m_op": "requests_injected", "s_op": "gaps_injected", "m_wr": "writes_injected"},
}
# A chance of idle (1/256) that shows within so many reads, however they fall: 1 - (3/4)^30 > 0.999.
_SURE_RATE, _SURE_TRANSFERS = 64, 30
_SMP, _ADC = STREAMS.index("smp"), STREAMS.index("adc")


class SegmentSampler:
    """Samples the segments of a job.

    Args:
        collector: where it counts.
        kind: of the controller.
    """

    def __init__(self, collector: Collector, kind: ControllerKind) -> None:
        self._collector = collector
        self._kind: ControllerKind = kind
        self._prefix = PREFIX[kind]
        self._before: Mapping[str, int] | None = None

    @property
    def injected(self) -> list[str]:
        """Counters of the bench that `end` wants."""
        return list(_INJECTED[self._kind].values())

    def begin(self, segment: Segment) -> None:
        """A segment begins, behind a reset."""
        if self._before is not None and self._before != segment.configuration and self._kind != "in_memory_sgd":
            self._collector.sample(f"{self._prefix}.options.reconfigured", ["changed"])
        self._before = segment.configuration

    def end(
        self, segment: Segment, counters: Mapping[str, int], predicted: Mapping[str, int], bench: Mapping[str, int]
    ) -> None:
        """A segment that ends by itself.

        Args:
            segment: its rates.
            counters: the controller's counters by phase.
            predicted: the cycle model's, without random delays.
            bench: the bench's counters of what it added.
        """
        delayed = [name for name, counter in _INJECTED[self._kind].items() if bench[counter] > 0]
        # Ticks have no counter of their own: where they come late the controller is idle for longer.
        if segment.rates[_SMP] and counters["idle"] > predicted["idle"] and self._kind != "mixed_precision":
            delayed.append("s_smp")
        if self._kind == "transfer" and segment.rates[_ADC] >= _SURE_RATE and segment.transfers >= _SURE_TRANSFERS:
            delayed.append("s_adc")
        if segment.nominal:
            delayed.append("none")
        self._collector.sample(f"{self._prefix}.streams.delayed", delayed)
        self.phases(f"{self._prefix}.streams.phase", {name for name, count in counters.items() if count > 0})

    def reset_in(self, phases: set[str]) -> None:
        """The counters that ran in the cycle before a reset."""
        self.phases(f"{self._prefix}.resets.phase", phases)

    def phases(self, point: str, found: set[str]) -> None:
        """Phases, as far as the plan asks for them."""
        self._collector.sample(point, found & self._collector.names(point))

    def pairs(self, seen: int) -> None:
        """Handshakes in the same cycle, a bit per pair of streams as in hdl/xc_coincidence.v."""
        point = f"{self._prefix}.streams.same_cycle"
        count = len(STREAMS)
        met = {
            f"{STREAMS[a]}_{STREAMS[b]}"
            for a in range(count)
            for b in range(a + 1, count)
            if seen >> (count * a + b) & 1
        }
        self.phases(point, met)
