"""Others can verify service account tokens by the OpenID documents."""

import base64
import json
from pathlib import Path
from typing import Any

import requests
import yaml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from mockapi.cluster import MockCluster

TOKEN = "/api/v1/namespaces/default/serviceaccounts/default/token"


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verified(token: str, key: dict[str, Any]) -> dict[str, Any]:
    """The claims; raises InvalidSignature."""
    signed, _, signature = token.rpartition(".")
    x, y = (int.from_bytes(_bytes(key[name]), "big") for name in ("x", "y"))
    raw = _bytes(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    der = utils.encode_dss_signature(r, s)
    public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = json.loads(_bytes(signed.partition(".")[2]))
    return claims


def test_a_token_is_verified_by_the_key_that_discovery_leads_to() -> None:
    with MockCluster(nodes=0) as cluster:
        token = requests.post(cluster.url + TOKEN, json={"spec": {}}).json()["status"]["token"]
        said = requests.get(f"{cluster.url}/.well-known/openid-configuration").json()
        (key,) = requests.get(said["jwks_uri"]).json()["keys"]
    head = json.loads(_bytes(token.partition(".")[0]))
    assert (head["kid"], head["alg"]) == (key["kid"], key["alg"])
    assert said["id_token_signing_alg_values_supported"] == [key["alg"]]
    assert _verified(token, key)["iss"] == said["issuer"]


def test_rbac_lets_service_accounts_read_the_documents_and_nobody_else() -> None:
    with MockCluster(authorization="RBAC", nodes=0) as cluster:
        path = f"{cluster.url}/openid/v1/jwks"
        user = yaml.safe_load(Path(cluster.kubeconfig).read_text())["users"][0]["user"]
        token = user["token"]
        admin = {"Authorization": f"Bearer {token}"}
        made = requests.post(cluster.url + TOKEN, json={"spec": {}}, headers=admin).json()
        account = {"Authorization": f"Bearer {made['status']['token']}"}
        codes = [requests.get(path, headers=who).status_code for who in (admin, account, {})]
    assert codes == [200, 200, 403]
