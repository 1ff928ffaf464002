"""Python's `cryptography` beside bulla: checks what bulla issued, and makes things for bulla to read.

peer.py check PURPOSE NAME    verifies PURPOSE.pem by middle.pem up to root.pem; prints the names that it found
peer.py requests              reads ours.csr, and writes theirs.csr and theirs.key
peer.py leaf                  issues leaf.pem by root.key, which signs as its kind does
"""
import datetime
import ipaddress
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.x509 import verification


def certificate(name):
    with open(f"{name}.pem", "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def check(purpose, name):
    leaf, middle, root = certificate(purpose), certificate("middle"), certificate("root")
    for issued, issuer in [(leaf, middle), (middle, root), (root, root)]:
        issued.verify_directly_issued_by(issuer)
    builder = verification.PolicyBuilder().store(verification.Store([root]))
    if purpose == "server":
        try:
            subject = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            subject = x509.DNSName(name)
        chain = builder.build_server_verifier(subject).verify(leaf, [middle])
    else:
        # Its verifier for clients wants an alternative name, which clients need not have.
        chain = [leaf, middle, root]
    assert len(chain) == 3
    for extension in leaf.extensions:
        print(extension.value)


def requests():
    with open("ours.csr", "rb") as file:
        ours = x509.load_pem_x509_csr(file.read())
    assert ours.is_signature_valid
    print(ours.subject.rfc4514_string())
    print(ours.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    key = ec.generate_private_key(ec.SECP384R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name.from_rfc4514_string("CN=Bob,O=Example"))
    names = [x509.RFC822Name("bob@example.org"), x509.DNSName("www.example.org")]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"password")
    with open("theirs.csr", "wb") as file:
        file.write(builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.DER))


def leaf():
    with open("root.key", "rb") as file:
        signer = serialization.load_pem_private_key(file.read(), None)
    hashed = hashes.SHA256() if isinstance(signer, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)) else None
    # A key of the signer's kind, where that is a post-quantum one.
    kinds = [mldsa.MLDSA44PrivateKey, mldsa.MLDSA65PrivateKey, mldsa.MLDSA87PrivateKey]
    own = next((kind for kind in kinds if isinstance(signer, kind)), ed25519.Ed25519PrivateKey).generate
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=Bob"))
        .issuer_name(certificate("root").subject)
        .public_key(own().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name("bob@example.org")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=True)
    )
    with open("leaf.pem", "wb") as file:
        file.write(builder.sign(signer, hashed).public_bytes(serialization.Encoding.PEM))


if __name__ == "__main__":
    {"check": check, "requests": requests, "leaf": leaf}[sys.argv[1]](*sys.argv[2:])
