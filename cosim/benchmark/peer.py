"""IBM's aihwkit beside ours, where it is installed: forward, backward and update of one analog tile on one core.

It is no dependency: it has to be built from its source (cosim/README.md, "Speed"). Same physics: the devices, the pulse
trains, the converters and the samples of the chip; what has no counterpart there is named in `configure`.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from typing import Any

import numpy as np

from crosschop.cosim.benchmark.tasks import Timing
from crosschop.model import tasks
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.chipspec import ChipSpec
from crosschop.model.chipspec.algorithms import MixedPrecision, TransferAlgorithm
from crosschop.model.chipspec.devices import SoftBoundsDevice
from crosschop.model.chipspec.schema import Converter
from crosschop.model.errors import MissingToolError
from crosschop.model.training.common import new_tile_and_task

INSTALL = "cosim/README.md, section Speed, says how to build it"
BATCH = 64
SEED = 1
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


def samples_of(spec: ChipSpec, count: int) -> tuple[FloatArray, FloatArray]:
    """The first inputs x (count, cols) and errors d (count, rows) of the chip's task, on W as it begins."""
    tile, task = new_tile_and_task(spec, SEED, None)
    x = np.zeros((count, spec.array.cols), dtype=np.float32)
    d = np.zeros((count, spec.array.rows), dtype=np.float32)
    for sample in range(count):
        tasks.draw_group(task, tile, x[sample : sample + 1], d[sample : sample + 1])
    return x, d


def time_aihwkit(spec: ChipSpec, batches: int) -> Timing:
    """Samples of a tile of the chip's size and physics.

    Raises:
        MissingToolError: it is not installed.
    """
    if not available():
        raise MissingToolError(f"aihwkit is not installed: {INSTALL}")
    torch = importlib.import_module("torch")
    configs = importlib.import_module("aihwkit.simulator.configs")
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    config = configs.build_config(NAMES[spec.algorithm.name], device=device_of(spec, configs.SoftBoundsReferenceDevice))
    configure(config, spec, importlib.import_module("aihwkit.simulator.parameters.enums"))
    tile = config.tile_class(spec.array.rows, spec.array.cols, config)
    tile.set_learning_rate(spec.algorithm.learning_rate)
    x, d = map(torch.from_numpy, samples_of(spec, BATCH))
    begin = 0.0
    with torch.no_grad():
        for batch in range(batches + 1):
            if batch == 1:  # the first one sets up what the others use
                begin = time.process_time()
            tile.joint_forward(x)
            tile.backward(d)
            tile.update(x, d)
    return Timing(batches * BATCH, max(1e-9, time.process_time() - begin))


def device_of(spec: ChipSpec, soft_bounds: Any) -> Any:
    """The device that takes the updates, in their words."""
    ours = spec.device.w if spec.device.a is None else spec.device.a
    assert isinstance(ours, SoftBoundsDevice)  # as every chip that is measured has
    return soft_bounds(
        dw_min=ours.delta,
        dw_min_dtod=ours.sigma_d2d,
        dw_min_std=ours.sigma_c2c,
        up_down_dtod=ours.sigma_pm,
        w_max_dtod=ours.sigma_b,
        w_min_dtod=ours.sigma_b,
    )


def configure(config: Any, spec: ChipSpec, enums: Any) -> None:
    """Trains, transfers and converters of the chip.

    Not there: choppers with a regular period have the chance of one flip per period, and P^ref is a running mean of
    another form; W has the devices of A. A read of A there is a product like the others, with converters of its own.
    """
    _convert(config.forward, spec.converter.dac, spec.converter.adc, enums)
    _convert(config.backward, spec.converter.dac, spec.converter.adc, enums)
    algorithm = spec.algorithm
    if spec.driver is not None:
        config.update.desired_bl = spec.driver.max_pulses
        config.update.update_bl_management = spec.driver.pulse_train_management
    if isinstance(algorithm, TransferAlgorithm):
        config.device.transfer_every = algorithm.transfer_every
        config.device.auto_scale = algorithm.eta0 is not None
        config.device.fast_lr = algorithm.eta0 or algorithm.lambda_a
        reader = spec.converter.read_adc or spec.converter.adc
        _convert(config.device.transfer_forward, spec.converter.dac, reader, enums)
    elif isinstance(algorithm, MixedPrecision):
        config.device.transfer_every = algorithm.batch
        config.device.n_x_bins = config.device.n_d_bins = 2**algorithm.operand_bits


def _convert(parameters: Any, dac: Converter, adc: Converter, enums: Any) -> None:
    parameters.inp_bound, parameters.inp_res = dac.full_scale, _resolution(dac)
    parameters.out_bound, parameters.out_res, parameters.out_noise = adc.full_scale, _resolution(adc), adc.noise
    parameters.bound_management = enums.BoundManagementType.NONE  # no product is repeated because it was too large


def _resolution(converter: Converter) -> float:
    """The share of the whole range that a step is; -1 means ideal."""
    return -1.0 if converter.bits is None else 1.0 / (2**converter.bits - 2)
