"""The `crosschop` command: finds the commands and turns errors into sentences and exit codes."""

from __future__ import annotations

import importlib

import click

from crosschop.model.errors import CrosschopError

# What a shell gives for a program ended by Ctrl-C.
EXIT_INTERRUPTED = 130

# Imported when called for, so that `spec check` does not wait for what a simulation needs.
COMMANDS = {
    "run": "crosschop.cosim.commands_run:run",
    "verify": "crosschop.cosim.commands_verify:verify",
    "spec": "crosschop.cosim.commands_spec:spec",
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
        try:
            super().invoke(ctx)
        except CrosschopError as error:
            for message in error.messages:
                click.echo(f"error: {message}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("error: interrupted, nothing was written", err=True)
            ctx.exit(EXIT_INTERRUPTED)


@click.group(cls=_CrosschopGroup)
@click.version_option(package_name="crosschop", message="%(package)s %(version)s")
def main() -> None:
    """Co-simulation of analog in-memory training chips.

    Exit codes: 0 pass, 1 mismatch, 2 bad input, 3 a tool is missing or failed, 130 interrupted.
    """
