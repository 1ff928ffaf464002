//! DSA, which is only read: openssl's and pyca's keys, and what openssl signed.
use bulla::legacy::DsaPublicKey;
use bulla::{ErrorKind, KeyKind, PrivateKey, PublicKey};

use super::openssl::Openssl;
use crate::{pyca, unasked};

#[test]
fn we_check_what_openssl_signed_with_dsa() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.write("message", "an old message");
    for (bits, q) in [(1024, 160), (1024, 224), (2048, 224), (2048, 256)] {
        let sizes = format!("-pkeyopt dsa_paramgen_bits:{bits} -pkeyopt dsa_paramgen_q_bits:{q}");
        openssl.run(&format!("genpkey -genparam -algorithm DSA {sizes} -out parameters.pem"));
        openssl.run("genpkey -paramfile parameters.pem -out key.pem");
        openssl.run("pkey -in key.pem -pubout -out public.pem");
        let text = std::fs::read_to_string(openssl.at("public.pem")).unwrap();
        let key = DsaPublicKey::from_pem(&text).unwrap();
        assert_eq!(key.kind().to_string(), format!("DSA {bits}"));
        assert_eq!(DsaPublicKey::from_der(key.as_der()).unwrap(), key);
        for hash in ["sha1", "sha224", "sha256"] {
            openssl.run(&format!("dgst -{hash} -sign key.pem -out signature message"));
            let signature = std::fs::read(openssl.at("signature")).unwrap();
            let message = key.verify_plain(b"an old message", &signature).unwrap();
            assert_eq!((message.get(), message.by()), (&b"an old message", &key), "{bits} {q} {hash}");
            let refused = [
                key.verify_plain(b"a new message", &signature).unwrap_err(),
                key.verify_plain(b"an old message", &signature[1..]).unwrap_err(),
                key.verify_plain(b"an old message", &[]).unwrap_err(),
                // r and s are 0.
                key.verify_plain(b"an old message", &[0x30, 6, 2, 1, 0, 2, 1, 0]).unwrap_err(),
            ];
            assert!(refused.iter().all(|error| error.kind() == ErrorKind::Unauthentic), "{refused:?}");
        }
        // MD5 is no hash of ours, nor is a longer one.
        openssl.run("dgst -sha512 -sign key.pem -out signature message");
        let signature = std::fs::read(openssl.at("signature")).unwrap();
        assert!(key.verify_plain(b"an old message", &signature).is_err());
        assert_eq!(PublicKey::from_pem(&text).unwrap_err().kind(), ErrorKind::Unsupported);
        let text = std::fs::read_to_string(openssl.at("key.pem")).unwrap();
        assert_eq!(PrivateKey::from_pem(&text, unasked).err().unwrap().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn the_dsa_keys_of_pyca_are_read() {
    let Some(root) = pyca::vectors("asymmetric") else { return };
    let der = |name: &str| DsaPublicKey::from_der(&std::fs::read(root.join(name)).unwrap());
    let pem = |name: &str| DsaPublicKey::from_pem(&std::fs::read_to_string(root.join(name)).unwrap());
    let key = der("DER_Serialization/dsa_public_key.der").unwrap();
    assert_eq!(key, pem("PEM_Serialization/dsa_public_key.pem").unwrap());
    assert_eq!(key.kind().to_string(), "DSA 2048");
    let short = pem("PKCS8/unenc-dsa-pkcs8.pub.pem").unwrap();
    assert_eq!(der("DER_Serialization/unenc-dsa-pkcs8.pub.der").unwrap().fingerprint(), short.fingerprint());
    assert_eq!(short.kind().to_string(), "DSA 1024");
    for bad in ["dsa_public_key_invalid_bit_string.der", "dsa_public_key_no_params.der"] {
        let refused = der(&format!("DER_Serialization/{bad}")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Malformed, "{bad}");
    }
}

#[test]
fn a_dsa_key_is_no_other_key() {
    let other = PrivateKey::generate(KeyKind::P256).unwrap();
    let refused = DsaPublicKey::from_pem(&other.public().to_pem()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(refused.to_string().contains("it is P-256, and not DSA"), "{refused}");
    assert_eq!(DsaPublicKey::from_pem("").unwrap_err().kind(), ErrorKind::Malformed);
}
