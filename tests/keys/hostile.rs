//! Keys that somebody else made: wrong, absurd, or for another curve.
use bulla::{ErrorKind, KdfCost, KeyKind, Passphrase, PrivateKey, PublicKey};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};

use crate::{all, pem_bytes, unasked};

#[derive(Sequence)]
struct Identifier<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct Info<'a> {
    algorithm: Identifier<'a>,
    key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct Rsa<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn public(oid: &str, parameters: &[u8], key: &[u8]) -> Result<KeyKind, ErrorKind> {
    let parameters = (!parameters.is_empty()).then(|| AnyRef::from_der(parameters).unwrap());
    let algorithm = Identifier { oid: ObjectIdentifier::new_unwrap(oid), parameters };
    let info = Info { algorithm, key: BitStringRef::from_bytes(key).unwrap() };
    let key = PublicKey::from_der(&info.to_der().unwrap());
    key.map(|key| key.kind()).map_err(|error| error.kind())
}

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const NULL: &[u8] = &[5, 0];
/// P-256 as parameters.
const P256: &[u8] = &[6, 8, 42, 134, 72, 206, 61, 3, 1, 7];

#[test]
fn rsa_keys_that_protect_nothing_are_refused() {
    let modulus = |bits: usize, last: u8| {
        let mut bytes = vec![0xb7; bits / 8];
        *bytes.last_mut().unwrap() = last;
        bytes
    };
    let rsa = |modulus: &[u8], exponent: &[u8]| {
        let (modulus, exponent) = (UintRef::new(modulus).unwrap(), UintRef::new(exponent).unwrap());
        public(RSA, NULL, &Rsa { modulus, exponent }.to_der().unwrap())
    };
    let f4 = &[1, 0, 1][..];
    assert_eq!(rsa(&modulus(2048, 1), f4), Ok(KeyKind::rsa(2048)));
    assert_eq!(rsa(&modulus(8192, 1), f4), Ok(KeyKind::rsa(8192)));
    for (modulus, exponent) in [
        (modulus(1024, 1), f4),
        (modulus(2040, 1), f4),
        (modulus(8200, 1), f4),
        (modulus(800_000, 1), f4),
        (modulus(2048, 2), f4),
        (modulus(2048, 1), &[1]),
        (modulus(2048, 1), &[2]),
        (modulus(2048, 1), &[1, 0, 0]),
        (modulus(2048, 1), &[0]),
    ] {
        assert_eq!(rsa(&modulus, exponent), Err(ErrorKind::Unsupported), "{} {exponent:?}", modulus.len());
    }
}

#[test]
fn points_that_are_not_on_their_curve_are_refused() {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let spki = key.public().as_der();
    let point = &spki[spki.len() - 65..];
    assert_eq!(public(EC, P256, point), Ok(KeyKind::P256));
    let mut off = point.to_vec();
    off[64] ^= 1;
    for bad in [&off[..], &[0], &[], &point[..64], &point[1..]] {
        assert_eq!(public(EC, P256, bad), Err(ErrorKind::Malformed), "{} bytes", bad.len());
    }
    // Another curve's length, no curve, a curve of one's own.
    let other = PrivateKey::generate(KeyKind::P384).unwrap();
    let longer = &other.public().as_der()[other.public().as_der().len() - 97..];
    assert_eq!(public(EC, P256, longer), Err(ErrorKind::Malformed));
    assert_eq!(public(EC, &[], point), Err(ErrorKind::Unsupported));
    assert_eq!(public(EC, &[0x30, 0], point), Err(ErrorKind::Unsupported));
}

#[test]
fn a_key_of_small_order_is_refused() {
    // The identity of Ed25519, and a point of order 2.
    let identity = [&[1][..], &[0; 31]].concat();
    let second = [&[0xec][..], &[0xff; 30], &[0x7f]].concat();
    for bad in [identity, second, vec![0xff; 32], vec![1; 31]] {
        assert_eq!(public("1.3.101.112", &[], &bad), Err(ErrorKind::Malformed), "{bad:?}");
    }
    // X25519: 0, 1, and p, which is 0 in a second form (RFC 7748 section 6.1).
    let p = [&[0xed][..], &[0xff; 30], &[0x7f]].concat();
    for bad in [vec![0; 32], [&[1][..], &[0; 31]].concat(), p, vec![9; 31], vec![9; 33]] {
        assert_eq!(public("1.3.101.110", &[], &bad), Err(ErrorKind::Malformed), "{bad:?}");
    }
    assert_eq!(public("1.3.101.110", &[], &[9; 32]), Ok(KeyKind::X25519));
}

#[test]
fn a_key_with_anything_after_it_or_missing_is_refused() {
    for key in all() {
        let der = key.public().as_der();
        for bad in [[der, &[0]].concat(), der[..der.len() - 1].to_vec(), der[1..].to_vec(), vec![]] {
            assert!(PublicKey::from_der(&bad).is_err(), "{}", key.kind());
        }
        let pem = key.expose_pem().unwrap();
        let private = pem_bytes(&pem);
        assert!(PrivateKey::from_der(&private, unasked).is_ok());
        for bad in [[&private[..], &[0]].concat(), private[..private.len() - 1].to_vec()] {
            assert!(PrivateKey::from_der(&bad, unasked_or_wrong).is_err(), "{}", key.kind());
        }
    }
}

