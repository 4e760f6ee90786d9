"""A refund that only a person may decide."""

from decimal import Decimal

from shop import Refund
from story.chat import Chat, shop_of

from trilens.cli.demo.scene import Scene
from trilens.testing.scripted_model import Asked
from trilens.testing.scripted_model.conversation import read_conversation

TITLE = "A refund of 450 EUR waits for a person"
WHY = "The approval is bound to exactly this refund for exactly this customer, and valid once."


def play(scene: Scene) -> None:
    chat = Chat(scene, "C-17", "approval")
    before = refunds(scene)
    held = chat.says("Please refund 450 EUR for my order A-1003, the sleeping bag is damp.")
    scene.check("nothing was booked", holds=refunds(scene) == before)
    if not scene.premise("the model asked for the refund", holds=bool(chat.calls_of_model("refund"))):
        return
    scene.check("it waits for a person", holds=held.status == 403 and bool(held.case))
    if not held.case:
        return
    scene.decided(held.case)
    asked = scene.stage.model.count
    answered = chat.goes_on()
    repeated = [one for one in scene.stage.model.asked[asked:] if not has_result(one)]
    scene.check(
        "the same request was answered without asking the model again", holds=answered.status == 200 and not repeated
    )
    scene.check("450 EUR were booked, once", holds=refunds(scene) == [*before, Refund("A-1003", Decimal(450))])
    changed = chat.says("Please refund 460 EUR for my order A-1003.")
    scene.check("a changed refund waits again", holds=changed.status == 403 and changed.case not in ("", held.case))
    scene.check("and was not booked", holds=len(refunds(scene)) == len(before) + 1)


def has_result(asked: Asked) -> bool:
    """Whether the model was asked what to say after the refund, and not once more for the refund."""
    last = read_conversation(asked.body).last_results
    return any(result.tool == "refund" for result in last)


def refunds(scene: Scene) -> list[Refund]:
    return shop_of(scene).refunds()
