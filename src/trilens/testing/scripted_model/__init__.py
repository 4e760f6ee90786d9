"""An OpenAI-compatible model that plays scripts, obeys what it reads, and fails as told: for tests and the demo, on loopback."""

from trilens.testing.scripted_model.script import Call, Fault, Script, Step, When, parse_script, read_script
from trilens.testing.scripted_model.server import Asked, ScriptedModel

__all__ = ["Asked", "Call", "Fault", "Script", "ScriptedModel", "Step", "When", "parse_script", "read_script"]
