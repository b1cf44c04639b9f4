"""A tile: weight array W, gradient array A where there is one, driver and converters, for one chipspec and seed.

The same tile answers the compiled golden run and the RTL under simulation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog import crossbar
from crosschop.model.analog.build import Defects, build_array
from crosschop.model.analog.converter import ConverterConfig, absolute_maximum, codes_of, convert_all, converter_config
from crosschop.model.analog.crossbar import Crossbar
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.faults import draw_faults
from crosschop.model.analog.plain import no_crossbar
from crosschop.model.analog.pulse_driver import (
    DriverConfig,
    Plan,
    Trains,
    draw_trains,
    new_trains,
    plan_update,
)
from crosschop.model.analog.random import Streams
from crosschop.model.chipspec import ChipSpec
from crosschop.model.chipspec.algorithms import InMemorySgd, TransferAlgorithm
from crosschop.model.chipspec.faults import Faults
from crosschop.model.jit import compiled


class Tile(NamedTuple):
    """Arrays, periphery and random streams of one tile, as a record that compiled code can take.

    Attributes:
        a, w: gradient array, of no rows and columns where there is none, and weight array.
        driver: settings of the pulse driver.
        averages: (2,) running averages mu_x, mu_d of Eq 15.
        trains: buffers of the current update.
        dac, adc, read_adc: converters; read_adc belongs to A.
        streams: random streams.
        scaled: (n_s, cols or rows, whichever is more) what the DAC makes of the inputs of products.
        scales: (n_s,) by how much it has scaled them.
    """

    a: Crossbar
    w: Crossbar
    driver: DriverConfig
    averages: NDArray[np.float64]
    trains: Trains
    dac: ConverterConfig
    adc: ConverterConfig
    read_adc: ConverterConfig
    streams: Streams
    scaled: FloatArray
    scales: FloatArray


def new_tile(spec: ChipSpec, generator: np.random.Generator, streams: Streams) -> Tile:
    """A fresh tile: devices drawn from `generator`, later noise from `streams`."""
    rows, cols = spec.array.rows, spec.array.cols
    device_a, shape = spec.device.a, (cols, rows)
    # R belongs to the array that the samples update.
    reference_w = spec.array_r if device_a is None else None
    defects_a, defects_w = _defects(spec)
    faults = spec.faults or Faults()
    group = spec.algorithm.transfer_every if isinstance(spec.algorithm, TransferAlgorithm) else 1
    return Tile(
        a=no_crossbar() if device_a is None else build_array(device_a, spec.array_r, shape, generator, defects_a),
        w=build_array(spec.device.w, reference_w, shape, generator, defects_w),
        driver=_driver_config(spec),
        averages=np.zeros(2),
        trains=new_trains(rows, cols),
        dac=converter_config(spec.converter.dac),
        adc=converter_config(spec.converter.adc, faults.adc),
        read_adc=converter_config(spec.converter.read_adc or spec.converter.adc, faults.read_adc),
        streams=streams,
        scaled=np.zeros((group, max(rows, cols)), dtype=np.float32),
        scales=np.zeros(group, dtype=np.float32),
    )


def _defects(spec: ChipSpec) -> tuple[Defects, Defects]:
    """Faults of A and of W, each with those of R where it is theirs; every array has a source of places of its own."""
    if spec.faults is None:
        return Defects(), Defects()
    generators = np.random.default_rng(spec.faults.seed).spawn(3)
    shape = (spec.array.cols, spec.array.rows)
    a, w, r = (
        None if found is None else draw_faults(found, shape, generator)
        for found, generator in zip((spec.faults.a, spec.faults.w, spec.faults.r), generators, strict=True)
    )
    return (Defects(a, r), Defects(w)) if spec.device.a is not None else (Defects(), Defects(w, r))


def _driver_config(spec: ChipSpec) -> DriverConfig:
    """Settings of the driver of the array that the samples update: A, or W in in-memory SGD."""
    if spec.driver is None:
        return DriverConfig(0, False, 0.0, 0.0, 0.0)
    eta0, constant_rate = 0.0, 0.0
    if isinstance(spec.algorithm, TransferAlgorithm):
        eta0 = spec.algorithm.eta0 or 0.0
        constant_rate = (spec.algorithm.lambda_a or 0.0) / spec.gradient_device.delta
    elif isinstance(spec.algorithm, InMemorySgd):
        constant_rate = spec.algorithm.learning_rate / spec.device.w.delta
    return DriverConfig(
        max_pulses=spec.driver.max_pulses,
        train_management=spec.driver.pulse_train_management,
        eta0=eta0,
        constant_rate=constant_rate,
        average_momentum=spec.driver.average_momentum,
    )


@compiled
def _scaled_input(tile: Tile, vector: FloatArray, scaled: FloatArray) -> np.float32:
    """DAC: the vector in units of its largest magnitude (noise management), which is returned."""
    scale = absolute_maximum(vector)
    if scale > 0:
        for i in range(vector.size):
            scaled[i] = vector[i] / scale
        convert_all(tile.dac, scaled, tile.streams.forward)
    return scale


@compiled
def _converted_output(tile: Tile, scale: np.float32, vector: FloatArray) -> None:
    """ADC, then undo the scaling of the inputs."""
    if scale > 0:
        convert_all(tile.adc, vector, tile.streams.forward)
    for i in range(vector.size):
        vector[i] = vector[i] * scale if scale > 0 else np.float32(0.0)


@compiled
def forward(tile: Tile, x: FloatArray, y: FloatArray) -> None:
    """y (rows,) = W x through DAC and ADC, x (cols,)."""
    scaled = tile.scaled[0, : x.size]
    scale = _scaled_input(tile, x, scaled)
    crossbar.mvm(tile.w, scaled, y)
    _converted_output(tile, scale, y)


@compiled
def forward_group(tile: Tile, x: FloatArray, y: FloatArray) -> None:
    """The same of a group of samples on the same W, x (n_s, cols), y (n_s, rows): all inputs, then all outputs."""
    samples, cols = x.shape
    for sample in range(samples):
        tile.scales[sample] = _scaled_input(tile, x[sample], tile.scaled[sample, :cols])
        for row in range(y.shape[1]):
            y[sample, row] = 0
    crossbar.add_products(tile.w.weight, tile.scaled[:samples, :cols], y)
    for sample in range(samples):
        _converted_output(tile, tile.scales[sample], y[sample])


@compiled
def backward(tile: Tile, d: FloatArray, z: FloatArray) -> None:
    """z (cols,) = W^T d through DAC and ADC, d (rows,)."""
    scaled = tile.scaled[0, : d.size]
    scale = _scaled_input(tile, d, scaled)
    crossbar.mvm_transposed(tile.w, scaled, z)
    _converted_output(tile, scale, z)


@compiled
def plan(tile: Tile, x: FloatArray, d: FloatArray) -> Plan:
    """Length and scales of the update with d x^T; moves the running averages on."""
    return plan_update(tile.driver, tile.averages, x, d)


@compiled
def accumulate(tile: Tile, update_plan: Plan, x: FloatArray, d: FloatArray, chop: NDArray[np.int64]) -> None:
    """A += lambda_A d (c * x)^T by pulses; chop (cols,) holds 1 where c = -1.

    What A holds is known for the column that is read, and for all after `settle`.
    """
    if update_plan.length > 0:
        draw_trains(update_plan, x, d, tile.trains, tile.streams.update)
        crossbar.postpone(tile.a, tile.trains, chop, tile.streams.update)


@compiled
def update_weights(tile: Tile, update_plan: Plan, x: FloatArray, d: FloatArray, chop: NDArray[np.int64]) -> None:
    """W += lambda d x^T by pulses, as `accumulate` does with A."""
    if update_plan.length > 0:
        draw_trains(update_plan, x, d, tile.trains, tile.streams.update)
        crossbar.update(tile.w, tile.trains, chop, tile.streams.update)


@compiled
def read_column(tile: Tile, column: int, codes: NDArray[np.int64]) -> None:
    """codes (rows,) = ADC of A v_k, one-hot at full input scale; of (A - R) v_k where there is an array R."""
    crossbar.settle_column(tile.a, column)
    codes_of(tile.read_adc, tile.a.weight[column], codes, tile.streams.read)


@compiled
def settle(tile: Tile) -> None:
    """Brings all weights and counts of pulses of A to date."""
    crossbar.settle(tile.a)


@compiled
def write_column(tile: Tile, column: int, pulses: NDArray[np.int64]) -> None:
    """One parallel column write of W."""
    crossbar.write_column(tile.w, column, pulses, tile.streams.write)


@compiled
def pass_sample(tile: Tile) -> None:
    """One input sample later: what A and W have lost, and their refresh."""
    crossbar.age(tile.a, tile.streams.update)
    crossbar.age(tile.w, tile.streams.write)
