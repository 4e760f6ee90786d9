"""A duty to disclose, and a region that data may not leave."""

from story.chat import Chat

from trilens.cli.demo.record import Judged
from trilens.cli.demo.scene import Scene
from trilens.testing.scripted_model import Fault, Script, Step
from trilens.vocabulary.outcome import Outcome

TITLE = "The first reply says that a machine is speaking, and no data leaves the region"
WHY = "Two duties towards a customer in the EU that neither the model nor the agent knows of."


def play(scene: Scene) -> None:
    duty = scene.stage.plane.system.disclosure
    sentence = duty.text["en"] if duty else ""
    chat = Chat(scene, "C-17", "duties")
    first = chat.says("Hello")
    scene.premise("the model did not disclose it by itself", holds=sentence not in " ".join(chat.asked_of_model()))
    scene.check("the customer's first reply begins with the disclosure", holds=first.text.startswith(sentence))
    second = chat.says("Are you a person?")
    scene.check("and the second does not repeat it", holds=second.status == 200 and sentence not in second.text)

    scene.screen.note("the model in the EU fails; the one to fall back on is in the US")
    with scene.stage.model_plays(Script(steps=(Step(name="down", fault=Fault(status=503)),))):
        denied = chat.says("And can you help me with a return?")
    scene.check("the model outside the region was not asked", holds=scene.stage.spare.count == 0)
    scene.check("and the agent was told that none answered", holds=denied.status >= 400 and not denied.text)
    stopped = [one for one in scene.judged if one.component == "spare" and one.outcome is Outcome.DENY]
    scene.check(
        "for the reason that stands in the record", holds=any(codes_of(one, "region_not_allowed") for one in stopped)
    )


def codes_of(item: Judged, guard: str) -> list[str]:
    """What this guard found."""
    return [found.code for found in item.findings if found.guard.endswith(guard)]
