"""Which keys a mapping of the manifest may have, read off the shapes."""

import types
from typing import Annotated, Union, get_args, get_origin

from pydantic import Tag

from trilens.declare.document import Loc
from trilens.declare.shape.base import Shape
from trilens.declare.shape.manifest import ManifestShape


def known_keys(loc: Loc) -> tuple[str, ...]:
    """The keys a mapping at `loc` may have; none when its keys are the author's own names."""
    annotation: object = ManifestShape
    for step in loc:
        annotation = _below(annotation, step)
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return tuple(field.alias or name for name, field in annotation.model_fields.items())
    return ()


def _below(annotation: object, step: str | int) -> object:
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        return fields[step].annotation if isinstance(step, str) and step in fields else None
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is list:
        return get_args(annotation)[0]
    if _is_union(annotation):
        return next((member for member in get_args(annotation) if Tag(str(step)) in get_args(member)[1:]), None)
    return None


def _bare(annotation: object) -> object:
    """Without `Annotated` and without `None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if _is_union(annotation):
        members = [member for member in get_args(annotation) if member is not types.NoneType]
        return _bare(members[0]) if len(members) == 1 else annotation
    return annotation


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)