#[test]
fn a_private_key_whose_parts_do_not_agree_is_refused() {
    let (one, other) =
        (PrivateKey::generate(KeyKind::P256).unwrap(), PrivateKey::generate(KeyKind::P256).unwrap());
    let private = pem_bytes(&one.expose_pem().unwrap());
    let (own, foreign) = (one.public().as_der(), other.public().as_der());
    let at = private.len() - 65;
    assert_eq!(&private[at..], &own[own.len() - 65..]);
    let mixed = [&private[..at], &foreign[foreign.len() - 65..]].concat();
    assert_eq!(PrivateKey::from_der(&mixed, unasked).err().unwrap().kind(), ErrorKind::Malformed);
}

#[test]
fn a_public_key_beside_a_private_one_is_compared_whole() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let private = pem_bytes(&key.expose_pem().unwrap());
    let (seed, public) = (&private[private.len() - 32..], &key.public().as_der()[12..]);
    let with = |public: &[u8]| {
        let algorithm = sequence(&[ObjectIdentifier::new_unwrap("1.3.101.112").to_der().unwrap()]);
        let bits = [&[0x81, u8::try_from(public.len()).unwrap() + 1, 0][..], public].concat();
        let info = sequence(&[integer(1), algorithm, octets(&octets(seed)), bits]);
        PrivateKey::from_der(&info, unasked).map(drop).map_err(|error| error.kind())
    };
    assert_eq!(with(public), Ok(()));
    for part in [&public[31..], &public[1..], &[]] {
        assert_eq!(with(part), Err(ErrorKind::Malformed), "{part:02x?}");
    }
}

#[test]
fn absurd_figures_of_a_key_files_kdf_are_refused_before_work() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let passphrase = || Ok(Passphrase::new("x")?.cost(KdfCost::Low));
    let der = pem_bytes(&key.to_pem(&passphrase().unwrap()).unwrap());
    // 600 000 as it stands in the file.
    let figure = [2, 3, 9, 0x27, 0xc0];
    let at = der.windows(5).position(|five| five == figure).unwrap();
    let mut other = der.clone();
    other[at + 2..at + 5].copy_from_slice(&[10, 0, 0]);
    assert!(PrivateKey::from_der(&der, passphrase).is_ok());
    assert_eq!(PrivateKey::from_der(&other, passphrase).err().unwrap().kind(), ErrorKind::NoKeyFits);
    let absurd = der_with_iterations(2_147_483_647);
    assert_eq!(PrivateKey::from_der(&absurd, passphrase).err().unwrap().kind(), ErrorKind::OverLimit);
    for (n, r, p) in
        [(1 << 24, 8, 1), (1 << 20, 8, 1000), (1 << 20, 65_535, 1), (2, 3, 65_535), (4, 1, 65_535)]
    {
        let kind = PrivateKey::from_der(&der_with_scrypt(n, r, p), passphrase).err().unwrap().kind();
        assert_eq!(kind, ErrorKind::OverLimit, "{n} {r} {p}");
    }
}

fn der_with_iterations(iterations: u32) -> Vec<u8> {
    let kdf = sequence(&[octets(&[7; 16]), integer(iterations.into())]);
    sealed("1.2.840.113549.1.5.12", kdf)
}

fn der_with_scrypt(n: u64, r: u64, p: u64) -> Vec<u8> {
    let kdf = sequence(&[octets(&[7; 16]), integer(n), integer(r), integer(p)]);
    sealed("1.3.6.1.4.1.11591.4.11", kdf)
}

/// EncryptedPrivateKeyInfo with PBES2 (RFC 8018 appendix A.4), AES-256-CBC and nothing that opens.
fn sealed(kdf: &str, parameters: Vec<u8>) -> Vec<u8> {
    let oid = |text: &str| ObjectIdentifier::new_unwrap(text).to_der().unwrap();
    let kdf = sequence(&[oid(kdf), parameters]);
    let cipher = sequence(&[oid("2.16.840.1.101.3.4.1.42"), octets(&[8; 16])]);
    let pbes2 = sequence(&[oid("1.2.840.113549.1.5.13"), sequence(&[kdf, cipher])]);
    sequence(&[pbes2, octets(&[9; 64])])
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    let inside = parts.concat();
    let length = u8::try_from(inside.len()).unwrap();
    let head = if length < 128 { vec![0x30, length] } else { vec![0x30, 0x81, length] };
    [head, inside].concat()
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    OctetStringRef::new(bytes).unwrap().to_der().unwrap()
}

fn integer(value: u64) -> Vec<u8> {
    value.to_der().unwrap()
}

fn unasked_or_wrong() -> bulla::Result<Passphrase> {
    Passphrase::new("wrong")
}
