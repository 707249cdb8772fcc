"""Names of users and groups that Kubernetes gives out itself. Source: apiserver
pkg/authentication/user, pkg/authentication/serviceaccount."""

from typing import Final

AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
ANONYMOUS: Final = "system:anonymous"
NODE: Final = "system:node:"
"""Begins a node's name, as ACCOUNT does that of a service account."""
ACCOUNT: Final = "system:serviceaccount:"
_ACCOUNTS: Final = "system:serviceaccounts"


def account_name(namespace: str, name: str) -> str:
    return f"{ACCOUNT}{namespace}:{name}"


def account_groups(namespace: str) -> tuple[str, ...]:
    return (_ACCOUNTS, f"{_ACCOUNTS}:{namespace}")
