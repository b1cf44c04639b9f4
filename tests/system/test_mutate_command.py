"""`crosschop mutate` as a user calls it: figures, survivors and exit code, stopped and resumed, bad input."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from command import call, left_over, start
from test_sweep_command import processes_below, until

pytestmark = pytest.mark.sim

FILES = ["mutation.html", "mutation.json", "mutation.png", "verdicts.jsonl"]


def verdicts(folder: Path) -> list[str]:
    """Complete lines of the file of verdicts."""
    path = folder / "out" / "verdicts.jsonl"
    return [line for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []


@pytest.mark.slow
def test_a_weak_verification_lets_mutants_live_and_a_strong_one_finds_them(tmp_path: Path) -> None:
    """Ten transfers reach neither limits nor resets: at least one of these mutants is not seen by them."""
    weak = ("mutate", "agad_tiny", "--count", "16", "--seed", "3", "--out", "out", "--json", "--seeds", "1",
            "--formal", "none", "--proof-seconds", "0", "--no-lint", "--no-long")  # fmt: skip
    done = call(tmp_path, *weak, "--transfers", "10")
    found = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert found["status"] == "mismatch"
    assert found["killed"] + found["equivalent"] + found["survived"] == found["mutants"] == 16
    assert found["survived"] >= 1 and found["killed"] >= 1 and found["equivalent"] >= 1
    for counts in (found["by_module"], found["by_operator"]):
        assert sum(sum(fates.values()) for fates in counts.values()) == 16
    survivors = [one for one in found["all"] if one["fate"] == "survived"]
    assert len(survivors) == found["survived"]
    for one in survivors:
        assert one["diff"].startswith(f"--- a/{one['file']}\n+++ b/{one['file']}\n@@")
        assert one["mutant"] in done.stderr
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == FILES
    assert json.loads((tmp_path / "out" / "mutation.json").read_text())["survived"] == found["survived"]
    assert survivors[0]["mutant"] in (tmp_path / "out" / "mutation.html").read_text()

    # Equivalence is known from before; the same mutants are drawn
    kept = len(verdicts(tmp_path))
    again = call(tmp_path, *weak, "--transfers", "10")
    assert json.loads(again.stdout)["all"] == found["all"]
    assert len(verdicts(tmp_path)) == kept


@pytest.mark.slow
def test_a_campaign_that_was_stopped_goes_on(tmp_path: Path) -> None:
    arguments = ("mutate", "agad_tiny", "--count", "6", "--transfers", "10", "--seeds", "1", "--formal", "none",
                 "--proof-seconds", "0", "--no-lint", "--no-long", "--out", "out", "--json")  # fmt: skip
    process = start(tmp_path, *arguments)
    until(lambda: len(verdicts(tmp_path)) >= 2, process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "are kept, the same command goes on from there" in stdout
    until(lambda: not processes_below(tmp_path))
    assert not any((tmp_path / "tmp").iterdir())
    kept = verdicts(tmp_path)
    done = call(tmp_path, *arguments)
    assert done.returncode in (0, 1), done.stderr
    assert verdicts(tmp_path)[: len(kept)] == kept
    keys = [json.loads(line)["key"] for line in verdicts(tmp_path)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("agad_tiny", "--count", "0"), "0 is not in the range x>=1"),
        (("agad_tiny", "--set", "controller.trace=false"), "controller.trace"),
        (("no_such_chip",), "no_such_chip"),
    ],
)
def test_bad_input(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = call(tmp_path, "mutate", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert left_over(tmp_path) == []


def test_a_controller_that_fails_is_no_ground_for_mutants(tmp_path: Path) -> None:
    """Whatever a mutant does, a controller that does not pass has killed it already."""
    from mutants import MUTANTS, apply

    from crosschop.cosim.paths import shipped_rtl

    apply(MUTANTS[0], shipped_rtl(), tmp_path / "rtl")
    done = call(tmp_path, "mutate", "agad_tiny", "--count", "2", "--rtl", "rtl", "--out", "out")
    assert done.returncode == 1
    assert "error: the controller itself does not pass" in done.stderr
    assert not (tmp_path / "out" / "mutation.json").exists()
