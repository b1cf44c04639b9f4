"""The `crosschop` command: finds the commands and turns errors into sentences and exit codes."""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from typing import NoReturn

import click

from crosschop.cosim.interrupts import terminated_as_interrupted
from crosschop.model.errors import CrosschopError, InterruptedWorkError

EXIT_TOOL = 3
# EX_SOFTWARE of sysexits.h.
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = InterruptedWorkError.exit_code
# What a shell gives for a program that SIGPIPE ended, as `crosschop ... | head` does.
EXIT_NO_READER = 141

# Imported when called for, so that `spec check` does not wait for what a simulation needs.
COMMANDS = {
    "mutate": "crosschop.cosim.commands.mutate:mutate",
    "run": "crosschop.cosim.commands.run:run",
    "reproduce": "crosschop.cosim.commands.reproduce:reproduce",
    "verify": "crosschop.cosim.commands.verify:verify",
    "init": "crosschop.cosim.commands.init:init",
    "replay": "crosschop.cosim.commands.replay:replay",
    "compare": "crosschop.cosim.commands.compare:compare",
    "formal": "crosschop.cosim.commands.formal:formal",
    "inject": "crosschop.cosim.commands.inject:inject",
    "bench": "crosschop.cosim.commands.bench:bench",
    "cover": "crosschop.cosim.commands.cover:cover",
    "estimate": "crosschop.cosim.commands.estimate:estimate",
    "lanes": "crosschop.cosim.commands.lanes:lanes",
    "fuzz": "crosschop.cosim.commands.fuzz:command",
    "signoff": "crosschop.cosim.commands.signoff:signoff",
    "spec": "crosschop.cosim.commands.spec:spec",
    "sweep": "crosschop.cosim.commands.sweep:sweep",
}


class _CrosschopGroup(click.Group):
    """Group of the commands above, with the error handling of all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> None:
        """Runs the command; an error that is an answer to the user ends it with its sentences and exit code."""
        as_json = "--json" in ctx.args
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal without the letters of a file's name
        came: list[int] = []
        try:
            with terminated_as_interrupted() as came:
                super().invoke(ctx)
                if sys.stdout is not None:
                    sys.stdout.flush()  # what cannot be written shall be known here
        except CrosschopError as error:
            _fail(ctx, error.messages, error.exit_code, as_json and not error.in_json)
        except click.ClickException as error:
            _fail(ctx, [error.format_message()], error.exit_code, as_json)
        except BrokenPipeError:
            _close_output()
            ctx.exit(EXIT_NO_READER)
        except OSError as error:
            _fail(ctx, [_sentence(error)], EXIT_TOOL, as_json)
        except MemoryError:
            _fail(ctx, ["not enough memory"], EXIT_TOOL, as_json)
        except KeyboardInterrupt:
            _fail(ctx, ["interrupted, nothing was written"], EXIT_INTERRUPTED, as_json)
        except click.exceptions.Exit:
            raise
        except Exception:
            if came:  # an interrupt that compiled code dropped, and what came of it
                _fail(ctx, ["interrupted"], EXIT_INTERRUPTED, as_json)
            # A bug of ours: the traceback is what a report needs, and the exit code must not read as a mismatch.
            traceback.print_exc()
            _fail(ctx, ["internal error, please report it with the lines above"], EXIT_INTERNAL, as_json)


def _sentence(error: OSError) -> str:
    """What the system refused, and where as far as it is known."""
    said = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return f"{error.filename}: {said}"
    if error.errno == errno.ENOSPC:
        return f"{said}: on the standard output, in the cache, or among the temporary files in {tempfile.gettempdir()}"
    return said


def _close_output() -> None:
    """Gives up what is still to be written: Python would fail over it once more at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _fail(ctx: click.Context, messages: list[str], exit_code: int, as_json: bool) -> NoReturn:
    with suppress(OSError):  # the exit code says it where nobody reads
        for message in messages:
            click.echo(f"error: {message}", err=True)
    with suppress(OSError):
        if as_json:
            click.echo(json.dumps({"status": "error", "exit_code": exit_code, "errors": messages}))
    _close_output()
    ctx.exit(exit_code)


@click.group(cls=_CrosschopGroup)
@click.version_option(package_name="crosschop", message="%(package)s %(version)s")
def main() -> None:
    """Co-simulation of analog in-memory training chips.

    Exit codes: 0 pass, 1 mismatch, 2 bad input, 3 a tool is missing or failed, 70 a bug of ours,
    130 interrupted, 141 nobody reads the output any more.
    """
