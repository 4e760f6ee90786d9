"""The published forms of secrets: tokens that begin with their issuer's own mark, private keys, and passwords where a syntax puts them.

A word that merely looks random is no form: too many honest ids do. Examples that issuers print in their documentation have the form and
count, since an exception by spelling would be a way around.

Source of each form: `source` of its rule, read 2026-11-24. `gitleaks` is github.com/gitleaks/gitleaks, config/gitleaks.toml (MIT), for
issuers that print no grammar; the patterns here are written anew for RE2.
"""

import functools

from trilens.mechanisms.scanning.rule_set import Rule, RuleSet

_GITLEAKS = "gitleaks"
_PEM_HEAD = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_PEM_NOTES = r"(?:[\s\\nr]{0,8}[A-Z][A-Za-z-]{2,20}: [^\n\\]{0,100}){0,6}"
_PEM_TEXT = rf"{_PEM_NOTES}(?:[A-Za-z0-9+/=\s\\]*?-----END [A-Z0-9 ]{{0,48}}KEY(?: BLOCK)?-----|(?:[\s\\nr]*[A-Za-z0-9+/=]{{32,}})+)"
"""Up to its end; where that is far away, the notes and whole lines that follow the head."""
_STAND_IN = (
    r"(?i)(?:(?:my|your|the|db|user|some|new)?[_-]?(?:password|passwd|passwort|pass|pwd|secret|token|key)|change[_-]?(?:me|it)|"
    r"example|redacted|hidden|\.+|x+|\*+|•+|[$<{\[%].*)"
)

FORMS: tuple[Rule, ...] = (
    Rule(
        "trilens/key",
        r"\btl[ko]_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}(?:_[0-9A-Za-z]{6})?\b",
        "people/keys.py of Trilens",
    ),
    Rule(
        "aws/access-key-id",
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
        "docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ),
    Rule(
        "aws/secret-access-key",
        r"(?i)\baws_?secret_?(?:access_?)?key[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|\z)",
        "docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
    ),
    Rule(
        "azure/account-key",
        r"(?i)\b(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{43,86}={1,2})",
        "learn.microsoft.com/azure/storage/common/storage-configure-connection-string",
    ),
    Rule("azure/client-secret", r"\b[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", _GITLEAKS),
    Rule("google/api-key", r"\bAIza[A-Za-z0-9_-]{35}", "cloud.google.com/docs/authentication/api-keys"),
    Rule("google/client-secret", r"\bGOCSPX-[A-Za-z0-9_-]{28}", _GITLEAKS),
    Rule("google/access-token", r"\bya29\.[A-Za-z0-9_-]{30,1000}", "cloud.google.com/docs/authentication/token-types"),
    Rule(
        "github/token",
        r"\bgh[pousr]_[A-Za-z0-9_]{36,251}",
        "github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available",
    ),
    Rule(
        "github/fine-grained-token",
        r"\bgithub_pat_[A-Za-z0-9_]{36,251}",
        "docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github",
    ),
    Rule(
        "gitlab/token",
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_.-]{20,300}",
        "docs.gitlab.com/security/tokens",
    ),
    Rule("slack/token", r"\bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}", "docs.slack.dev/authentication/tokens"),
    Rule("slack/app-token", r"\bxapp-[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[a-z0-9]{32,100}", _GITLEAKS),
    Rule(
        "slack/webhook",
        r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Z0-9]{8,14}/[A-Za-z0-9]{8,24}/[A-Za-z0-9/]{20,80})",
        "docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    ),
    Rule("stripe/key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,247}", "docs.stripe.com/keys"),
    Rule("stripe/webhook-secret", r"\bwhsec_[A-Za-z0-9+/]{24,128}={0,2}", "docs.stripe.com/webhooks"),
    Rule("openai/key", r"\bsk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{40,250}", _GITLEAKS),
    Rule("openai/legacy-key", r"\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b", _GITLEAKS),
    Rule("anthropic/key", r"\bsk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{60,200}", _GITLEAKS),
    Rule("hugging-face/token", r"\bhf_[A-Za-z0-9]{34,64}\b", "huggingface.co/docs/hub/security-tokens"),
    Rule("sendgrid/key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", _GITLEAKS),
    Rule("mailchimp/key", r"\b[0-9a-f]{32}-us[0-9]{1,2}\b", "mailchimp.com/developer/marketing/guides/quick-start"),
    Rule("npm/token", r"\bnpm_[A-Za-z0-9]{36}\b", "github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format"),
    Rule("python-index/token", r"\bpypi-AgEI[A-Za-z0-9_-]{50,500}", _GITLEAKS),
    Rule("digitalocean/token", r"\bdo[opr]_v1_[a-f0-9]{64}\b", _GITLEAKS),
    Rule("databricks/token", r"\bdapi[a-f0-9]{32}(?:-[0-9])?\b", _GITLEAKS),
    Rule("shopify/token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b", _GITLEAKS),
    Rule("square/token", r"\bsq0(?:atp|csp)-[A-Za-z0-9_-]{22,60}", _GITLEAKS),
    Rule("telegram/bot-token", r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b", "core.telegram.org/bots/features"),
    Rule(
        "vault/token",
        r"\bhv[sbr]\.[A-Za-z0-9_-]{24,300}",
        "developer.hashicorp.com/vault/docs/concepts/tokens",
    ),
    Rule("terraform/token", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}", _GITLEAKS),
    Rule("grafana/token", r"\bglsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}\b", _GITLEAKS),
    Rule("linear/key", r"\blin_api_[A-Za-z0-9]{40}\b", _GITLEAKS),
    Rule("new-relic/key", r"\bNRAK-[A-Z0-9]{27}\b", _GITLEAKS),
    Rule("age/secret-key", r"\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\b", "age-encryption.org/v1"),
    Rule("pem/private-key", _PEM_HEAD + _PEM_TEXT, "RFC 7468; RFC 9580 section 6.2", reach=16_384),
    Rule("pem/private-key-begun", _PEM_HEAD + r"[\s\\nr]*\z", "RFC 7468", at_end=True),
    Rule("putty/private-key", r"\bPuTTY-User-Key-File-[23]: [\s\S]{0,900}?Private-Lines: [0-9]{1,3}", _GITLEAKS),
    Rule(
        "jwt/signed-token",
        r"\beyJ[A-Za-z0-9_-]{10,800}\.eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?",
        "RFC 7519 section 3",
        reach=8192,
    ),
    Rule(
        "http/authorization",
        r"(?i)\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:basic|bearer) (?P<secret>[A-Za-z0-9+/._~-]{16,}=*)",
        "RFC 6750 section 2.1; RFC 7617 section 2",
        reach=8192,
    ),
    Rule(
        "uri/password",
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@\"'<>]{0,100}:(?P<secret>[^\s/@\"'<>]{4,200})@[A-Za-z0-9_\[.-]",
        "RFC 3986 section 3.2.1",
        fewest_distinct=2,
        placeholder=_STAND_IN,
    ),
    Rule(
        "connection-string/password",
        r"(?i)\b(?:server|data source|host|endpoint)=[^;\n]{1,120};(?:[^;\n]{1,120};){0,8}?\s?(?:password|pwd)=(?P<secret>[^;\s\"']{4,200})",
        "learn.microsoft.com/dotnet/framework/data/adonet/connection-string-syntax",
        fewest_distinct=2,
        placeholder=_STAND_IN,
    ),
)


@functools.cache
def secret_forms() -> RuleSet:
    """All forms, compiled once."""
    return RuleSet(FORMS)
