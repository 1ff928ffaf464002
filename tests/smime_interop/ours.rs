//! bulla itself, as one more peer, through its public API alone.
use bulla::smime::{
    Addressees, Encryption, Entity, Enveloped, Expect, Message, Opened, Opening, SharedKey, Signed, Signing,
    Trust, Verification,
};
use bulla::x509::{Certificate, Credential, Revocation, TrustAnchors};
use bulla::{Digest, Passphrase, SignatureAlgorithm};

use super::cells::{Cell, Cipher, Curve, Form, Hash, Scheme, Way};
use super::lab::{Desk, KEK_ID, Lab, PASSWORD, address, kek};
use super::peer::{Answer, Peer};

/// Who signs what is inside where the cipher has no tag: bulla writes no such mail without a signature.
pub(crate) const INSIDE: (Scheme, Form) = (Scheme::Ecdsa(Curve::P256, Hash::Sha256), Form::Detached);

pub(crate) struct Bulla {
    desk: Desk,
    anchors: TrustAnchors,
}

impl Bulla {
    pub(crate) fn new(lab: &Lab) -> Self {
        let anchors = TrustAnchors::from_pem(&lab.text("root.pem")).unwrap();
        Bulla { desk: Desk::of(lab), anchors }
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.desk.at(name)).unwrap()
    }

    fn certificate(&self, who: &str) -> Certificate {
        Certificate::from_pem(&self.text(&format!("{who}.pem"))).unwrap()
    }

    pub(crate) fn credential(&self, who: &str) -> Credential {
        let none = || Err(std::io::Error::other("nothing is sealed here").into());
        Credential::from_pem(&self.text(&format!("{who}.pem")), &self.text(&format!("{who}.key")), none)
            .unwrap()
    }

    /// What has nothing to show that it was not changed.
    pub(crate) fn open_as_of_old(&self, whom: &str, mail: &[u8], legacy: bool) -> Answer {
        let credential = self.credential(whom);
        let opening = Opening::with(&credential);
        let opening = if legacy { opening.legacy() } else { opening };
        match said(opening.bytes(mail))? {
            Opened::Malleable(malleable) => Ok(malleable.dangerous_into_bytes()),
            other => Err(format!("it came out as {other:?}")),
        }
    }

    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust::new(&self.anchors, Revocation::Off)
    }
}

pub(crate) fn shared_key(bits: u32) -> SharedKey {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap())
            .collect()
    };
    SharedKey::new(&bytes(KEK_ID), &bytes(&kek(bits))).unwrap()
}

