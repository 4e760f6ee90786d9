"""C5: each model, the fall-back ones too, runs in a declared region and may read what the conversation holds."""

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, deny
from trilens.vocabulary.event import Event
from trilens.vocabulary.system import Model, System
from trilens.vocabulary.verdict import Finding


def judge(event: Event, context: Context) -> Answer:
    """Check region and processor of the one model this call would go to."""
    model = context.system.models.get(event.component)
    if model is None:
        return deny(Finding("region_not_allowed/unknown_model", "nobody declared where this model runs"))
    categories = context.flow.categories
    is_personal = bool(categories or context.principal.person)
    if not context.system.regions and not is_personal:
        return NOT_APPLICABLE
    findings = (*_place(model, context.system), *_processor(model, categories))
    return deny(*findings) if findings else ALLOW


def _place(model: Model, system: System) -> tuple[Finding, ...]:
    if model.region in system.regions:
        return ()
    rule = "compliance.regions"
    if not system.regions:
        message = f"no region is declared, so personal data may not be sent to `{model.id}` in `{model.region}`"
        return (Finding("region_not_allowed/no_region_declared", message, rule=rule),)
    allowed = ", ".join(f"`{region}`" for region in sorted(system.regions))
    message = f"model `{model.id}` runs in `{model.region}`; data may be processed in {allowed}"
    return (Finding("region_not_allowed/other_region", message, rule=rule),)


def _processor(model: Model, categories: frozenset[str]) -> tuple[Finding, ...]:
    unread = sorted(categories - model.reads)
    if not unread:
        return ()
    named = ", ".join(f"`{category}`" for category in unread)
    message = f"the conversation holds {named}, which `{model.processor}` may not read"
    return (Finding("region_not_allowed/unread_category", message, rule=f"models.{model.id}.reads"),)
