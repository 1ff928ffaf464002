//! What is in files of certificates and keys: PEM or DER, one thing or many, told apart by what is there.
use std::fs::File;
use std::io::Read;
use std::path::Path;

use bulla::PublicKey;
use bulla::x509::{Bundle, Certificate, Crl, Request};
use zeroize::Zeroizing;

use crate::failure::{Code, Done, Failure};
use crate::flow::{Input, stdin};

/// More than the longest CRL that the library reads has in PEM.
const MOST: u64 = 400 << 20;

/// A file that was read, with its name.
pub(crate) struct Source {
    pub(crate) name: String,
    content: Content,
}

enum Content {
    Pem(Zeroizing<String>),
    Binary(Zeroizing<Vec<u8>>),
}

/// One thing as it stands in a file.
#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    /// A block of PEM, with its begin and end.
    Pem(&'a str),
    Der(&'a [u8]),
}

/// One thing of a file. Keys are read when it is known what for: a private one may want a passphrase.
pub(crate) enum Object<'a> {
    Certificate(Certificate),
    Request(Request),
    Crl(Crl),
    Bundle(Bundle),
    PublicKey(Form<'a>),
    PrivateKey(Form<'a>),
    Pkcs12(&'a [u8]),
    /// Something else, by the label of its block.
    Other(&'a str),
    /// What was taken for one of these, and is none.
    Unreadable(bulla::Error),
}

pub(crate) fn or_unreadable(tried: bulla::Result<Object<'_>>) -> Object<'_> {
    tried.unwrap_or_else(Object::Unreadable)
}

impl Source {
    /// Reads a file; `-` or nothing is standard input.
    pub(crate) fn read(path: Option<&Path>) -> Done<Self> {
        let input = Input::of(path);
        input.check_file("name a file")?;
        let name = input.name();
        let bytes = match &input {
            Input::Stdin => read_all(stdin(), 1 << 16, &name)?,
            Input::Path(path) => {
                let file = File::open(path).map_err(|error| Failure::io(&name, &error))?;
                let length = file.metadata().map_or(0, |about| about.len());
                read_all(file, length, &name)?
            }
        };
        let is_pem = bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes());
        let content = if is_pem {
            // What stands between the blocks may be in any encoding, and does not matter.
            Content::Pem(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
        } else {
            Content::Binary(bytes)
        };
        Ok(Source { name, content })
    }

    /// All that is in it, in its order.
    pub(crate) fn objects(&self) -> Done<Vec<Object<'_>>> {
        let about = |error| Failure::of(&self.name, error);
        self.tried()?.into_iter().map(|object| object.map_err(about)).collect()
    }

    /// The same to be shown: what cannot be read does not hide the others.
    pub(crate) fn shown(&self) -> Done<Vec<Object<'_>>> {
        Ok(self.tried()?.into_iter().map(or_unreadable).collect())
    }

    fn tried(&self) -> Done<Vec<bulla::Result<Object<'_>>>> {
        let found = match &self.content {
            Content::Pem(text) => blocks(text)
                .ok_or_else(|| self.unsound("a block of its PEM does not end"))?
                .into_iter()
                .map(|(label, block)| of_block(label, block))
                .collect(),
            Content::Binary(bytes) => {
                let found: Option<Vec<_>> = elements(bytes).into_iter().map(of_der).collect();
                found.unwrap_or_default().into_iter().map(Ok).collect::<Vec<_>>()
            }
        };
        if found.is_empty() {
            Err(self.unsound("there is nothing in it that bulla knows"))
        } else {
            Ok(found)
        }
    }

    fn unsound(&self, why: &str) -> Failure {
        let is_empty = matches!(&self.content, Content::Binary(bytes) if bytes.is_empty());
        let why = if is_empty { "it is empty" } else { why };
        let hint = "give certificates, requests, CRLs, keys or PKCS #12, whole, in PEM or DER";
        Failure::new(Code::Input, &self.name, why, hint)
    }

    /// The only thing of a kind; of several none is guessed at.
    fn only<T>(&self, kind: &str, mut all: Vec<T>) -> Done<T> {
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(self.without(kind)),
            (Some(_), false) => {
                let why = format!("there are {} of the kind {kind} in it", all.len().saturating_add(1));
                Err(Failure::usage(&self.name, why, "give a file with one of them"))
            }
        }
    }

    fn without(&self, kind: &str) -> Failure {
        if self.tried().is_ok_and(|all| all.iter().any(|object| matches!(object, Ok(Object::Pkcs12(_))))) {
            let why = "it is a PKCS #12 file, which opens with a passphrase";
            return Failure::new(Code::Input, &self.name, why, "make PEM of it by bulla p12 import");
        }
        Failure::new(Code::Input, &self.name, format!("there is no {kind} in it"), "give another file")
    }

    /// All certificates, those of bundles too. There is at least one.
    pub(crate) fn certificates(&self) -> Done<Vec<Certificate>> {
        let mut all = Vec::new();
        for object in self.objects()? {
            match object {
                Object::Certificate(certificate) => all.push(certificate),
                Object::Bundle(bundle) => {
                    let found: bulla::Result<Vec<_>> = bundle.certificates().collect();
                    all.extend(found.map_err(|error| Failure::of(&self.name, error))?);
                }
                _ => {}
            }
        }
        if all.is_empty() { Err(self.without("certificate")) } else { Ok(all) }
    }

    /// All CRLs, those of bundles too. There is at least one.
    pub(crate) fn crls(&self) -> Done<Vec<Crl>> {
        let mut all = Vec::new();
        for object in self.objects()? {
            match object {
                Object::Crl(crl) => all.push(crl),
                Object::Bundle(bundle) => {
                    let found: bulla::Result<Vec<_>> = bundle.crls().collect();
                    all.extend(found.map_err(|error| Failure::of(&self.name, error))?);
                }
                _ => {}
            }
        }
        if all.is_empty() { Err(self.without("CRL")) } else { Ok(all) }
    }

    /// The only CRL.
    pub(crate) fn crl(&self) -> Done<Crl> {
        self.only("CRL", self.crls()?)
    }

    /// The first certificate: others of a file are those above it.
    pub(crate) fn first_certificate(&self) -> Done<Certificate> {
        self.certificates()?.into_iter().next().ok_or_else(|| self.without("certificate"))
    }

    /// The only request.
    pub(crate) fn request(&self) -> Done<Request> {
        let pick = |object| if let Object::Request(request) = object { Some(request) } else { None };
        self.only("certificate request", self.objects()?.into_iter().filter_map(pick).collect())
    }

    /// The only private key, as it stands there.
    pub(crate) fn private_key(&self) -> Done<Form<'_>> {
        let pick = |object| if let Object::PrivateKey(form) = object { Some(form) } else { None };
        self.only("private key", self.objects()?.into_iter().filter_map(pick).collect())
    }

    /// The bytes, if it is not PEM.
    pub(crate) fn binary(&self) -> Done<&[u8]> {
        match &self.content {
            Content::Binary(bytes) => Ok(bytes),
            Content::Pem(_) => {
                Err(Failure::new(Code::Input, &self.name, "it is PEM", "give the binary file"))
            }
        }
    }
}

