//! OpenSSL's side, by the crate `openssl`: CMS in DER, without MIME round it, which that crate does not write.
use std::ffi::{c_int, c_uint, c_void};
use std::path::Path;
use std::ptr::null_mut;

use foreign_types::ForeignType;
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::stack::Stack;
use openssl::symm::Cipher;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509PurposeId, X509StoreContext, X509StoreContextRef};
use openssl_sys::{BIO, CMS_ContentInfo, EVP_MD, EVP_PKEY};

use crate::{Result, lab};

unsafe extern "C" {
    fn CMS_add1_signer(
        cms: *mut CMS_ContentInfo,
        certificate: *mut openssl_sys::X509,
        key: *mut EVP_PKEY,
        hash: *const EVP_MD,
        flags: c_uint,
    ) -> *mut c_void;
    fn CMS_final(cms: *mut CMS_ContentInfo, content: *mut BIO, detached: *mut BIO, flags: c_uint) -> c_int;
}

/// A key with its certificate, and whom to trust.
pub(crate) struct Owner {
    key: PKey<Private>,
    certificate: X509,
    store: X509Store,
}

impl Owner {
    pub(crate) fn read(ca: &[u8], certificate: &[u8], key: &[u8]) -> Result<Self> {
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(X509::from_pem(ca)?)?;
        let mut terms = X509VerifyParam::new()?;
        terms.set_purpose(X509PurposeId::SMIME_SIGN)?;
        terms.set_email(&lab::address().to_string())?;
        store.set_param(&terms)?;
        Ok(Owner {
            key: PKey::private_key_from_pem(key)?,
            certificate: X509::from_pem(certificate)?,
            store: store.build(),
        })
    }

    pub(crate) fn certificate(&self) -> &X509 {
        &self.certificate
    }

    /// Whether a certificate is the authority's, for mail and for the address that it is to be for: what bulla checks before it
    /// encrypts.
    pub(crate) fn check(&self, certificate: &X509) -> Result<()> {
        let mut context = X509StoreContext::new()?;
        let chain = Stack::new()?;
        let is_good = context.init(&self.store, certificate, &chain, X509StoreContextRef::verify_cert)?;
        if is_good { Ok(()) } else { Err("a certificate is not good".into()) }
    }

    /// Detached, with the usual attributes; CRLF is there already.
    pub(crate) fn sign(&self, mail: &[u8]) -> Result<Vec<u8>> {
        let flags = CMSOptions::DETACHED | CMSOptions::BINARY;
        if self.key.id() == Id::ED25519 {
            return self.sign_with_sha512(mail, flags);
        }
        let signed = CmsContentInfo::sign(Some(&self.certificate), Some(&self.key), None, Some(mail), flags)?;
        Ok(signed.to_der()?)
    }

    /// Ed25519, for which `CMS_sign` knows no hash: signed in the steps that it consists of, two of which the crate lacks.
    fn sign_with_sha512(&self, mail: &[u8], flags: CMSOptions) -> Result<Vec<u8>> {
        let begun = CmsContentInfo::sign::<Private>(None, None, None, None, flags | CMSOptions::PARTIAL)?;
        // SAFETY: every pointer is of an object that lives to the end of the block; OpenSSL keeps references of its own to the
        // certificate and the key, and the length is the slice's.
        let is_done = unsafe {
            let (certificate, key) = (self.certificate.as_ptr(), self.key.as_ptr());
            let hash = MessageDigest::sha512().as_ptr();
            let signer = CMS_add1_signer(begun.as_ptr(), certificate, key, hash, flags.bits());
            let content = openssl_sys::BIO_new_mem_buf(mail.as_ptr().cast(), i32::try_from(mail.len())?);
            let is_done =
                !signer.is_null() && CMS_final(begun.as_ptr(), content, null_mut(), flags.bits()) == 1;
            openssl_sys::BIO_free_all(content);
            is_done
        };
        if is_done { Ok(begun.to_der()?) } else { Err(ErrorStack::get().into()) }
    }

    /// With the signer's path to the authority, for mail, and the content copied out, as `CMS_verify` does.
    pub(crate) fn verify(&self, signature: &[u8], mail: &[u8]) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let flags = CMSOptions::BINARY;
        CmsContentInfo::from_der(signature)?.verify(
            None,
            Some(&self.store),
            Some(mail),
            Some(&mut content),
            flags,
        )?;
        Ok(content)
    }

    pub(crate) fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        Ok(CmsContentInfo::from_der(sealed)?.decrypt(&self.key, &self.certificate)?)
    }
}

/// With AES-256-GCM, so as AuthEnvelopedData.
pub(crate) fn encrypt(to: &[&X509], mail: &[u8]) -> Result<Vec<u8>> {
    let mut certificates = Stack::new()?;
    for certificate in to {
        certificates.push((*certificate).clone())?;
    }
    Ok(CmsContentInfo::encrypt(&certificates, mail, Cipher::aes_256_gcm(), CMSOptions::BINARY)?.to_der()?)
}

/// One step with a file, as a whole process: it is read and written in one piece, which is all that the crate offers.
///
/// Verifying takes the signature from `IN.p7s`, where signing left it.
pub(crate) fn file(step: &str, folder: &Path, kind: &str, from: &str, into: &str) -> Result<()> {
    let read = |what: &str| std::fs::read(folder.join(format!("{kind}.{what}.pem")));
    let owner = Owner::read(&read("ca")?, &read("crt")?, &read("key")?)?;
    let mail = std::fs::read(from)?;
    let made = match step {
        "sign" => owner.sign(&mail)?,
        "verify" => owner.verify(&std::fs::read(format!("{from}.p7s"))?, &mail)?,
        "encrypt" => encrypt(&[owner.certificate()], &mail)?,
        "decrypt" => owner.open(&mail)?,
        _ => return Err(format!("no step is called {step}").into()),
    };
    Ok(std::fs::write(into, made)?)
}
