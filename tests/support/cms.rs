//! Objects of CMS (RFC 5652, RFC 5083) made by hand, so that each can be as wrong as a test wants it.
#![allow(dead_code, reason = "each test uses a part of it")]

use aes::Aes256;
use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, KeyInit};
use base64ct::{Base64, Encoding};
use bulla::smime::SharedKey;
use bulla::x509::Credential;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use sha2::{Digest as _, Sha256};

use crate::make::{INTEGER, octets, oid, sequence, tlv};

pub(crate) const SET: u8 = 0x31;
pub(crate) const DATA: &str = "1.2.840.113549.1.7.1";
pub(crate) const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
pub(crate) const ENVELOPED_DATA: &str = "1.2.840.113549.1.7.3";
pub(crate) const COMPRESSED_DATA: &str = "1.2.840.113549.1.9.16.1.9";
pub(crate) const AUTH_ENVELOPED_DATA: &str = "1.2.840.113549.1.9.16.1.23";
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA384: &str = "2.16.840.1.101.3.4.2.2";
pub(crate) const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
pub(crate) const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub(crate) const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub(crate) const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
pub(crate) const ALGORITHM_PROTECTION: &str = "1.2.840.113549.1.9.52";
pub(crate) const AES_256_CBC: &str = "2.16.840.1.101.3.4.1.42";
pub(crate) const AES_256_GCM: &str = "2.16.840.1.101.3.4.1.46";
pub(crate) const AES_256_WRAP: &str = "2.16.840.1.101.3.4.1.45";

/// The content key of all that is encrypted here.
pub(crate) const CONTENT_KEY: [u8; 32] = [0x42; 32];
pub(crate) const NONCE: [u8; 12] = [9; 12];
pub(crate) const IV: [u8; 16] = [8; 16];

pub(crate) fn number(value: u8) -> Vec<u8> {
    vec![INTEGER, 1, value]
}

pub(crate) fn algorithm(id: &str) -> Vec<u8> {
    sequence(&[&oid(id)])
}

pub(crate) fn attribute(id: &str, values: &[&[u8]]) -> Vec<u8> {
    sequence(&[&oid(id), &tlv(SET, values)])
}

pub(crate) fn content_info(kind: &str, content: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), &tlv(0xa0, &[content])])
}

/// An object as a mail of its own.
pub(crate) fn mail(object: &[u8]) -> Vec<u8> {
    let head = "From: bob@example.org\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n";
    [head.as_bytes(), &base64(object)].concat()
}

/// In lines of 64.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    let text = Base64::encode_string(bytes);
    text.as_bytes().chunks(64).flat_map(|line| [line, b"\r\n"].concat()).collect()
}

/// What a mail has after its header, undone.
pub(crate) fn object_of(mail: &[u8]) -> Vec<u8> {
    bulla::smime::Entity::parse(mail).unwrap().content().unwrap()
}

/// A mail in two parts.
pub(crate) fn in_two_parts(content: &[u8], signature: &[u8]) -> Vec<u8> {
    let head = b"From: bob@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; micalg=sha-256; boundary=xyz;\r\n \
        protocol=\"application/pkcs7-signature\"\r\n\r\n--xyz\r\n";
    let part = b"\r\n--xyz\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    [&head[..], content, part, &base64(signature), b"--xyz--\r\n"].concat()
}

/// SignerInfo (RFC 5652 section 5.3) by the owner of a P-256 key.
#[derive(Clone)]
pub(crate) struct SignerInfo<'a> {
    pub(crate) by: &'a Credential,
    pub(crate) version: u8,
    pub(crate) id: Vec<u8>,
    pub(crate) digest: Vec<u8>,
    /// `None`: the content itself is signed.
    pub(crate) attributes: Option<Vec<Vec<u8>>>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) unsigned: Vec<u8>,
}

pub(crate) fn issuer_and_serial(whom: &Credential) -> Vec<u8> {
    let certificate = whom.certificate();
    sequence(&[certificate.issuer().as_der(), &tlv(INTEGER, &[certificate.serial().as_bytes()])])
}

