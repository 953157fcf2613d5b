"""``vaceprep completion``: the shell script that completes commands, options and values."""

from __future__ import annotations

from typing import Final

import click

from vaceprep.cli import options

SHELLS: Final = ("bash", "zsh", "fish")
#: The variable's name, as click derives it from the program's name.
VARIABLE: Final = "_VACEPREP_COMPLETE"

EPILOG: Final = """\b
Examples:
  echo 'eval "$(vaceprep completion bash)"' >> ~/.bashrc  (bash 4.4 or later)
  echo 'eval "$(vaceprep completion zsh)"' >> ~/.zshrc
  vaceprep completion fish > ~/.config/fish/completions/vaceprep.fish

Then open a new shell. Commands, options, roles, functions, rules and files are completed."""


@click.command("completion", epilog=EPILOG)
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
def command(shell: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from vaceprep.cli.app import app

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"there is no completion for {shell}")
    made = found(app, {}, "vaceprep", VARIABLE)
    # Not source(), which runs the installed bash to get its version and may print a warning.
    options.write(made.source_template % made.source_vars())
    return 0
