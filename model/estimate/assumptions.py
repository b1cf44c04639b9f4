"""What an estimate assumes beyond the chipspec and the constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from crosschop.model.chipspec.keys import keys_of, shortened, show
from crosschop.model.chipspec.loader import did_you_mean
from crosschop.model.chipspec.section import Section
from crosschop.model.chipspec.yaml_text import parse_yaml
from crosschop.model.errors import InputError


class Assumptions(Section):
    """What an estimate assumes: `--assume KEY=VALUE`."""

    node_nm: float = Field(default=22, ge=14, le=130, description="node of the chip, nm, by its name")
    liberty_node_nm: float = Field(default=130, ge=7, le=130, description="node of the Liberty file, nm")
    feature_nm: float | None = Field(
        default=None,
        gt=0,
        le=500,
        description="F of the cells counted in F2, nm; null = the node's name, which is not its half pitch",
    )
    memory: Literal["cacti", "openram"] = Field(
        default="cacti", description="SRAM from CACTI's tables, or from open macros of SKY130 (130 nm only)"
    )
    bits_of_ideal: int = Field(default=8, ge=2, le=16, description="bits of a converter that the chipspec has as ideal")
    r_shares_drivers: bool = Field(
        default=False, description="true: the column drivers of A select the cells of R too; R has its rows' only"
    )
    r_has_adcs: bool = Field(
        default=False, description="true: R is converted apart from A and subtracted as codes; false: in analog"
    )
    device: Literal["rram", "pcm", "ecram"] = Field(
        default="rram", description="technology of the devices, for the pulses that they endure"
    )
    training_samples: int = Field(
        default=1_000_000, ge=1, le=10**12, description="samples of a whole training, for what must hold that long"
    )


def read_assumptions(settings: Sequence[str]) -> Assumptions:
    """The assumptions with some of them replaced.

    Args:
        settings: KEY=VALUE each.

    Raises:
        InputError: one sentence for each wrong setting.
    """
    keys, values, problems = keys_of(Assumptions), {}, []
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            problems.append(f"--assume {shortened(setting)}: must have the form KEY=VALUE")
        elif name not in keys:
            problems.append(f"--assume {shortened(setting)}: unknown key {name}{did_you_mean(name, list(keys))}")
        else:
            values[name] = parse_yaml(text, f"--assume {shortened(setting)}", "value", line_numbers=False)
    if problems:
        raise InputError(*problems)
    try:
        return Assumptions.model_validate(values)
    except ValidationError as error:
        raise InputError(*(_sentence(item) for item in error.errors(include_url=False))) from None


def _sentence(error: Any) -> str:
    name = str(error["loc"][0])
    return f"--assume: {name} = {show(error['input'])}, allowed: {keys_of(Assumptions)[name].allowed}"
