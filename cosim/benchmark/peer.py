"""IBM's aihwkit beside ours, where it is installed: forward, backward and update of one analog tile on one core.

It is no dependency: PyPI has its source alone for this Python, which torch, cmake and a BLAS build in a while.
"""

from __future__ import annotations

import importlib
import importlib.util
import time

from crosschop.cosim.benchmark.tasks import Timing
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import MissingToolError

INSTALL = "pip install aihwkit"
BATCH = 64
LEARNING_RATE = 0.01
# Names of the algorithms there (build_config of aihwkit.simulator.configs).
NAMES = {
    "ttv2": "ttv2",
    "c_ttv2": "c-ttv2",
    "agad": "agad",
    "in_memory_sgd": "sgd",
    "mixed_precision": "mixed-precision",
}


def available() -> bool:
    """Whether it can be imported."""
    return importlib.util.find_spec("aihwkit") is not None


def time_aihwkit(spec: ChipSpec, batches: int) -> Timing:
    """Samples of a tile of the chip's size, by its presets of converters and of the soft-bounds device.

    Raises:
        MissingToolError: it is not installed.
    """
    if not available():
        raise MissingToolError(f"aihwkit is not installed: {INSTALL}")
    torch = importlib.import_module("torch")
    configs = importlib.import_module("aihwkit.simulator.configs")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    config = configs.build_config(NAMES[spec.algorithm.name], device=configs.SoftBoundsReferenceDevice)
    tile = config.tile_class(spec.array.rows, spec.array.cols, config)
    tile.set_learning_rate(LEARNING_RATE)
    x, d = (torch.rand(BATCH, size) * 2 - 1 for size in (spec.array.cols, spec.array.rows))
    begin = 0.0
    with torch.no_grad():
        for batch in range(batches + 1):
            if batch == 1:  # the first one sets up what the others use
                begin = time.process_time()
            tile.joint_forward(x)
            tile.backward(d)
            tile.update(x, d)
    return Timing(batches * BATCH, max(1e-9, time.process_time() - begin))
