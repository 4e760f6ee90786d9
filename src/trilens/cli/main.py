"""`trilens`: the first word is a noun, and only that noun's module is imported.

The page of `trilens --help` is written here from one table, so that it costs little more than starting Python (bench P11).
"""

import sys
from collections.abc import Mapping, Sequence

NOUNS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "demo": "Watch a support agent being attacked, offline.",
        "init": "Write a first manifest and make its ledger.",
        "check": "Say what a careful reviewer of the manifest would.",
        "serve": "Run the gateway.",
    },
    "Decide": {
        "approvals": "See what waits for a person, and decide it.",
        "keys": "Make, list and revoke keys of agents and operators.",
        "reload": "Bring the manifest on disk into force, by two people if it loosens.",
        "stop": "Let nothing more of a session, an agent or the system through.",
    },
    "Prove": {
        "gate": "Three verdicts: safety, security, compliance.",
        "ledger": "Verify the record, prove it to strangers, show its key.",
        "witness": "Sign others' checkpoints, once they are seen to have only grown.",
    },
    "Try": {
        "replay": "Make recorded decisions again, or under another manifest.",
    },
    "Keep": {
        "backup": "Copy the state while it runs, or drill its restoration.",
        "restore": "Put a copy back where nothing is, once it was verified.",
    },
    "Look up": {
        "explain": "What a code or a decision means.",
        "catalog": "List the guards, and try them on their own vectors.",
        "diff": "What one manifest lets through that another does not.",
        "schema": "Print the JSON Schema of the manifest, for editors.",
    },
}
"""By heading: nouns with what each is for."""

USAGE = "usage: trilens NOUN [WORDS] [OPTIONS]"

_OPTIONS = """\
Options most nouns take
  --system PATH  the manifest; default $TRILENS_SYSTEM or system.yaml
  --json         one JSON document instead of text
  --dry-run      of what writes: check everything, write nothing
  --debug        show the stack trace of an error
  --help         what a noun takes

It ends with 0 pass, 1 fail, 2 usage or configuration, 3 unknown, 4 fault.
State lives in $TRILENS_HOME, by default .trilens beside the manifest.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the code the process should end with."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    wants_trace = _take("--debug", words)
    try:
        return _run(words)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has seen enough
        sys.stderr.close()
        return 0
    except Exception as error:  # the edge of the program: nobody further out could still name the error
        if wants_trace:
            raise
        from trilens.cli.failure import report

        return report(error, as_json="--json" in words)


def _run(words: list[str]) -> int:
    if not words or words[0] in ("--help", "-h", "help"):
        sys.stdout.write(help_page())
        return 0
    if words[0] == "--version":
        from trilens import __version__

        sys.stdout.write(f"trilens {__version__}\n")
        return 0
    from trilens.cli.dispatch import dispatch

    return dispatch(_noun_first(words))


def help_page() -> str:
    """What `trilens --help` prints."""
    lines = ["Trilens: every action of an AI system through three lenses, one record.", "", USAGE]
    for heading, nouns in NOUNS.items():
        lines += ["", heading, *(f"  {noun:<10} {summary}" for noun, summary in nouns.items())]
    return "\n".join([*lines, "", _OPTIONS])


def _take(option: str, words: list[str]) -> bool:
    """Whether the option stands among the words before `--`; it is removed."""
    end = words.index("--") if "--" in words else len(words)
    found = option in words[:end]
    words[:end] = [word for word in words[:end] if word != option]
    return found


def _noun_first(words: list[str]) -> list[str]:
    """Options may stand before the noun: `trilens --system other.yaml check`."""
    for position, word in enumerate(words):
        is_value = position > 0 and words[position - 1] == "--system"
        if not word.startswith("-") and not is_value:
            rest = words[position + 1 :]
            end = rest.index("--") if "--" in rest else len(rest)
            return [word, *rest[:end], *words[:position], *rest[end:]]
    return words


if __name__ == "__main__":
    sys.exit(main())
