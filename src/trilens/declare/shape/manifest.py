"""The whole manifest, key by key."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from trilens.declare.shape.agents import AgentShape
from trilens.declare.shape.base import Name, Shape, Text, wrong
from trilens.declare.shape.components import ModelShape, PromptShape, SourceShape
from trilens.declare.shape.lenses import ComplianceShape, SafetyShape, SecurityShape
from trilens.declare.shape.people import OwnersShape, PeopleShape
from trilens.declare.shape.tools import ToolShape


def _supported(version: int) -> int:
    if version != 1:
        raise wrong("manifest/version", f"expected version `1`, got `{version}`", "write `trilens: 1`")
    return version


Version = Annotated[int, AfterValidator(_supported), WithJsonSchema({"const": 1})]


class ManifestShape(Shape):
    """One system: what it is for, who it is about, what it is made of, and what the three lenses hold it to."""

    trilens: Version
    """Version of this format."""
    system: Name
    """Name of the system."""
    purposes: dict[Name, Text] = Field(default_factory=dict)
    """What it is for, by name."""
    people: dict[Name, PeopleShape] = Field(default_factory=dict)
    """Kinds of people: those it serves, and those who approve."""
    owners: OwnersShape = Field(default_factory=OwnersShape)
    """Who answers for each lens."""
    models: dict[Name, ModelShape] = Field(default_factory=dict)
    """Models, with processor and region."""
    prompts: dict[Name, PromptShape] = Field(default_factory=dict)
    """The operator's words."""
    sources: dict[Name, SourceShape] = Field(default_factory=dict)
    """Documents it may rely on."""
    tools: dict[Name, ToolShape] = Field(default_factory=dict)
    """Tools and their effects. What is not declared is denied."""
    agents: dict[Name, AgentShape] = Field(default_factory=dict)
    """Agents and the tools each may call."""
    safety: SafetyShape = Field(default_factory=SafetyShape)
    """Will it cause harm in ordinary use?"""
    security: SecurityShape = Field(default_factory=SecurityShape)
    """Can someone manipulate it on purpose?"""
    compliance: ComplianceShape = Field(default_factory=ComplianceShape)
    """Does it meet its duties, and can that be proven?"""
