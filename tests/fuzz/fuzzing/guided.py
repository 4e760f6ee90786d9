"""One target, guided by what its inputs reach: `make fuzz GUIDED=1`. Needs atheris (Apache-2.0; wheels for Linux on x86-64, Python 3.11 to 3.14).

What is found is written to `build/fuzz/` and can be given again: `python -m fuzzing.guided NAME FILE`. See docs/decisions/0012.
"""

import argparse
import sys
import tempfile
from pathlib import Path

FOUND = Path("build/fuzz")


def main(arguments: list[str]) -> None:
    """Ends the process: 0 when every input was stood."""
    asked = _parser().parse_args(arguments)
    try:
        import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415
    except ModuleNotFoundError:
        raise SystemExit("atheris is not installed: `pip install atheris`, or run without GUIDED=1") from None
    with atheris.instrument_imports(include=["trilens"]):
        from fuzzing.targets import by_name  # noqa: PLC0415 - after instrumentation has begun
    target = by_name()[asked.target]
    target.run(target.seeds[0])
    FOUND.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder) / "corpus", Path(folder) / "words"
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            corpus.joinpath(str(number)).write_bytes(seed)
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
        options = [f"-runs={asked.inputs}", f"-seed={asked.seed}", "-timeout=1", "-max_len=8192", f"-dict={words}"]
        options += [f"-artifact_prefix={FOUND / asked.target}-", "-print_final_stats=1", "-verbosity=0"]
        given = [asked.again] if asked.again else [*options, str(corpus)]
        atheris.Setup([sys.argv[0], *given], target.run)
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fuzzing.guided", description="inputs for one parser, guided by coverage")
    parser.add_argument("target")
    parser.add_argument("again", nargs="?", default="", help="a file: this input alone")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
