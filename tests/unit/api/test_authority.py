"""The cluster's authority: a certificate that libraries accept, and what it signs."""

import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mockapi.api.certificates import Authority
from mockapi.base import selfsigned


def test_its_certificate_is_valid_and_its_own() -> None:
    now = time.time()
    made = selfsigned.authority("kubernetes", now - 60, now + 86400)
    found = x509.load_pem_x509_certificate(made.pem.encode())
    found.verify_directly_issued_by(found)
    assert found.subject.rfc4514_string() == "CN=kubernetes"
    assert found.public_key() == ec.derive_private_key(made.key, ec.SECP256R1()).public_key()
    basic = found.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca) == (True, True)


@pytest.mark.parametrize("end", [2524607999, 2524608000, 4e9])
def test_its_end_may_lie_beyond_the_years_of_two_digits(end: float) -> None:
    found = x509.load_pem_x509_certificate(selfsigned.authority("kubernetes", 0, end).pem.encode())
    assert found.not_valid_before_utc.timestamp() == 0
    assert found.not_valid_after_utc.timestamp() == end


def test_it_signs_a_request_with_the_usages_that_were_asked_for() -> None:
    now = float(int(time.time()))
    authority = Authority(selfsigned.authority("kubernetes", now - 60, now + 86400))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM)
    signed = authority.sign(pem, ["client auth", "digital signature"], now, now + 3600)
    found = x509.load_pem_x509_certificate(signed)
    found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    extended = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert found.subject == name
    assert found.not_valid_after_utc.timestamp() == now + 3600
    assert (usage.digital_signature, usage.key_encipherment) == (True, False)
    assert list(extended) == [ExtendedKeyUsageOID.CLIENT_AUTH]