fn said<T>(result: bulla::Result<T>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

impl Peer for Bulla {
    fn name(&self) -> &'static str {
        "bulla"
    }

    fn makes(&self, cell: Cell) -> bool {
        match cell {
            // The hash follows from the key.
            Cell::Signed(scheme, _) => match scheme {
                Scheme::RsaPkcs1(hash) | Scheme::RsaPss(hash) => hash == Hash::Sha256,
                Scheme::Ecdsa(curve, hash) => {
                    matches!(
                        (curve, hash),
                        (Curve::P256, Hash::Sha256)
                            | (Curve::P384, Hash::Sha384)
                            | (Curve::P521, Hash::Sha512)
                    )
                }
                Scheme::Ed25519 | Scheme::MlDsa(_) => true,
                Scheme::RsaPssLong(_) | Scheme::EcdsaByKeyId => false,
            },
            // The padding follows from the cipher.
            Cell::Sealed(cipher, way) => match (cipher, way) {
                (Cipher::Gcm(256), Way::Oaep(hash)) => hash == Hash::Sha256,
                (Cipher::Cbc(256), Way::RsaPkcs1) => true,
                (
                    Cipher::Gcm(256) | Cipher::Cbc(256),
                    Way::Ecdh(Curve::P256, Hash::Sha256)
                    | Way::Ecdh(Curve::P384 | Curve::P521, _)
                    | Way::X25519Hkdf
                    | Way::MlKem(_)
                    | Way::Kek(_)
                    | Way::Password(Hash::Sha256),
                ) => true,
                _ => false,
            },
            Cell::Compressed => false,
        }
    }

    fn takes(&self, _cell: Cell) -> bool {
        true
    }

    fn sign(&mut self, scheme: Scheme, form: Form, content: &[u8]) -> Answer {
        let credential = self.credential(scheme.who());
        let mut signing = Signing::by(&credential);
        if form == Form::Opaque {
            signing = signing.opaque();
        }
        if matches!(scheme, Scheme::RsaPss(_)) {
            signing = signing.modern();
        }
        let signed = Entity::parse(content).and_then(|entity| signing.entity(&entity));
        said(signed.map(Signed::into_bytes))
    }

    fn verify(&mut self, scheme: Scheme, form: Form, mail: &[u8]) -> Answer {
        let (trust, signer) = (self.trust(), address(scheme.who()).parse().unwrap());
        let verified = said(Verification::new(&trust, Expect::Address(&signer)).bytes(mail))?;
        let by = verified.by().algorithm();
        let is_detached = mail.windows(16).any(|window| window == b"multipart/signed");
        if is_detached != (form == Form::Detached) || !is_by(scheme, by) {
            return Err(format!("it is signed in another way: {by}"));
        }
        Ok(verified.into_inner().into_bytes())
    }

    fn encrypt(&mut self, cipher: Cipher, way: Way, content: &[u8]) -> Answer {
        let passphrase = Passphrase::new(PASSWORD).unwrap();
        let key = if let Way::Kek(bits) = way { Some(shared_key(bits)) } else { None };
        let to = match way.whom() {
            Some(who) => {
                let address = address(who).parse().unwrap();
                said(Addressees::one(&self.certificate(who), &address, &self.trust()))?.modern()
            }
            None => key.as_ref().map_or_else(|| Addressees::passphrase(&passphrase), Addressees::key),
        };
        let entity = said(Entity::parse(content))?;
        let sealed = if cipher.has_tag() {
            entity.encrypt(&to)
        } else {
            let signed = self.sign(INSIDE.0, INSIDE.1, content)?;
            Encryption::to(&to).compat().entity(&said(Entity::parse(signed))?)
        };
        said(sealed.map(Enveloped::into_bytes))
    }

    fn decrypt(&mut self, cipher: Cipher, way: Way, mail: &[u8]) -> Answer {
        let passphrase = Passphrase::new(PASSWORD).unwrap();
        let key = if let Way::Kek(bits) = way { Some(shared_key(bits)) } else { None };
        let credential = way.whom().map(|who| self.credential(who));
        let opening = match (&credential, &key) {
            (Some(credential), _) => Opening::with(credential),
            (None, Some(key)) => Opening::with_key(key),
            (None, None) => Opening::with_passphrase(&passphrase),
        };
        match said(opening.bytes(mail))? {
            Opened::Plain(entity) if cipher.has_tag() => Ok(entity.into_bytes()),
            Opened::Malleable(malleable) if !cipher.has_tag() => Ok(malleable.dangerous_into_bytes()),
            other => Err(format!("it came out as {other:?}")),
        }
    }

    fn expand(&mut self, mail: &[u8]) -> Answer {
        match said(Message::parse(mail))? {
            Message::Compressed(compressed) => said(compressed.decompress()).map(Entity::into_bytes),
            other => Err(format!("it is {other:?}")),
        }
    }

    fn signs_inside(&self, cell: Cell) -> Option<(Scheme, Form)> {
        matches!(cell, Cell::Sealed(Cipher::Cbc(_), _)).then_some(INSIDE)
    }
}

/// Whether a signature was made in this way.
fn is_by(scheme: Scheme, algorithm: SignatureAlgorithm) -> bool {
    let digest = match scheme.hash() {
        Hash::Sha1 => Digest::Sha1,
        Hash::Sha256 => Digest::Sha256,
        Hash::Sha384 => Digest::Sha384,
        Hash::Sha512 => Digest::Sha512,
    };
    match (scheme, algorithm) {
        (Scheme::RsaPkcs1(_), SignatureAlgorithm::RsaPkcs1(found))
        | (Scheme::RsaPss(_) | Scheme::RsaPssLong(_), SignatureAlgorithm::RsaPss { digest: found, .. })
        | (Scheme::Ecdsa(..) | Scheme::EcdsaByKeyId, SignatureAlgorithm::Ecdsa(found)) => found == digest,
        (Scheme::Ed25519, SignatureAlgorithm::Ed25519)
        | (Scheme::MlDsa(44), SignatureAlgorithm::MlDsa44)
        | (Scheme::MlDsa(65), SignatureAlgorithm::MlDsa65)
        | (Scheme::MlDsa(87), SignatureAlgorithm::MlDsa87) => true,
        _ => false,
    }
}
