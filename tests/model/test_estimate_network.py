"""Networks on tiles: the shipped shapes against their layers counted by hand, the cut into tiles, wrong files."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosschop.model.chipspec import load_chipspec
from crosschop.model.estimate.network import NetworkError, load_network, network_lines, place, shipped_networks
from crosschop.model.estimate.quantity import Range, exactly


def linear(inputs: int, outputs: int) -> int:
    """Weights and biases."""
    return inputs * outputs + outputs


def vit(patch: int, width: int, blocks: int, hidden: int) -> int:
    """A plain ViT on 32x32 pixels in 3 colours and 10 classes, with a class token and learnt positions."""
    tokens = (32 // patch) ** 2 + 1
    block = linear(width, 3 * width) + linear(width, width) + linear(width, hidden) + linear(hidden, width)
    embedding = linear(3 * patch**2, width) + width + tokens * width
    return embedding + blocks * (block + 4 * width) + 2 * width + linear(width, 10)


BY_HAND = {
    "mlp3_mnist": linear(784, 256) + linear(256, 128) + linear(128, 10),
    "lenet_mnist": linear(25, 16) + linear(25 * 16, 32) + linear(4 * 4 * 32, 128) + linear(128, 10),
    "lstm_war_and_peace": 4 * linear(87 + 64, 64) + 4 * linear(64 + 64, 64) + linear(64, 87),
    "vit_cifar10": vit(8, 256, 8, 512),
}
PAPER = {"mlp3_mnist": 235, "lenet_mnist": 80, "lstm_war_and_peace": 77, "vit_cifar10": 4300}  # thousands


@pytest.mark.parametrize("path", shipped_networks(), ids=lambda path: path.stem)
def test_parameters(path: Path) -> None:
    network = load_network(path)
    assert network.name == path.stem
    assert network.parameters == BY_HAND[network.name]
    assert network.parameters_published == PAPER[network.name] * 1000
    step = 100 if network.name == "vit_cifar10" else 1  # the paper's last digit, in thousands
    rounded = {count / 1000 / step for count in (network.parameters, network.weights)}
    assert any(round(each) * step == PAPER[network.name] for each in rounded)


def test_numbers_of_the_paper() -> None:
    assert BY_HAND == {
        "mlp3_mnist": 235_146, "lenet_mnist": 80_202, "lstm_war_and_peace": 77_591, "vit_cifar10": 4_273_930,
    }  # fmt: skip
    assert load_network("lstm_war_and_peace").weights == 256 * 151 + 256 * 128 + 87 * 64 == 76_992


def test_pixels_of_a_convolution() -> None:
    """5x5 without padding on 28x28, 2x2 pooling, once more."""
    assert [layer.reuse for layer in load_network("lenet_mnist").layers] == [24 * 24, 8 * 8, 1, 1]


def test_tiles() -> None:
    mapping = place(load_network("mlp3_mnist"), load_chipspec("agad_64"))
    # 256x785: 4 x 13; 128x257: 2 x 5; 10x129: 1 x 3
    assert [(each.down, each.across) for each in mapping.layers] == [(4, 13), (2, 5), (1, 3)]
    assert mapping.tiles == 52 + 10 + 3
    assert mapping.utilisation == 235_146 / (65 * 64 * 64)
    assert mapping.layers[2].utilisation == 1290 / (3 * 64 * 64)
    assert mapping.cells == 65 * 64 * 64 * 2
    assert mapping.memory_bits == 65 * 64 * 64 * (16 + 13 + 13)
    assert place(load_network("mlp3_mnist"), load_chipspec("ttv2_64")).cells == 65 * 64 * 64 * 3
    assert place(load_network("mlp3_mnist"), load_chipspec("in_memory_sgd_64")).memory_bits == 0
    wide = place(load_network("vit_cifar10"), load_chipspec("agad_512"))
    assert [each.tiles for each in wide.layers] == [1, 8 * 2, 8, 8, 8 * 2, 1]


def test_reuse() -> None:
    network = load_network("lenet_mnist")
    mapping = place(network, load_chipspec("agad_512"))  # n_s = 2; fc1 has 513 columns
    assert [each.transfers for each in mapping.layers] == [288, 32, 1, 0.5]
    assert mapping.time_in_turn(exactly(62)).nominal == 62 * (576 + 64 + 1 + 1)
    assert mapping.time_pipelined(Range(50, 60, 70)) == Range(50 * 576, 60 * 576, 70 * 576)
    assert mapping.per_chip(Range(1, 2, 3)) == Range(5, 10, 15)
    blocks = place(load_network("vit_cifar10"), load_chipspec("agad_512"))
    assert blocks.time_in_turn(exactly(1)).nominal == 16 + 4 * 8 * 17 + 1
    mixed = place(network, load_chipspec("mixed_precision_512"))
    assert [each.transfers for each in mixed.layers] == [576 * 512, 64 * 512, 2 * 512, 512]
    assert place(network, load_chipspec("in_memory_sgd_512")).layers[0].transfers is None


@pytest.mark.parametrize("chip", ["agad_512", "in_memory_sgd_20", "mixed_precision_64"])
@pytest.mark.parametrize("path", shipped_networks(), ids=lambda path: path.stem)
def test_lines(path: Path, chip: str) -> None:
    mapping = place(load_network(path), load_chipspec(chip))
    lines = network_lines(mapping, exactly(62), Range(1e5, 2e5, 3e5))
    assert len({line.name for line in lines}) == len(lines)
    by_name = {line.name: line.value.nominal for line in lines}
    assert by_name["area"] == 2e5 * by_name["tiles"]
    assert ("memory" in by_name) == (chip != "in_memory_sgd_20")
    assert 0 < by_name["utilisation"] <= 1


GOOD = "name: a\nsummary: s\ninput: i\nsource: s\nlayers:\n  - {name: one, rows: 2, cols: 3}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("rows: 2", "rows: 0"), "layers.0.rows = 0: input should be greater than or equal to 1"),
        (GOOD.replace("rows: 2", "rows: 2.5"), "layers.0.rows = 2.5: input should be a valid integer"),
        (GOOD.replace("rows: 2", "rows: true"), "layers.0.rows = true: input should be a valid integer"),
        (GOOD.replace("rows: 2, ", ""), "missing key layers.0.rows"),
        (GOOD.replace("rows", "row"), "unknown key layers.0.row, allowed: name, rows, cols"),
        (GOOD + "tiles: 3\n", "unknown key tiles, allowed: name, summary"),
        (GOOD + "  - {name: one, rows: 2, cols: 3}\n", "two layers are called one"),
        (GOOD + "name: b\n", ":7: not a valid network: duplicate key name"),
        ("name: [", "not a valid network"),
        ("- 1\n", "must be a mapping"),
        ("", "is empty"),
        (GOOD.partition("layers")[0] + "layers: []\n", "layers = []"),
        (GOOD.partition("layers")[0] + "layers: 7\n", "layers = 7"),
        ("? {a: 1}\n: 2\n", "not a valid network"),
        ("a: !!python/object/apply:os.getcwd []\n", "not a valid network"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    with pytest.raises(NetworkError) as error:
        load_network(path)
    sentences = error.value.messages
    assert any(message in sentence for sentence in sentences), sentences
    assert all(sentence.startswith(str(path)) and "\n" not in sentence for sentence in sentences)


def test_good_file_and_wrong_names(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(GOOD)
    assert load_network(path).parameters == 6
    with pytest.raises(NetworkError, match="no such file or shipped network; shipped networks: lenet_mnist, lstm"):
        load_network("lenet")
    with pytest.raises(NetworkError, match="is a folder"):
        load_network(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NetworkError, match="is not UTF-8 text"):
        load_network(path)
