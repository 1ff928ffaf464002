//! Mail with keys on a token: what is signed there verifies, and what is encrypted to them opens.
use bulla::adapters::pkcs11::Token;
use bulla::smime::{Addressees, Encryption, Entity, Expect, Opened, Opening, Signing, Trust};
use bulla::x509::{Authority, Certificate, Credential, EmailAddress, Revocation, TrustAnchors};
use bulla::{Digest, ErrorKind, KeyKind, PrivateKey, SignatureAlgorithm};
use cryptoki::object::Attribute;

use super::token::{Lab, in_a_token};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nDear Alice,\r\n";

/// A root, and keys that came into the token from bytes.
struct Office {
    root: Authority,
    anchors: TrustAnchors,
}

impl Office {
    fn new() -> Self {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let root = Authority::root(&"CN=Example Root".parse().unwrap(), key).unwrap();
        let anchors = TrustAnchors::new([root.certificate().clone()]).unwrap();
        Office { root, anchors }
    }

    fn trust(&self) -> Trust<'_> {
        Trust::new(&self.anchors, Revocation::IfGiven)
    }

    fn certificate(&self, key: &PrivateKey) -> Certificate {
        self.root.email(key.public(), &[bob()]).unwrap().sign().unwrap()
    }

    /// The key of that label, with a certificate.
    fn on_token(&self, token: &Token, label: &str) -> Credential {
        let key = token.key(label).unwrap();
        let certificate = self.certificate(&key);
        Credential::new(key, [certificate]).unwrap()
    }

    fn to(&self, whom: &Credential) -> Addressees<'static> {
        Addressees::one(whom.certificate(), &bob(), &self.trust()).unwrap()
    }

    fn verified(&self, signed: bulla::smime::Signed) -> SignatureAlgorithm {
        let verified = signed.verify(&self.trust(), Expect::Address(&bob())).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
        verified.by().algorithm()
    }
}

fn bob() -> EmailAddress {
    "bob@example.org".parse().unwrap()
}

fn letter() -> Entity {
    Entity::parse(CONTENT).unwrap()
}

fn import(lab: &Lab, kind: KeyKind, label: &str, id: u8) {
    lab.import(&PrivateKey::generate(kind).unwrap(), label, id);
}

#[test]
fn a_key_on_a_token_signs_mail() {
    in_a_token("pkcs11::mail::a_key_on_a_token_signs_mail", |lab| {
        let office = Office::new();
        let kinds = [
            (KeyKind::P256, SignatureAlgorithm::Ecdsa(Digest::Sha256)),
            (KeyKind::P384, SignatureAlgorithm::Ecdsa(Digest::Sha384)),
            (KeyKind::P521, SignatureAlgorithm::Ecdsa(Digest::Sha512)),
            (KeyKind::Ed25519, SignatureAlgorithm::Ed25519),
            (KeyKind::rsa(2048), SignatureAlgorithm::RsaPkcs1(Digest::Sha256)),
        ];
        for (n, (kind, algorithm)) in kinds.into_iter().enumerate() {
            let label = kind.to_string();
            import(lab, kind, &label, n as u8);
            let bob = office.on_token(&lab.open().unwrap(), &label);
            for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
                let plain = office.verified(signing.clone().entity(&letter()).unwrap());
                assert_eq!(plain, algorithm, "{kind}");
                let modern = office.verified(signing.modern().entity(&letter()).unwrap());
                let is_pss = matches!(modern, SignatureAlgorithm::RsaPss { salt: 32, .. });
                assert_eq!(is_pss, kind == KeyKind::rsa(2048), "{kind}");
                assert!(is_pss || modern == plain, "{kind}");
            }
        }
    });
}

#[test]
fn mail_that_is_encrypted_to_a_curve_key_on_a_token_opens() {
    in_a_token("pkcs11::mail::mail_that_is_encrypted_to_a_curve_key_on_a_token_opens", |lab| {
        let office = Office::new();
        for (n, kind) in [KeyKind::P256, KeyKind::P384, KeyKind::P521].into_iter().enumerate() {
            let label = kind.to_string();
            import(lab, kind, &label, n as u8);
            let bob = office.on_token(&lab.open().unwrap(), &label);
            let (to, signed) = (office.to(&bob), letter().sign(&bob).unwrap());
            let sealed = letter().encrypt(&to.clone().modern()).unwrap();
            // softhsm2-util imports keys that may not derive: what the token forbids it is said to forbid.
            let error = sealed.clone().open(&bob).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{kind}: {error}");
            lab.change(&label, &[Attribute::Derive(true)]);
            let Opened::Plain(opened) = sealed.open(&bob).unwrap() else {
                panic!("{kind}: nobody signed it")
            };
            assert_eq!(opened, letter(), "{kind}");
            // And mail for old programs.
            let Opened::Signed(opened) = signed.encrypt(&to).unwrap().open(&bob).unwrap() else {
                panic!("{kind}: it is signed")
            };
            let _ = office.verified(opened);
        }
    });
}

#[test]
fn mail_that_is_encrypted_to_an_rsa_key_on_a_token_opens_as_far_as_the_token_goes() {
    in_a_token(
        "pkcs11::mail::mail_that_is_encrypted_to_an_rsa_key_on_a_token_opens_as_far_as_the_token_goes",
        |lab| {
            let office = Office::new();
            import(lab, KeyKind::rsa(2048), "rsa", 1);
            let bob = office.on_token(&lab.open().unwrap(), "rsa");
            let (to, signed) = (office.to(&bob), letter().sign(&bob).unwrap());
            // PKCS #1 v1.5, as mail for old programs has it.
            let compat =
                Encryption::to(&to).compat().entity(&Entity::parse(signed.as_bytes()).unwrap()).unwrap();
            for sealed in [signed.encrypt(&to).unwrap(), compat] {
                let Opened::Signed(opened) = sealed.open(&bob).unwrap() else { panic!("it is signed") };
                let _ = office.verified(opened);
            }
            // OAEP with SHA-256, as bulla seals: SoftHSM 2.6 takes SHA-1 alone, and is said not to take it.
            let sealed = letter().encrypt(&to.modern()).unwrap();
            let error = sealed.open(&bob).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            // OAEP with SHA-1, as openssl seals.
            let Some(mail) = lab.mail_with_oaep(bob.certificate(), CONTENT) else { return };
            let Opened::Plain(opened) = Opening::with(&bob).bytes(&mail).unwrap() else { panic!("unsigned") };
            assert_eq!(opened, letter());
            // What was changed on the way is no mail, and no fault of the token's.
            let mut changed = mail.clone();
            let middle = mail.len() / 2;
            changed[middle] = if mail[middle] == b'A' { b'B' } else { b'A' };
            assert!(Opening::with(&bob).bytes(&changed).is_err());
        },
    );
}
