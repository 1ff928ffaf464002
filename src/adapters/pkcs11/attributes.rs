//! Public keys as a token tells them: in attributes of keys, or in certificates.
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef, PrintableStringRef, UintRef};
use der::{Decode, Encode};
use spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo};

use super::errors::{from_token, no_such, nonsense};
use crate::x509::Certificate;
use crate::{PublicKey, Result};

/// rsaEncryption (RFC 3279 section 2.3.1) and id-ecPublicKey (RFC 5480 section 2.1.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// X25519 and Ed25519 (RFC 8410 section 3), which PKCS #11 names by their curves, too.
const NAMED: [(&str, ObjectIdentifier); 2] = [
    ("curve25519", ObjectIdentifier::new_unwrap("1.3.101.110")),
    ("edwards25519", ObjectIdentifier::new_unwrap("1.3.101.112")),
];

/// The public half of a private key.
pub(super) fn public_key(session: &Session, private: ObjectHandle) -> Result<PublicKey> {
    if let Some(key) = from_key(session, private)? {
        return Ok(key);
    }
    let id = session.get_attributes(private, &[AttributeType::Id]).map_err(from_token)?;
    let Some(Attribute::Id(id)) = id.into_iter().next().filter(|id| *id != Attribute::Id(Vec::new())) else {
        return Err(no_such(
            "the key on the token has no public half there, and no id to find one by".to_owned(),
        ));
    };
    let with_id = |class| {
        session.find_objects(&[Attribute::Class(class), Attribute::Id(id.clone())]).map_err(from_token)
    };
    for public in with_id(ObjectClass::PUBLIC_KEY)? {
        if let Some(key) = from_key(session, public)? {
            return Ok(key);
        }
    }
    for certificate in with_id(ObjectClass::CERTIFICATE)? {
        let value = session.get_attributes(certificate, &[AttributeType::Value]).map_err(from_token)?;
        if let Some(Attribute::Value(der)) = value.first() {
            return Certificate::from_der(der)?.public_key();
        }
    }
    Err(no_such("the public half of the key is not on the token".to_owned()))
}

/// What a key object says of the public key: private ones of RSA say it, too.
fn from_key(session: &Session, key: ObjectHandle) -> Result<Option<PublicKey>> {
    let wanted = [
        AttributeType::Modulus,
        AttributeType::PublicExponent,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let (mut modulus, mut exponent, mut curve, mut point) = (None, None, None, None);
    for attribute in session.get_attributes(key, &wanted).map_err(from_token)? {
        match attribute {
            Attribute::Modulus(number) => modulus = Some(number),
            Attribute::PublicExponent(number) => exponent = Some(number),
            Attribute::EcParams(der) => curve = Some(der),
            Attribute::EcPoint(der) => point = Some(der).filter(|der| !der.is_empty()),
            _ => {}
        }
    }
    let info = match (modulus, exponent, curve, point) {
        (Some(modulus), Some(exponent), ..) if !exponent.is_empty() => rsa(&modulus, &exponent),
        (_, _, Some(curve), Some(point)) => elliptic(&curve, &point),
        _ => return Ok(None),
    };
    PublicKey::from_der(&info.map_err(|_| nonsense("attributes that make no public key"))?).map(Some)
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    let (modulus, public_exponent) = (UintRef::new(modulus)?, UintRef::new(exponent)?);
    let key = pkcs1::RsaPublicKeyRef { modulus, public_exponent }.to_der()?;
    info(RSA, Some(AnyRef::NULL), &key)
}

/// From `CKA_EC_PARAMS`, a curve's identifier or name, and `CKA_EC_POINT`, a point in an OCTET STRING.
fn elliptic(curve: &[u8], point: &[u8]) -> der::Result<Vec<u8>> {
    // Some tokens leave the OCTET STRING out.
    let bare = <&OctetStringRef>::from_der(point).map_or(point, |inside| inside.as_bytes());
    if let Ok(name) = PrintableStringRef::from_der(curve) {
        let named = NAMED.iter().find(|(own, _)| *own == name.as_str());
        let (_, oid) = named.ok_or(der::ErrorKind::Failed)?;
        return info(*oid, None, bare);
    }
    let oid = ObjectIdentifier::from_der(curve)?;
    match NAMED.iter().find(|(_, own)| *own == oid) {
        Some(_) => info(oid, None, bare),
        None => info(EC, Some((&oid).into()), bare),
    }
}

fn info(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifier { oid, parameters };
    SubjectPublicKeyInfo { algorithm, subject_public_key: BitStringRef::from_bytes(key)? }.to_der()
}
