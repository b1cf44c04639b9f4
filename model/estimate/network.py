"""A network on tiles: how many it takes, how full they are, what they hold, how often each works per input.

A layer is a matrix of outputs by inputs; a bias may be one more column. It is cut into tiles of the chip's array, each
with its own controller; the tiles of a layer work together, and an input passes a layer as often as it says (`reuse`).
Sums over the parts of an output, pooling and activations are digital and not counted here.
"""

from __future__ import annotations

import importlib.resources
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from crosschop.model.chipspec import ChipSpec, memory_bits
from crosschop.model.chipspec.algorithms import InMemorySgd, MixedPrecision
from crosschop.model.chipspec.keys import show
from crosschop.model.chipspec.section import Section
from crosschop.model.chipspec.yaml_text import read_yaml
from crosschop.model.errors import InputError
from crosschop.model.estimate.quantity import Line, Range, exactly, total
from crosschop.model.user_files import is_file


class NetworkError(InputError, ValueError):
    """The list of a network's layers is wrong; `messages` holds one sentence for each error."""


class Layer(Section):
    """One matrix of a network, or several alike."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="name of the layer, lower case")
    rows: int = Field(ge=1, le=10**6, description="outputs")
    cols: int = Field(ge=1, le=10**6, description="inputs, and one for a bias on the array")
    reuse: int = Field(
        default=1, ge=1, le=10**9, description="passes per input: pixels of a convolution's output, time steps, tokens"
    )
    count: int = Field(default=1, ge=1, le=10**6, description="layers of this shape, each with weights of its own")
    digital_biases: int = Field(default=0, ge=0, le=10**6, description="biases of one such layer outside the array")

    @property
    def weights(self) -> int:
        """Weights on arrays."""
        return self.rows * self.cols * self.count


class Network(Section):
    """The matrices of a network."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="name of the network, lower case")
    summary: str = Field(description="one line: what it is")
    input: str = Field(description="what one input is, to which `reuse` refers")
    source: str = Field(description="where the shape comes from, or how it was chosen")
    layers: tuple[Layer, ...] = Field(min_length=1, strict=False, description="in the order of the forward pass")
    digital_parameters: int = Field(default=0, ge=0, le=10**12, description="further parameters outside the arrays")
    parameters_published: int | None = Field(default=None, ge=1, description="what the publication says, rounded")

    @model_validator(mode="after")
    def _distinct_names(self) -> Network:
        names = [layer.name for layer in self.layers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two layers are called {twice}")
        return self

    @property
    def weights(self) -> int:
        """Weights on arrays."""
        return sum(layer.weights for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Parameters on arrays and outside them."""
        return self.weights + self.digital_parameters + sum(each.digital_biases * each.count for each in self.layers)


def shipped_networks() -> list[Path]:
    """The networks that come with the package, sorted by name."""
    folder = importlib.resources.files("crosschop.model.estimate") / "networks"
    return sorted(Path(str(entry)) for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_network(name: str | Path) -> Network:
    """Reads and checks a network: a file, or the name of a shipped one.

    Raises:
        NetworkError: one sentence for each error.
    """
    path = _find(name)
    try:
        data = read_yaml(path, "network")
    except InputError as error:
        raise NetworkError(*error.messages) from None
    try:
        return Network.model_validate(data)
    except ValidationError as error:
        raise NetworkError(*(_sentence(path, item) for item in error.errors(include_url=False))) from None


def _find(name: str | Path) -> Path:
    path = Path(name)
    if is_file(path):
        return path
    shipped = {each.stem: each for each in shipped_networks()}
    if str(name) in shipped:
        return shipped[str(name)]
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails for a name that is too long
        raise NetworkError(f"{name}: is a folder, not a network")
    raise NetworkError(f"{name}: no such file or shipped network; shipped networks: {', '.join(shipped)}")


def _sentence(path: Path, error: Any) -> str:
    """One pydantic error as a sentence: place, key, value, what is allowed."""
    location = list(error["loc"])
    key = ".".join(str(name) for name in location)
    if error["type"] == "missing":
        return f"{path}: missing key {key}"
    if error["type"] == "extra_forbidden":
        section: type[Section] = Layer if location[0] == "layers" else Network
        return f"{path}: unknown key {key}, allowed: {', '.join(section.model_fields)}"
    if error["type"] == "value_error":
        return f"{path}: {error['ctx']['error']}"
    return f"{path}: {key} = {show(error['input'])}: {error['msg'].lower()}"


@dataclass(frozen=True)
class Placed:
    """A layer on tiles.

    Attributes:
        layer: the layer.
        down, across: tiles that its rows and its columns take.
        utilisation: share of the tiles' elements that hold its weights.
        transfers: transfers of all its tiles together per input; None where the algorithm has none.
    """

    layer: Layer
    down: int
    across: int
    utilisation: float
    transfers: float | None

    @property
    def tiles(self) -> int:
        """Tiles of all layers of this shape."""
        return self.down * self.across * self.layer.count


def arrays_per_tile(spec: ChipSpec) -> int:
    """Cells per weight: arrays A, R and W, as far as the chip has them."""
    return 1 + int(spec.device.a is not None) + int(spec.array_r is not None)


@dataclass(frozen=True)
class Mapping:
    """A network on tiles of a chip.

    Attributes:
        spec: the chip whose array a tile has.
        network: the network.
        layers: its layers, in the order of the forward pass.
    """

    spec: ChipSpec
    network: Network
    layers: tuple[Placed, ...]

    @property
    def tiles(self) -> int:
        """Tiles of all layers."""
        return sum(placed.tiles for placed in self.layers)

    @property
    def utilisation(self) -> float:
        """Share of the elements of all tiles that hold weights."""
        return self.network.weights / (self.tiles * self.spec.array.rows * self.spec.array.cols)

    @property
    def cells(self) -> int:
        """Analog cells of all tiles, those of a pair counted once."""
        return self.tiles * self.spec.array.rows * self.spec.array.cols * arrays_per_tile(self.spec)

    @property
    def memory_bits(self) -> int:
        """Bits of the controllers' memories on all tiles, as built."""
        return self.tiles * memory_bits(self.spec).total

    def per_chip(self, per_tile: Range) -> Range:
        """What all tiles cost together, in the unit of `per_tile`: area or energy of one."""
        return per_tile * self.tiles

    def time_in_turn(self, per_pass: Range) -> Range:
        """Time of one input where a layer waits for the one before it, in the unit of `per_pass`, a tile's sample."""
        return total(per_pass * (placed.layer.reuse * placed.layer.count) for placed in self.layers)

    def time_pipelined(self, per_pass: Range) -> Range:
        """Time from input to input where all layers work at once: that of the layer used most."""
        return per_pass * max(placed.layer.reuse for placed in self.layers)


def place(network: Network, spec: ChipSpec) -> Mapping:
    """Cuts every layer into tiles of the chip's array; no tile holds weights of two layers."""
    return Mapping(spec, network, tuple(_placed(layer, spec) for layer in network.layers))


def _placed(layer: Layer, spec: ChipSpec) -> Placed:
    down, across = -(-layer.rows // spec.array.rows), -(-layer.cols // spec.array.cols)
    tiles = down * across * layer.count
    transfers = None
    if isinstance(spec.algorithm, MixedPrecision):
        transfers = float(tiles * layer.reuse * spec.array.cols)
    elif not isinstance(spec.algorithm, InMemorySgd):
        transfers = tiles * layer.reuse / spec.transfer.transfer_every
    utilisation = layer.weights / (tiles * spec.array.rows * spec.array.cols)
    return Placed(layer, down, across, utilisation, transfers)


def network_lines(mapping: Mapping, time_ns: Range | None = None, area_um2: Range | None = None) -> list[Line]:
    """Lines of a network on tiles.

    Args:
        mapping: the network on the chip.
        time_ns: time per sample of one tile.
        area_um2: area of one tile.
    """
    spec, network = mapping.spec, mapping.network
    shape = f"tiles of {spec.array.rows}x{spec.array.cols}"
    lines = []

    def line(name: str, value: float, unit: str, source: str) -> None:
        lines.append(Line(name, exactly(value), unit, "modelled", source))

    line("parameters", network.parameters, "parameters", network.source)
    line("weights on arrays", network.weights, "weights", network.source)
    for placed in mapping.layers:
        layer = placed.layer
        source = f"{layer.count} x {layer.rows}x{layer.cols} on {shape}: {placed.down} x {placed.across} each"
        line(f"tiles, {layer.name}", placed.tiles, "tiles", source)
        line(f"utilisation, {layer.name}", placed.utilisation, "1", source)
    line("tiles", mapping.tiles, "tiles", shape)
    line("utilisation", mapping.utilisation, "1", "weights on arrays / elements of all tiles")
    line("analog cells", mapping.cells, "cells", f"{arrays_per_tile(spec)} arrays per tile")
    if mapping.memory_bits:
        per_tile = memory_bits(spec).total
        line("memory per tile", per_tile, "bit", "rtl/README.md")
        line("memory", mapping.memory_bits, "bit", f"{mapping.tiles} tiles of {per_tile} bits")
    transfers = sum(placed.transfers or 0.0 for placed in mapping.layers)
    if transfers:
        line("transfers per input", transfers, "transfers", f"all tiles; one input is {network.input}")
    if time_ns is not None:
        for name, value in (
            ("time per input, layers in turn", mapping.time_in_turn(time_ns)),
            ("time per input, layers at once", mapping.time_pipelined(time_ns)),
        ):
            lines.append(Line(name, value, "ns", "modelled", f"one input is {network.input}"))
    if area_um2 is not None:
        lines.append(Line("area", mapping.per_chip(area_um2), "um2", "modelled", f"{mapping.tiles} tiles"))
    return lines
