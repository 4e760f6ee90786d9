"""One customer's conversation through Trilens, shown as it happens: the example's own agent with the real `openai` client."""

from dataclasses import dataclass

import openai
from agent import Agent
from shop import Shop

from trilens.cli.demo.scene import Scene
from trilens.vocabulary.event import Call


@dataclass(frozen=True)
class Heard:
    """What came back: words for the customer, or a refusal for the agent."""

    text: str = ""
    status: int = 200
    code: str = ""
    case: str = ""


class Chat:
    """A session of one customer."""

    def __init__(self, scene: Scene, customer: str, session: str) -> None:
        self.scene = scene
        self.first = scene.stage.model.count
        self.agent = Agent(scene.stage.client, shop_of(scene), customer, session)

    def says(self, text: str) -> Heard:
        """The customer says something, and the agent works until it has an answer or is stopped."""
        self.agent.messages.append({"role": "user", "content": text})
        return self.goes_on()

    def goes_on(self) -> Heard:
        """The agent sends its last request again, and works on."""
        try:
            text = self.agent.go_on()
        except openai.APIStatusError as error:
            return self._stopped(error)
        self.scene.screen.answer(text)
        return Heard(text)

    def _stopped(self, error: openai.APIStatusError) -> Heard:
        body = error.body if isinstance(error.body, dict) else {}
        code, case = str(body.get("code", "")), str(body.get("case", ""))
        self.scene.screen.refused(error.status_code, str(body.get("type", code)), str(body.get("message", "")))
        return Heard("", error.status_code, code, case)

    def asked_of_model(self) -> list[str]:
        """What the model said to this conversation so far."""
        return [asked.reply.text for asked in self.scene.stage.model.asked[self.first :]]

    def calls_of_model(self, tool: str) -> list[Call]:
        """The calls of `tool` the model proposed in this conversation, stopped ones too."""
        asked = self.scene.stage.model.asked[self.first :]
        return [call for one in asked for call in one.reply.calls if call.tool == tool]


def shop_of(scene: Scene) -> Shop:
    """The shop of this demo, in its temporary folder."""
    return Shop.open(scene.stage.folder / "shop")