/// The public key in a block or in DER.
pub(crate) fn public_key(form: Form<'_>) -> bulla::Result<PublicKey> {
    match form {
        Form::Pem(text) => PublicKey::from_pem(text),
        Form::Der(der) => PublicKey::from_der(der),
    }
}

/// Certificates in PEM, one after the other.
pub(crate) fn chain_pem(certificates: &[Certificate]) -> String {
    certificates.iter().map(Certificate::to_pem).collect()
}

fn read_all(from: impl Read, length: u64, name: &str) -> Done<Zeroizing<Vec<u8>>> {
    // Room at once: growing would leave copies of a key behind.
    let room = usize::try_from(length.min(MOST)).unwrap_or(0).saturating_add(64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let read = from.take(MOST).read_to_end(&mut bytes).map_err(|error| Failure::io(name, &error))?;
    if u64::try_from(read).is_ok_and(|read| read < MOST) {
        return Ok(bytes);
    }
    Err(Failure::new(Code::Input, name, "it has over 400 MiB", "no certificate, CRL or key is so long"))
}

const BEGIN: &str = "-----BEGIN ";

/// The blocks of a PEM text with their labels (RFC 7468 section 2); `None` if one does not end.
fn blocks(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let from = rest.get(start..)?;
        let (label, _) = from.get(BEGIN.len()..)?.split_once("-----")?;
        let end = format!("-----END {label}-----");
        let length = from.find(&end)?.checked_add(end.len())?;
        let (block, after) = from.split_at_checked(length)?;
        found.push((label, block));
        rest = after;
    }
    Some(found)
}