/// The attributes that must be there.
pub(crate) fn attributes(content: &[u8]) -> Vec<Vec<u8>> {
    vec![
        attribute(CONTENT_TYPE, &[&oid(DATA)]),
        attribute(MESSAGE_DIGEST, &[&octets(&Sha256::digest(content))]),
    ]
}

impl<'a> SignerInfo<'a> {
    pub(crate) fn new(by: &'a Credential, content: &[u8]) -> Self {
        SignerInfo {
            by,
            version: 1,
            id: issuer_and_serial(by),
            digest: algorithm(SHA256),
            attributes: Some(attributes(content)),
            algorithm: algorithm(ECDSA_SHA256),
            unsigned: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, attribute: Vec<u8>) -> Self {
        self.attributes.get_or_insert_default().push(attribute);
        self
    }

    /// Signed over the attributes, or over `content` where there are none.
    pub(crate) fn der(&self, content: &[u8]) -> Vec<u8> {
        let inside = self.attributes.as_ref().map(|all| all.concat());
        let to_be_signed = inside.as_ref().map_or(content.to_vec(), |inside| tlv(SET, &[inside]));
        let signature = self.by.key().sign_plain(&to_be_signed).unwrap();
        sequence(&[
            &number(self.version),
            &self.id,
            &self.digest,
            &inside.map(|inside| tlv(0xa0, &[&inside])).unwrap_or_default(),
            &self.algorithm,
            &octets(&signature),
            &self.unsigned,
        ])
    }
}

/// SignedData (RFC 5652 section 5.1).
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) content_type: &'static str,
    /// eContent under its tag, or empty.
    pub(crate) content: Vec<u8>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signers: Vec<Vec<u8>>,
}

impl Signed {
    /// With the content in it, by one signer.
    pub(crate) fn opaque(content: &[u8], by: &SignerInfo<'_>) -> Self {
        Signed {
            content_type: DATA,
            content: tlv(0xa0, &[&octets(content)]),
            certificates: vec![by.by.certificate().as_der().to_vec()],
            signers: vec![by.der(content)],
        }
    }

    pub(crate) fn detached(content: &[u8], by: &SignerInfo<'_>) -> Self {
        Signed { content: Vec::new(), ..Self::opaque(content, by) }
    }

    /// The object.
    pub(crate) fn der(&self) -> Vec<u8> {
        content_info(
            SIGNED_DATA,
            &sequence(&[
                &number(1),
                &tlv(SET, &[&algorithm(SHA256)]),
                &sequence(&[&oid(self.content_type), &self.content]),
                &tlv(0xa0, &[&self.certificates.concat()]),
                &tlv(SET, &[&self.signers.concat()]),
            ]),
        )
    }

    pub(crate) fn mail(&self) -> Vec<u8> {
        mail(&self.der())
    }
}

/// KEKRecipientInfo (RFC 5652 section 6.2.3): [`CONTENT_KEY`] for the owner of a key.
pub(crate) fn for_key(key: &Key) -> Vec<u8> {
    let mut wrapped = vec![0; CONTENT_KEY.len() + 8];
    aes_kw::KwAes256::new(key.expose_bytes().into()).wrap_key(&CONTENT_KEY, &mut wrapped).unwrap();
    let id = sequence(&[&octets(&id_of(key))]);
    tlv(0xa2, &[&number(4), &id, &algorithm(AES_256_WRAP), &octets(&wrapped)])
}

/// An RSA public key of 2048 bits as the `rsa` crate has it, to make what bulla does not.
pub(crate) fn rsa_public(whom: &Credential) -> rsa::RsaPublicKey {
    let der = whom.key().public().as_der();
    // SubjectPublicKeyInfo with e = 65537: the modulus stands before `02 03 01 00 01`.
    let n = &der[der.len() - 5 - 256..der.len() - 5];
    assert!(der.ends_with(&[2, 3, 1, 0, 1]));
    let n = rsa::BoxedUint::from_be_slice(n, 2048).unwrap();
    rsa::RsaPublicKey::new(n, rsa::BoxedUint::from(65_537u32)).unwrap()
}

