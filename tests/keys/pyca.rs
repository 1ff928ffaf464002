//! The key files of Python's `cryptography`: each is read right or refused, and those refused stand here with the reason.
use std::collections::BTreeSet;
use std::path::Path;

use bulla::{ErrorKind, Passphrase, PrivateKey, PublicKey};

use crate::pyca;

const FOLDERS: [&str; 10] = [
    "PKCS8",
    "PEM_Serialization",
    "DER_Serialization",
    "MLDSA",
    "MLKEM",
    "X25519",
    "Ed25519",
    "EC",
    "Traditional_OpenSSL_Serialization",
    "public/PKCS1",
];

/// Those that the tests of `cryptography` use.
const PASSPHRASES: [&str; 7] = ["123456", "foobar", "password", "baz", "a123456", "hunter42", "PolarSSLTest"];

/// Files of one key each, private or public, and its kind.
const READ: &[(&str, &str)] = &[
    (
        "P-256",
        "PKCS8/ec_private_key.pem PKCS8/ec_private_key_encrypted.pem PKCS8/ec-consistent-curve.pem \
         PEM_Serialization/ec_private_key.pem PEM_Serialization/ec_public_key.pem \
         DER_Serialization/ec_private_key.der DER_Serialization/ec_private_key_encrypted.der \
         DER_Serialization/ec_public_key.der",
    ),
    ("P-256", "PKCS8/ecc_private_with_rfc5915_ext.pem"),
    ("P-256", "EC/high-bit-set.pem"),
    ("RSA 2048", "PKCS8/rsa-aes-192-cbc.pem"),
    ("RSA 2048", "PEM_Serialization/rsa_public_key.pem DER_Serialization/rsa_public_key.der"),
    ("RSA 2048", "DER_Serialization/testrsa.der Traditional_OpenSSL_Serialization/testrsa.pem"),
    ("ML-DSA-44", "MLDSA/mldsa44_priv.der MLDSA/mldsa44_pub.der"),
    ("ML-DSA-65", "MLDSA/mldsa65_noseed_priv.der"),
    ("ML-KEM-768", "MLKEM/mlkem768.der MLKEM/mlkem768.pem"),
    (
        "X25519",
        "X25519/x25519-pkcs8-enc.der X25519/x25519-pkcs8-enc.pem X25519/x25519-pkcs8.der \
         X25519/x25519-pkcs8.pem X25519/x25519-pub.der X25519/x25519-pub.pem",
    ),
    (
        "Ed25519",
        "Ed25519/ed25519-pkcs8-enc.der Ed25519/ed25519-pkcs8-enc.pem Ed25519/ed25519-pkcs8.der \
         Ed25519/ed25519-pkcs8.pem Ed25519/ed25519-pub.der Ed25519/ed25519-pub.pem",
    ),
    ("Ed25519", "PKCS8/ed25519-scrypt.pem"),
];

