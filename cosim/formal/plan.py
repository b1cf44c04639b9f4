"""What is proved about the controller of a chip: which checker, with which parameters, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crosschop.cosim.dut import Dut
from crosschop.cosim.formal.prove import Limits
from crosschop.model.chipspec import ChipSpec, controller_kind

Effort = Literal["quick", "normal", "full"]
EFFORTS: tuple[Effort, ...] = ("quick", "normal", "full")
INDEPENDENCE = "independence"
# Columns and beats up to which the sequence is proved at the chip's own size: the clear sweep has to end in a search
OWN_WORDS = 100


@dataclass(frozen=True)
class Proof:
    """A checker with what it is set to.

    Attributes:
        name: short, unique in a plan.
        checker: file in hdl/ and its module; `independence` is no checker but a look at the netlist.
        parameters: of the checker.
        macros: which parts of the checker are on.
        cuts: modules whose outputs are free.
        limits: how far.
        size: what the parameters are to the chip.
    """

    name: str
    checker: str
    parameters: Mapping[str, int]
    limits: Limits
    size: str
    macros: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()


def _beats(values: Mapping[str, int]) -> int:
    return -(-values["ROWS"] // values["LANES"])


def _small(values: Mapping[str, int]) -> dict[str, int]:
    """The chip with the same options, few rows, columns and lanes: beats, a lane past the last row where it has one."""
    one_beat = _beats(values) == 1
    small = dict(values)
    small["LANES"] = 1 if values["LANES"] == 1 else 2
    rows = (2 if values["LANES"] > 1 and values["ROWS"] >= values["LANES"] else 1) if one_beat else small["LANES"] + 1
    small["ROWS"] = min(values["ROWS"], rows)
    small["COLS"] = min(values["COLS"], 2)
    return small


def _narrow(values: Mapping[str, int]) -> dict[str, int]:
    """With the narrowest formats in which all that can happen does."""
    narrow = dict(values)
    for name, most in (
        ("ADC_W", 3), ("P_FRAC", 1), ("OP_W", 3), ("H_W", 5), ("H_FRAC", 1), ("CHI_W", 5), ("CHI_FRAC", 1),
        ("LR_W", 2), ("LR_SHIFT", 1), ("MAX_STEPS", 3), ("H_MOMENTUM_SHIFT", 2), ("CORRECTION", 3),
    ):  # fmt: skip
        if name in narrow:
            narrow[name] = min(narrow[name], most)
    if "BETA" in narrow and narrow["P_EN"]:
        narrow["BETA_W"], narrow["BETA"] = 2, min(4, max(1, round(4 * values["BETA"] / 2 ** values["BETA_W"])))
    return narrow


def _subset(values: Mapping[str, int], names: str, **more: int) -> dict[str, int]:
    return {**{name: values[name] for name in names.split()}, **more}


LANE = (
    "ADC_W REF_EN P_FRAC P_EN BETA_W BETA H_W H_FRAC LR_W LR_SHIFT MAX_STEPS H_DECAY H_MOMENTUM_SHIFT H_ROUND P_ROUND"
)
MIXED_LANE = "OP_W CHI_W CHI_FRAC LR_W LR_SHIFT MAX_STEPS CHI_ROUND"
# Words of a few bits, for what only moves them
SMALLEST = {"ADC_W": 2, "P_FRAC": 0, "H_W": 2, "H_FRAC": 0}
SMALLEST_SIZE = "own options, few rows and columns, words of 2 bits"
SMALLEST_MIXED = {"OP_W": 2, "CHI_W": 3, "CHI_FRAC": 1, "LR_W": 1, "LR_SHIFT": 1, "MAX_STEPS": 1}
SMALLEST_MIXED_SIZE = "own options, few rows and columns, formats of 1 to 3 bits"
# Of the shipped controller, what an element is proved with
CONTRACT = {"xc_controller", "xc_transfer_scheduler", "xc_transfer_lanes", "xc_pulse_output", "xc_state_store"}
OWN, FORMATS = "own parameters", "own formats"
SMALL, NARROW = "own formats, few rows and columns", "own options, few rows and columns, narrow formats"


class _Plan:
    def __init__(self, dut: Dut, effort: Effort) -> None:
        self.proofs: list[Proof] = []
        self.effort = effort
        self.own = dut.own
        self.shipped = {file.stem for file in dut.files}
        self.contract = self.shipped >= CONTRACT
        self.seconds = {"quick": 20.0, "normal": 60.0, "full": 300.0}[effort]

    def add(
        self, name: str, checker: str, values: Mapping[str, int], size: str, bound: int, *macros: str,
        k: int = 3, cuts: tuple[str, ...] = (), bounded: bool = False,
    ) -> None:  # fmt: skip
        # Of a controller of the user's we do not know the invariants
        limits = Limits(k, bound, self.seconds, bounded or self.own)
        cuts = tuple(module for module in cuts if module in self.shipped)
        self.proofs.append(Proof(name, checker, dict(values), limits, size, macros, cuts))

    def block(self, module: str, values: Mapping[str, int], size: str, bound: int, name: str = "", k: int = 3) -> None:
        """A module of the shipped controllers, where the controller has it."""
        if module in self.shipped:
            checker = module.replace("xc_", "fv_", 1)
            self.add(name or module.removeprefix("xc_"), checker, values, size, bound, k=k)

    def arithmetic(self, width: int, shift: int, rounding: int, name: str, accumulator: tuple[int, int, int]) -> None:
        """Rounding and accumulation with the widths of a lane."""
        self.block(
            "xc_round_shift", {"IN_W": width, "SHIFT": shift, "ROUND": rounding}, FORMATS, 2, f"{name} rounding", 1
        )
        acc_w, frac, steps = accumulator
        increment = max(width, shift + 1) + 1 - shift
        values = {"ACC_W": acc_w, "ACC_FRAC": frac, "INC_W": increment, "MAX_STEPS": steps}
        self.block("xc_accumulate", values, FORMATS, 2, f"{name} sum", 1)

    def stores(self, values: Mapping[str, int], store: Mapping[str, int] | None) -> None:
        ports = values["MEM_PORTS"]
        self.block("xc_ram", {"DATA_W": 2, "DEPTH": 5, "MEM_PORTS": ports}, "own ports, 5 words of 2 bits", 6)
        if store:
            self.block("xc_state_store", store, "own options, 4 words", 8)

    def outputs(self, values: Mapping[str, int]) -> None:
        small = _subset(_small(values), "ROWS COLS LANES MAX_STEPS")
        self.block("xc_pulse_output", small, SMALL, 8)
        self.block("xc_cycle_counters", {}, OWN, 8)


def _transfer(plan: _Plan, values: Mapping[str, int]) -> None:
    small, narrow = _small(values), _narrow(_small(values))
    beats, words = _beats(small), small["COLS"] * _beats(small)
    shipped = ("FV_SHIPPED",) if plan.contract else ()
    in_turn = values["COL_RANDOM"] == 0
    in_step = values["CHOP_MODE"] == 1 and in_turn
    per_column = values["CHOP_MODE"] == 1 and not in_turn
    counting = [
        macro
        for macro, on in (("FV_LFSR", values["CHOP_MODE"] == 2), ("FV_IN_STEP", in_step), ("FV_PER_COLUMN", per_column))
        if on
    ]
    # Clear sweep, an update, a read, its beats and the lanes, then another transfer
    stages = values["LANE_STAGES"]
    turn = 4 + beats * (3 - values["MEM_PORTS"]) + stages + 3
    cuts = ("xc_transfer_lane", "xc_state_store")

    # Three columns: their number is no power of two, so that one that does not exist has a number
    order = {**narrow, "COLS": min(values["COLS"], 3)}
    bound = 3 * beats + 2 * turn
    plan.add("sequence", "fv_transfer_sequence", order, NARROW, bound, *shipped, cuts=cuts)
    # The memory of the counts is cut out as well, on its contract
    counted = (*cuts, "xc_ram") if per_column and plan.contract else cuts
    plan.add("flips", "fv_transfer_flips", narrow, NARROW, words + 2 * turn, *shipped, *counting, cuts=counted)
    # With our store an element is proved on the contract of it; the store in its place has that contract
    store_out = plan.contract and bool(values["TRACE_EN"])
    stored, left_out = ((*shipped, "FV_STORE"), ("xc_state_store",)) if store_out else ((), ())
    turns, short = words + 2 * turn, words + turn + stages + 5
    plan.add(
        "element",
        "fv_transfer_element",
        narrow,
        NARROW,
        turns,
        *stored,
        k=stages + 3,
        cuts=left_out,
        bounded=not store_out,
    )
    # The index of a corrected read is counted in the records, from the flips: no induction knows how many there were
    bounded = not store_out or values["CORRECTION"] > 0
    plan.add(
        "values", "fv_transfer_values", narrow, NARROW, short, *stored, k=stages + 3, cuts=left_out, bounded=bounded
    )
    if store_out:
        # The lanes are free, so that formats are a matter of words alone
        words_of = {**narrow, **{name: value for name, value in SMALLEST.items() if name in narrow}}
        plan.add(
            "store", "fv_transfer_store", words_of, SMALLEST_SIZE, short, *stored, k=3, cuts=cuts[:1], bounded=True
        )
    if plan.effort != "quick" and values["COLS"] * _beats(values) <= OWN_WORDS and shipped:
        own = {**narrow, **_subset(values, "ROWS COLS LANES")}
        plan.add("sequence, own size", "fv_transfer_sequence", own, "own size and options", 0, *shipped, cuts=cuts)

    product = values["ADC_W"] + values["P_FRAC"] + values["LR_W"] + 2
    plan.arithmetic(
        product, values["LR_SHIFT"], values["H_ROUND"], "H", (values["H_W"], values["H_FRAC"], values["MAX_STEPS"])
    )
    if values["P_EN"]:
        p_round = {"IN_W": values["ADC_W"] + values["P_FRAC"] + values["BETA_W"] + 3, "SHIFT": values["BETA_W"]}
        plan.block("xc_round_shift", {**p_round, "ROUND": values["P_ROUND"]}, FORMATS, 2, "P rounding", 1)
    steps = {"IN_W": values["H_W"], "SHIFT": values["H_FRAC"], "ROUND": 2}
    plan.block("xc_round_shift", steps, FORMATS, 2, "steps rounding", 1)
    lane = values if plan.effort != "quick" else narrow
    of_lane, size = {**_subset(lane, LANE), "STAGES": stages}, FORMATS if lane is values else NARROW
    plan.block("xc_transfer_lane", of_lane, size, stages + 1, k=stages)
    if values["CORRECTION"]:
        size = FORMATS if lane is values else NARROW
        plan.block("xc_read_gain", _subset(lane, "LR_W CORRECTION"), size, 2, k=1)
    store = _subset(values, "REF_EN P_EN MEM_PORTS", ROWS=2, COLS=2, LANES=1, ADC_W=2, P_FRAC=0, H_W=2)
    plan.stores(values, store)
    if values["CHOP_MODE"] == 2:
        plan.block("xc_lfsr", {"LFSR_SEED": values["LFSR_SEED"]}, OWN, 4, "lfsr of the chopper")
    if values["COL_RANDOM"]:
        plan.block("xc_lfsr", {"LFSR_SEED": values["COL_SEED"]}, OWN, 4, "lfsr of the columns")
    plan.outputs(values)


def _mixed(plan: _Plan, values: Mapping[str, int]) -> None:
    narrow = _narrow(_small(values))
    beats = _beats(narrow)
    words, x_beats = narrow["COLS"] * beats, -(-narrow["COLS"] // narrow["LANES"])
    sample = 4 + beats + x_beats + words * (3 - values["MEM_PORTS"]) + narrow["COLS"] * 3 + 4
    shipped = () if "xc_mixed_scheduler" not in plan.shipped else ("FV_SHIPPED",)
    cuts = ("xc_mixed_lane",)
    plan.add(
        "sequence", "fv_mixed_sequence", narrow, NARROW, words + 2 * sample, *shipped, k=5, cuts=cuts,
        bounded=not shipped,
    )  # fmt: skip
    # Products of variables and memories in one search: formats no wider than saturation, a clamp and a fraction need
    smallest = {**narrow, **SMALLEST_MIXED}
    plan.add("values", "fv_mixed_values", smallest, SMALLEST_MIXED_SIZE, words + sample + 6, k=1, bounded=True)
    product = 2 * values["OP_W"] + values["LR_W"]
    plan.arithmetic(
        product, values["LR_SHIFT"], values["CHI_ROUND"], "chi",
        (values["CHI_W"], values["CHI_FRAC"], values["MAX_STEPS"]),
    )  # fmt: skip
    lane = values if plan.effort == "full" else {**values, **_subset(_narrow(values), "OP_W LR_W LR_SHIFT")}
    size = FORMATS if lane is values else "own chi and options, narrow codes and lr"
    plan.block("xc_mixed_lane", _subset(lane, MIXED_LANE), size, 4)
    plan.stores(values, None)
    plan.outputs(values)


def plan(spec: ChipSpec, dut: Dut, effort: Effort) -> list[Proof]:
    """What is proved about a controller.

    Of a controller of the user's, the properties at its ports; of what is inside, that of the shipped modules it has.
    """
    made = _Plan(dut, effort)
    values = dut.parameters_for(spec)
    contract = {name: value for name, value in values.items() if name not in dict(dut.parameters)}
    kind = controller_kind(spec)
    made.proofs.append(Proof(INDEPENDENCE, INDEPENDENCE, contract, Limits(0, 0, made.seconds), OWN))
    if kind == "transfer":
        _transfer(made, contract)
    elif kind == "mixed_precision":
        _mixed(made, contract)
    else:
        shipped = ("FV_SHIPPED", "FV_TRACE") if dut.module == "xc_in_memory_sgd" and contract["TRACE_EN"] else ()
        inside = shipped if not dut.own else ()
        made.add("sequence", "fv_in_memory_sgd", contract, OWN, 6, *inside)
        made.block("xc_cycle_counters", {}, OWN, 8)
    return made.proofs