/// KeyTransRecipientInfo (RFC 5652 section 6.2.1) by RSAES-PKCS1-v1_5: a content key for the owner of an RSA key.
pub(crate) fn for_rsa(whom: &Credential, content_key: &[u8]) -> Vec<u8> {
    let mut random = rand_core::UnwrapErr(getrandom::SysRng);
    let sealed = rsa_public(whom).encrypt(&mut random, rsa::Pkcs1v15Encrypt, content_key).unwrap();
    let how = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    sequence(&[&number(0), &issuer_and_serial(whom), &how, &octets(&sealed)])
}

/// EnvelopedData or AuthEnvelopedData.
#[derive(Clone)]
pub(crate) struct Enveloped {
    pub(crate) kind: &'static str,
    pub(crate) version: u8,
    pub(crate) recipients: Vec<Vec<u8>>,
    pub(crate) content_type: &'static str,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
    /// What follows EncryptedContentInfo.
    pub(crate) after: Vec<u8>,
}

pub(crate) fn cbc_algorithm(iv: &[u8]) -> Vec<u8> {
    sequence(&[&oid(AES_256_CBC), &octets(iv)])
}

pub(crate) fn gcm_algorithm(nonce: &[u8], tag: &[u8]) -> Vec<u8> {
    sequence(&[&oid(AES_256_GCM), &sequence(&[&octets(nonce), tag])])
}

pub(crate) fn cbc_seal(content: &[u8]) -> Vec<u8> {
    padded(cbc::Encryptor::<Aes256>::new(&CONTENT_KEY.into(), &IV.into()), content)
}

/// Encrypted with the padding of RFC 5652 section 6.3.
pub(crate) fn padded(cipher: impl BlockModeEncrypt, content: &[u8]) -> Vec<u8> {
    let mut bytes = [content, &[0; 16]].concat();
    cipher.encrypt_padded::<Pkcs7>(&mut bytes, content.len()).unwrap().to_vec()
}

/// A key that both sides have, of which a test knows the bytes.
pub(crate) struct Key {
    bytes: [u8; 32],
    shared: SharedKey,
}

impl Key {
    pub(crate) fn generate() -> Self {
        let key = bulla::Key::generate();
        Key { bytes: *key.expose_bytes(), shared: SharedKey::of(&key) }
    }

    pub(crate) fn expose_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl std::ops::Deref for Key {
    type Target = SharedKey;

    fn deref(&self) -> &SharedKey {
        &self.shared
    }
}

/// The name that both sides know a key by.
pub(crate) fn id_of(key: &Key) -> Vec<u8> {
    key.name().to_vec()
}

/// Ciphertext and tag.
pub(crate) fn gcm_seal(content: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut sealed = Aes256Gcm::new(&CONTENT_KEY.into()).encrypt(&NONCE.into(), content).unwrap();
    let tag = sealed.split_off(content.len());
    (sealed, tag)
}

impl Enveloped {
    pub(crate) fn cbc(key: &Key, content: &[u8]) -> Self {
        Enveloped {
            kind: ENVELOPED_DATA,
            version: 2,
            recipients: vec![for_key(key)],
            content_type: DATA,
            algorithm: cbc_algorithm(&IV),
            ciphertext: cbc_seal(content),
            after: Vec::new(),
        }
    }

    pub(crate) fn gcm(key: &Key, content: &[u8]) -> Self {
        let (ciphertext, tag) = gcm_seal(content);
        Enveloped {
            kind: AUTH_ENVELOPED_DATA,
            version: 0,
            recipients: vec![for_key(key)],
            content_type: DATA,
            algorithm: gcm_algorithm(&NONCE, &number(16)),
            ciphertext,
            after: octets(&tag),
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        content_info(
            self.kind,
            &sequence(&[
                &number(self.version),
                &tlv(SET, &[&self.recipients.concat()]),
                &sequence(&[&oid(self.content_type), &self.algorithm, &tlv(0x80, &[&self.ciphertext])]),
                &self.after,
            ]),
        )
    }

    pub(crate) fn mail(&self) -> Vec<u8> {
        mail(&self.der())
    }
}
