"""The engine `native`: the actual RTL in the training loop at the speed of compiled code."""

from __future__ import annotations

from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.engines import require_trace
from crosschop.cosim.native import in_memory_sgd, mixed_precision, transfer
from crosschop.model.chipspec import ChipSpec, controller_kind
from crosschop.model.engines import Progress
from crosschop.model.results import RunResult

# Its name, for commands.
NATIVE = "native"

_KINDS = {
    "transfer": transfer.train,
    "in_memory_sgd": in_memory_sgd.train,
    "mixed_precision": mixed_precision.train,
}


def run_native(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    progress: Progress,
    device_seed: int | None = None,
    dut: Dut | None = None,
) -> RunResult:
    """Trains with the RTL controller in the loop, as a library of this process, every transfer compared.

    Args:
        spec, seed, transfers, progress, device_seed: as crosschop.model.engines.run_golden.
        dut: the controller, None for that of the chip.

    Raises:
        MismatchError: the RTL differs from the golden model.
        InputError: the chip has no retire trace.
        ToolError: Verilator or g++ is missing or failed, or the controller ended the simulation.
    """
    require_trace(spec)
    return _KINDS[controller_kind(spec)](spec, dut or dut_of(spec), seed, transfers, progress, device_seed)