/// Why files are refused, how, and which.
const REFUSED: &[(&str, ErrorKind, &str)] = &[
    (
        "encrypted by PBES1, PKCS #12's ways, 3DES, RC2 or RC4, or by nothing that is known",
        ErrorKind::Unsupported,
        "PKCS8/bad-encryption-oid.pem PKCS8/enc-ec-sha1-128-rc4.pem PKCS8/enc-rsa-3des.pem \
         PKCS8/enc-rsa-pkcs8.pem PKCS8/enc-unknown-algorithm.pem PKCS8/enc-unknown-kdf.pem \
         PKCS8/enc-unknown-pbkdf2-prf.pem PKCS8/pkcs12_s2k_pem-X_9607.pem PKCS8/pkcs12_s2k_pem-X_9671.pem \
         PKCS8/pkcs12_s2k_pem-X_9925.pem PKCS8/pkcs12_s2k_pem-X_9926.pem PKCS8/pkcs12_s2k_pem-X_9927.pem \
         PKCS8/pkcs12_s2k_pem-X_9928.pem PKCS8/pkcs12_s2k_pem-X_9929.pem PKCS8/pkcs12_s2k_pem-X_9930.pem \
         PKCS8/pkcs12_s2k_pem-X_9931.pem PKCS8/pkcs12_s2k_pem-X_9932.pem PKCS8/rsa-40bitrc2.pem \
         PKCS8/rsa-pbe-3des-long-salt.pem PKCS8/rsa-pbewithmd5anddescbc.pem \
         PKCS8/rsa-rc2-cbc-effective-key-length.pem PKCS8/rsa-rc2-cbc.pem \
         PKCS8/rsa_pkcs8_pbes2_pbkdf2_2048_3des_sha224.pem PKCS8/rsa_pkcs8_pbes2_pbkdf2_2048_3des_sha384.pem \
         PKCS8/rsa_pkcs8_pbes2_pbkdf2_2048_3des_sha512.pem DER_Serialization/enc-rsa-pkcs8.der",
    ),
    (
        "encrypted in OpenSSL's old way",
        ErrorKind::Unsupported,
        "PEM_Serialization/dsa_private_key.pem PEM_Serialization/ec_private_key_encrypted.pem \
         PEM_Serialization/rsa_private_key.pem Traditional_OpenSSL_Serialization/key1-malformed-dek-info.pem \
         Traditional_OpenSSL_Serialization/key1-malformed-iv.pem \
         Traditional_OpenSSL_Serialization/key1-no-dek-info.pem \
         Traditional_OpenSSL_Serialization/key1-short-iv.pem Traditional_OpenSSL_Serialization/key1.pem \
         Traditional_OpenSSL_Serialization/key2.pem Traditional_OpenSSL_Serialization/testrsa-encrypted.pem",
    ),
    ("PBKDF2 with no iteration", ErrorKind::Malformed, "PKCS8/enc-rsa-pkcs8-pbkdf2-0iter.pem"),
    (
        "RSA of 1024 bits",
        ErrorKind::Unsupported,
        "PKCS8/enc2-rsa-pkcs8.pem PKCS8/unenc-rsa-pkcs8.pem PKCS8/unenc-rsa-pkcs8.pub.pem \
         DER_Serialization/enc2-rsa-pkcs8.der DER_Serialization/unenc-rsa-pkcs8.der \
         DER_Serialization/unenc-rsa-pkcs8.pub.der public/PKCS1/rsa.pub.pem",
    ),
    (
        "RSA for PSS alone (RFC 4055 section 3)",
        ErrorKind::Unsupported,
        "PKCS8/rsa_pss_2048.pem PKCS8/rsa_pss_2048_hash.pem PKCS8/rsa_pss_2048_hash_mask.pem \
         PKCS8/rsa_pss_2048_hash_mask_diff.pem PKCS8/rsa_pss_2048_hash_mask_salt.pem \
         PKCS8/rsa_pss_2048_pub.der",
    ),
    (
        "DSA, or a kind that nobody knows",
        ErrorKind::Unsupported,
        "PKCS8/bad-oid-dsa-key.pem PKCS8/unenc-dsa-pkcs8.pem PKCS8/unenc-dsa-pkcs8.pub.pem \
         PKCS8/unknown-oid.der PEM_Serialization/dsa_4096.pem PEM_Serialization/dsa_public_key.pem \
         DER_Serialization/dsa_public_key.der DER_Serialization/dsa_public_key_invalid_bit_string.der \
         DER_Serialization/dsa_public_key_no_params.der DER_Serialization/unenc-dsa-pkcs8.der \
         DER_Serialization/unenc-dsa-pkcs8.pub.der Traditional_OpenSSL_Serialization/dsa-wrong-version.pem \
         Traditional_OpenSSL_Serialization/dsa.1024.pem Traditional_OpenSSL_Serialization/dsa.2048.pem \
         Traditional_OpenSSL_Serialization/dsa.3072.pem",
    ),
    (
        "no key, or DSA in a form that says nothing of it",
        ErrorKind::Malformed,
        "PEM_Serialization/dsaparam.pem DER_Serialization/dsa.1024.der DER_Serialization/dsa.2048.der \
         DER_Serialization/dsa.3072.der public/PKCS1/dsa.pub.pem public/PKCS1/rsa.pub.der",
    ),
    (
        "another curve, no curve, or one that is spelled out",
        ErrorKind::Unsupported,
        "PKCS8/ec_oid_not_in_reg_private_2.pkcs8.pem PKCS8/nodompar_private.pkcs8.pem PKCS8/private.pem \
         PKCS8/withdompar_private.pkcs8.pem EC/ec-missing-curve.pem EC/secp128r1_private_key.pem \
         EC/secp256k1-explicit-no-seed.pem EC/secp256k1-pub-explicit-no-seed.pem \
         EC/secp256r1-explicit-no-seed.pem EC/secp256r1-explicit-seed.pem \
         EC/secp256r1-pub-explicit-no-seed.pem EC/secp256r1-pub-explicit-seed.pem \
         EC/secp384r1-explicit-no-seed.pem EC/secp384r1-explicit-seed.pem \
         EC/secp384r1-pub-explicit-no-seed.pem EC/secp384r1-pub-explicit-seed.pem \
         EC/secp521r1-explicit-no-seed.pem EC/secp521r1-explicit-seed.pem \
         EC/secp521r1-pub-explicit-no-seed.pem EC/secp521r1-pub-explicit-seed.pem EC/sect163k1-spki.pem \
         EC/sect163r2-spki.pem EC/sect233k1-spki.pem EC/sect233r1-spki.pem",
    ),
    (
        "one that is spelled out, outside PKCS #8",
        ErrorKind::Malformed,
        "EC/explicit_parameters_private_key.pem \
         EC/explicit_parameters_wap_wsg_idm_ecid_wtls11_private_key.pem",
    ),
    (
        "parts that do not agree, numbers out of range, or a version that there is not",
        ErrorKind::Malformed,
        "PKCS8/ec-inconsistent-curve.pem PKCS8/ec-inconsistent-curve2.pem PKCS8/ec-invalid-private-scalar.pem \
         PKCS8/ec-invalid-version.pem PKCS8/invalid-version.der PEM_Serialization/rsa-bad-1025-q-is-2.pem \
         Traditional_OpenSSL_Serialization/rsa-wrong-version.pem",
    ),
    (
        "bits left over, or bytes missing",
        ErrorKind::Malformed,
        "Ed25519/ed25519-pub-non-zero-unused-bits.der EC/ec_private_key_non_zero_unused_bits.der \
         EC/truncated-private-key.der",
    ),
    (
        "a label that says something else",
        ErrorKind::Malformed,
        "PKCS8/wrong-pem-delimiter-rsa.pem PEM_Serialization/ec_public_key_rsa_delimiter.pem \
         PEM_Serialization/rsa_wrong_delimiter_public_key.pem",
    ),
];

