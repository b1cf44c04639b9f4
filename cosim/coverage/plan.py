"""The verification plan: features, their cover points, and the tests that check them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from crosschop.cosim.coverage.conditions import CONDITIONS
from crosschop.model.chipspec import ChipSpec, ControllerKind
from crosschop.model.chipspec.yaml_text import read_yaml
from crosschop.model.errors import InputError

PLAN_FILE = Path(__file__).with_name("plan.yaml")


def _known(condition: str) -> str:
    for name in condition.split():
        if name not in CONDITIONS:
            raise ValueError(f"no condition {name}, there are {', '.join(CONDITIONS)}")
    return condition


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$")]
Condition = Annotated[str, AfterValidator(_known)]
Words = Annotated[str, Field(min_length=8)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Point(_Strict):
    """A cover point: what is measured, and what has to be met.

    Attributes:
        name: within its feature.
        measures: where it is seen.
        bins: what has to be met, each with the conditions under which a chip can meet it ("" for always).
    """

    name: Name
    measures: Words
    bins: Annotated[dict[Name, Condition], Field(min_length=1)]


class Feature(_Strict):
    """A feature of a controller.

    Attributes:
        name: unique.
        kind: of the controllers that have it.
        says: what has to hold.
        points: by which its verification is measured.
        tests: that check it, as pytest names them below tests/.
    """

    name: Name
    kind: ControllerKind
    says: Words
    points: Annotated[list[Point], Field(min_length=1)]
    tests: Annotated[list[str], Field(min_length=1)]


class Plan(_Strict):
    """All features."""

    features: list[Feature]

    @model_validator(mode="after")
    def _unique(self) -> Plan:
        names = [feature.name for feature in self.features]
        names += [f"{feature.name}.{point.name}" for feature in self.features for point in feature.points]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"named twice: {', '.join(repeated)}")
        return self

    def every_bin(self) -> Iterator[tuple[str, Feature, Point]]:
        """Full name, feature and point of every bin."""
        for feature in self.features:
            for point in feature.points:
                for one in point.bins:
                    yield f"{feature.name}.{point.name}:{one}", feature, point

    def bins_of(self, spec: ChipSpec) -> dict[str, list[str]]:
        """Bins that a chip can meet, by the full name of their point."""
        found: dict[str, list[str]] = {}
        for feature in self.features:
            if feature.kind != spec.kind:
                continue
            for point in feature.points:
                can = [name for name, condition in point.bins.items() if holds(condition, spec)]
                if can:
                    found[f"{feature.name}.{point.name}"] = can
        return found


def holds(condition: str, spec: ChipSpec) -> bool:
    """Whether all of the conditions hold for a chip."""
    return all(CONDITIONS[name](spec) for name in condition.split())


@cache
def load_plan(path: Path = PLAN_FILE) -> Plan:
    """The plan of a file.

    Raises:
        InputError: the file cannot be read or is no plan.
    """
    try:
        return Plan.model_validate(read_yaml(path, "verification plan"))
    except ValidationError as error:
        raise InputError(
            *(f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        ) from None
