"""The words that turn a statement into its opposite. Two of them in one clause are an affirmation."""

from trilens.mechanisms.content.scan import Pattern

_NEGATOR = Pattern(
    r"(?i)\b(?:not|never|none|neither|nor|cannot|without|unless|except|unable|ineligible|impossible|excluded|refuse[ds]?|"
    r"reject(?:ed|s)?|declined?|den(?:y|ied|ies)|expire[ds]?|lapse[ds]?|too\slate|non-?[a-z]{3,}|no|nicht|kein(?:e[mnrs]?)?|nie|niemals|ohne|"
    r"weder|außer|ausser|ausgeschlossen|unmöglich|abgelehnt|erlischt|verfällt|verfallen|entfällt)\b|[a-z]n't\b",
    has_groups=False,
)
_HARMLESS = Pattern(
    # "No, that is right" answers, and negates nothing of what follows; "No. 5" is a number
    r"(?i)^(?:not\s(?:only|just)\b|nicht\snur\b|no\s(?:problem|doubt|worries)\b|kein\sproblem\b|no[,.])",
    has_groups=False,
)


def negators(text: str) -> tuple[int, ...]:
    """Where a folded text negates, ascending."""
    return tuple(hit.start for hit in _NEGATOR.hits(text) if not _HARMLESS.is_in(text[hit.start : hit.start + 16]))
