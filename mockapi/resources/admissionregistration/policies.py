"""Admission policies, mutating and validating, and their bindings."""

from mockapi.machinery.resource import Strategy

MUTATING_ADMISSION_POLICY = Strategy(
    group="admissionregistration.k8s.io",
    kind="MutatingAdmissionPolicy",
    has_generation=True,
    unconditional_update=False,
)
MUTATING_ADMISSION_POLICY_BINDING = Strategy(
    group="admissionregistration.k8s.io",
    kind="MutatingAdmissionPolicyBinding",
    has_generation=True,
    unconditional_update=False,
)
VALIDATING_ADMISSION_POLICY = Strategy(
    group="admissionregistration.k8s.io",
    kind="ValidatingAdmissionPolicy",
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
VALIDATING_ADMISSION_POLICY_BINDING = Strategy(
    group="admissionregistration.k8s.io",
    kind="ValidatingAdmissionPolicyBinding",
    has_generation=True,
    unconditional_update=False,
)
