"""The wheel, as a stranger gets it: installed into an empty environment, used from a folder of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# One worker for the module: the environment takes a minute to install.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("package")]


@dataclass(frozen=True)
class Installation:
    """An environment with the wheel, and a folder outside the checkout."""

    bin: Path
    folder: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment in the folder, without the checkout's environment around it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
        environment["PATH"] = f"{self.bin}{os.pathsep}{environment.get('PATH', '')}"
        return subprocess.run(
            [str(self.bin / program), *arguments],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip


def _succeed(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel of this checkout in an environment of its own."""
    base = tmp_path_factory.mktemp("package")
    # A copy, because setuptools writes build/ and *.egg-info beside what it builds.
    source = base / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    for name in ("model", "cosim", "rtl", "chipspecs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    _succeed(sys.executable, "-m", "build", "--wheel", "--outdir", str(base / "wheel"), str(source))
    (wheel,) = (base / "wheel").glob("*.whl")
    shutil.rmtree(source)

    venv.create(base / "venv", with_pip=True)
    binaries = base / "venv" / "bin"
    _succeed(str(binaries / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel))
    folder = base / "elsewhere"
    folder.mkdir()
    return Installation(binaries, folder)


def test_imports_come_from_the_environment(installation: Installation) -> None:
    result = installation.run("python", "-c", "import crosschop.model as m; print(m.__file__)")
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).is_relative_to(installation.bin.parent)


def test_shipped_chipspecs_check(installation: Installation) -> None:
    names = sorted(path.stem for path in (ROOT / "chipspecs").glob("*.yaml"))
    result = installation.run("crosschop", "spec", "check", "--json", *names)
    assert result.returncode == 0, result.stderr
    assert [file["name"] for file in json.loads(result.stdout)["files"]] == names


def test_own_chipspec_checks(installation: Installation) -> None:
    (installation.folder / "mine.yaml").write_text("extends: agad_64\nname: mine\nsummary: s\narray: {rows: 3}\n")
    result = installation.run("crosschop", "spec", "check", "mine.yaml")
    assert (result.returncode, result.stdout) == (0, "ok  mine.yaml\n"), result.stderr
    (installation.folder / "bad.yaml").write_text("extends: mine\nname: bad\nsummary: s\narray: {cols: 0}\n")
    result = installation.run("crosschop", "spec", "check", "bad.yaml")
    assert (result.returncode, result.stderr) == (2, "error: bad.yaml: array.cols = 0, allowed: integer 1..4096\n")


def test_verilog_sources_are_shipped(installation: Installation) -> None:
    code = "import importlib.resources as r; print(*sorted(e.name for e in r.files('crosschop.rtl').iterdir()))"
    result = installation.run("python", "-c", code)
    shipped = {name for name in result.stdout.split() if name.endswith((".v", ".f"))}
    assert shipped == {path.name for path in (ROOT / "rtl").iterdir() if path.suffix in (".v", ".f")}
    assert shipped


def test_starting_point_is_written(installation: Installation) -> None:
    result = installation.run("crosschop", "init", "my_chip", "--algorithm", "mixed_precision")
    assert result.returncode == 0, result.stderr
    result = installation.run("crosschop", "spec", "check", "my_chip/my_chip.yaml")
    assert (result.returncode, result.stdout) == (0, "ok  my_chip/my_chip.yaml\n"), result.stderr
    assert "module my_chip_adapter #" in (installation.folder / "my_chip" / "my_chip_adapter.v").read_text()


@pytest.mark.parametrize("engine", ["golden", pytest.param("icarus", marks=pytest.mark.sim)])
def test_training_runs(installation: Installation, engine: str) -> None:
    result = installation.run(
        "crosschop", "run", "agad_tiny", "--engine", engine, "--samples", "400", "--out", engine, "--json"
    )
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert (content["status"], content["samples"], content["mismatches"]) == ("pass", 400, 0)
    assert content["compared"] == (200 if engine == "icarus" else 0)
    assert (installation.folder / engine / "report.html").exists()