/// The public half of the key in a file, private or public.
fn read(file: &Path) -> Result<PublicKey, ErrorKind> {
    let bytes = std::fs::read(file).unwrap();
    let text = file.extension().filter(|extension| *extension == "pem");
    let text = text.map(|_| std::str::from_utf8(&bytes).unwrap());
    let private = |passphrase| {
        let ask = || Passphrase::new(passphrase);
        text.map_or_else(|| PrivateKey::from_der(&bytes, ask), |text| PrivateKey::from_pem(text, ask))
    };
    let mut tries =
        PASSPHRASES.into_iter().map(|passphrase| private(passphrase).map_err(|error| error.kind()));
    let private = tries.find(|result| !matches!(result, Err(ErrorKind::NoKeyFits))).unwrap();
    let public = text.map_or_else(|| PublicKey::from_der(&bytes), PublicKey::from_pem);
    match (private, public.map_err(|error| error.kind())) {
        (Ok(key), Err(_)) => {
            key.check().unwrap();
            Ok(key.public().clone())
        }
        (Err(ErrorKind::Malformed), public) => public,
        (Err(kind), Err(_)) => Err(kind),
        _ => panic!("{} is a private key and a public one", file.display()),
    }
}

#[test]
fn every_key_file_of_pyca_is_read_or_refused_as_told() {
    let Some(root) = pyca::vectors("asymmetric") else { return };
    let mut told = BTreeSet::new();
    for (kind, files) in READ {
        let keys: Vec<_> = files.split(' ').map(|file| (file, read(&root.join(file)))).collect();
        for (file, key) in &keys {
            let key = key.as_ref().unwrap_or_else(|error| panic!("{file}: {error:?}"));
            assert_eq!((key.kind().to_string(), Ok(key)), (kind.to_string(), keys[0].1.as_ref()), "{file}");
            assert!(told.insert(*file), "{file} stands here twice");
        }
    }
    for (reason, kind, files) in REFUSED {
        for file in files.split(' ') {
            let refused = read(&root.join(file)).map(|key| key.kind());
            assert_eq!(refused, Err(*kind), "{file}: {reason}");
            assert!(told.insert(file), "{file} stands here twice");
        }
    }
    for folder in FOLDERS {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let file = format!("{folder}/{name}");
            let is_key = name.ends_with(".pem") || name.ends_with(".der");
            assert_eq!(told.contains(file.as_str()), is_key, "{file}");
        }
    }
}
