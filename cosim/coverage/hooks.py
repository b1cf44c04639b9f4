"""What a bench holds where coverage is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosschop.cosim.job import Job

if TYPE_CHECKING:
    from crosschop.cosim.coverage.collect import Collector
    from crosschop.cosim.coverage.sample_segment import SegmentSampler


@dataclass(frozen=True)
class Coverage:
    """Where a job counts what it meets of the plan."""

    collector: Collector
    segments: SegmentSampler


def new_coverage(job: Job) -> Coverage | None:
    """Of a job that asks for coverage; the others do without the library and the plan."""
    if not job.simulator.coverage:
        return None
    from crosschop.cosim.coverage.collect import Collector
    from crosschop.cosim.coverage.sample_segment import SegmentSampler

    collector = Collector(job.spec)
    return Coverage(collector, SegmentSampler(collector, job.spec.kind))
