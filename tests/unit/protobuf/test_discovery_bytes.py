"""The legacy group's discovery in protobuf: the one body that names no version."""

from mockapi.machinery.protobuf import encode_tree

# As kube-apiserver 1.37.2 answers GET /api with Accept: application/vnd.kubernetes.protobuf.
VERSIONS = (
    b"k8s\0\n\x0f\n\0\x12\x0bAPIVersions"
    b'\x12!\n\x02v1\x12\x1b\n\t0.0.0.0/0\x12\x0e192.0.2.2:6443\x1a\0"\0'
)


def test_the_legacy_versions_are_written_without_a_version() -> None:
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "192.0.2.2:6443"}
    tree = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}
    assert encode_tree(tree) == VERSIONS
