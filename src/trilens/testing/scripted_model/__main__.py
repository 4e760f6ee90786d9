"""`python -m trilens.testing.scripted_model [SCRIPT] [--port N] [--gullible] [--relay URL]`: serve until interrupted."""

import argparse
import signal
import sys
from pathlib import Path

from trilens.errors import SettingsError
from trilens.testing.scripted_model.script import Script, read_script
from trilens.testing.scripted_model.server import ScriptedModel


def main(arguments: list[str]) -> int:
    """Serve, and say where. Exit 2 when the script or the port is of no use."""
    parser = argparse.ArgumentParser(prog="python -m trilens.testing.scripted_model", description=__doc__)
    parser.add_argument("script", nargs="?", type=Path, help="a script in YAML; without one the model is gullible")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; default: any free one")
    parser.add_argument("--gullible", action="store_true", help="obey whatever is read when no step fits")
    parser.add_argument("--relay", default="", metavar="URL", help="ask this endpoint when no step fits")
    given = parser.parse_args(arguments)
    try:
        script = read_script(given.script) if given.script else Script(gullible=not given.relay)
        script = script.model_copy(update={"gullible": script.gullible or given.gullible})
        with ScriptedModel(script, port=given.port, relay=given.relay) as model:
            sys.stdout.write(f"serving on {model.base_url}\n")
            sys.stdout.flush()
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except (SettingsError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    sys.exit(main(sys.argv[1:]))
