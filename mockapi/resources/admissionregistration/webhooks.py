"""MutatingWebhookConfiguration, ValidatingWebhookConfiguration."""

from mockapi.machinery.resource import Strategy

MUTATING_WEBHOOK_CONFIGURATION = Strategy(
    group="admissionregistration.k8s.io",
    kind="MutatingWebhookConfiguration",
    has_generation=True,
    unconditional_update=False,
)
VALIDATING_WEBHOOK_CONFIGURATION = Strategy(
    group="admissionregistration.k8s.io",
    kind="ValidatingWebhookConfiguration",
    has_generation=True,
    unconditional_update=False,
)