/// Labels of RFC 7468, and older ones that are still about.
fn of_block<'a>(label: &'a str, block: &'a str) -> bulla::Result<Object<'a>> {
    Ok(match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "X.509 CERTIFICATE" => {
            Object::Certificate(Certificate::from_pem(block)?)
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Object::Request(Request::from_pem(block)?),
        "X509 CRL" | "CRL" => Object::Crl(Crl::from_pem(block)?),
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => Object::Bundle(Bundle::from_pem(block)?),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Object::PublicKey(Form::Pem(block)),
        _ if label.ends_with("PRIVATE KEY") => Object::PrivateKey(Form::Pem(block)),
        _ => Object::Other(label),
    })
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;

/// What a DER element is, as far as anybody can tell from its form. `None`: nothing that bulla knows.
fn of_der(der: &[u8]) -> Option<Object<'_>> {
    let known = Certificate::from_der(der)
        .map(Object::Certificate)
        .or_else(|_| Request::from_der(der).map(Object::Request))
        .or_else(|_| Crl::from_der(der).map(Object::Crl))
        .or_else(|_| Bundle::from_der(der).map(Object::Bundle));
    if let Ok(known) = known {
        return Some(known);
    }
    let (SEQUENCE, inside, _) = element(der)? else { return None };
    let (first, value, rest) = element(inside)?;
    let second = element(rest);
    match (first, second.map(|(tag, _, after)| (tag, after.is_empty()))) {
        // PFX (RFC 7292 section 4) is of version 3.
        (INTEGER, _) if value == [3] => Some(Object::Pkcs12(der)),
        // PKCS #8 and PKCS #1 are of version 0 or 1, SEC 1 of 1.
        (INTEGER, _) if matches!(value, [0 | 1]) => Some(Object::PrivateKey(Form::Der(der))),
        (SEQUENCE, Some((OCTET_STRING, true))) => Some(Object::PrivateKey(Form::Der(der))),
        (SEQUENCE, Some((BIT_STRING, true))) => Some(Object::PublicKey(Form::Der(der))),
        _ => None,
    }
}

/// Elements of DER one after the other. What is not so cut up is left whole, for the reader to say what is wrong.
fn elements(bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let after = element(rest).filter(|(tag, ..)| *tag == SEQUENCE).map(|(_, _, after)| after);
        let Some(after) = after else { return vec![bytes] };
        let length = rest.len().saturating_sub(after.len());
        found.push(rest.get(..length).unwrap_or_default());
        rest = after;
    }
    found
}

/// Tag, value and what follows (X.690 section 8.1). Of indefinite length: as if all that follows were the value.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0x80 => (rest.len(), rest),
        0..0x80 => (usize::from(*first), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let add = |sum: usize, digit: &u8| sum.checked_mul(256)?.checked_add(usize::from(*digit));
            (digits.iter().try_fold(0, add)?, rest)
        }
    };
    let (value, after) = rest.split_at_checked(length)?;
    Some((*tag, value, after))
}
