"""Rules for metadata.name: (name, is a generateName prefix) -> details."""

from collections.abc import Callable

from mockapi.machinery.validation import formats

NameRule = Callable[[str, bool], list[str]]


def _mask_trailing_dash(name: str) -> str:
    """A prefix may end in a dash. (The real one drops two characters for one, kept as it is.)"""
    return f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name


def _rule(judge: Callable[[str], list[str]]) -> NameRule:
    def rule(name: str, prefix: bool) -> list[str]:
        return judge(_mask_trailing_dash(name) if prefix else name)

    return rule


dns_subdomain: NameRule = _rule(formats.dns1123_subdomain)
dns_label: NameRule = _rule(formats.dns1123_label)
dns_1035_label: NameRule = _rule(formats.dns1035_label)
path_segment: NameRule = formats.path_segment


def stateful_set(name: str, prefix: bool) -> list[str]:
    """Pods get a suffix and a revision label, so the rule is the label's."""
    return dns_label(name, prefix)


def anything(name: str, prefix: bool) -> list[str]:
    return []


def cluster_trust_bundle(signer_name: str) -> NameRule:
    """Bundles of a signer are named `<signer with : for />:<name>`."""
    required = signer_name.replace("/", ":") + ":"

    def rule(name: str, prefix: bool) -> list[str]:
        if not signer_name:
            if ":" in name:
                return ['ClusterTrustBundle without signer name must not have ":" in its name']
            return dns_subdomain(name, prefix)
        if not name.startswith(required):
            return [
                f"ClusterTrustBundle for signerName {signer_name} must be named with prefix "
                f"{required}"
            ]
        return dns_subdomain(name.removeprefix(required), prefix)

    return rule


def long_name(name: str, prefix: bool) -> list[str]:
    """The newer kinds judge the name that was made, never the prefix."""
    return [] if prefix else formats.long_name(name)
