//! Certificates put together field by field, each as wrong as a row wants it, and what a row says of them.
use bulla::tls::{Credentials, Trust};
use bulla::x509::{Certificate, Credential, Name, TrustAnchors};
use bulla::{ErrorKind, PrivateKey};

use crate::make::{
    BIT_STRING, EXTENDED_KEY_USAGE, INTEGER, KEY_USAGE, NOW, algorithm, extension, generalized, oid, p256,
    sequence, tlv,
};
use crate::tls::lab::HOST;

pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const ALTERNATIVE_NAME: &str = "2.5.29.17";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn name(text: &str) -> Vec<u8> {
    text.parse::<Name>().unwrap().as_der().to_vec()
}

pub(crate) fn dns(text: &str) -> Vec<u8> {
    tlv(0x82, &[text.as_bytes()])
}

/// The value of a key usage with one bit.
pub(crate) fn usage_bit(bit: u8) -> Vec<u8> {
    match bit {
        8 => vec![BIT_STRING, 3, 7, 0, 0x80],
        _ => vec![BIT_STRING, 2, 7 - bit, 0x80 >> bit],
    }
}

pub(crate) fn purposes(all: &[&str]) -> Vec<u8> {
    sequence(&[&all.iter().flat_map(|one| oid(one)).collect::<Vec<u8>>()])
}

/// A certificate to be, in parts that are DER each.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// Between key and extensions.
    pub(crate) ids: Vec<u8>,
    pub(crate) extensions: Vec<(String, Vec<u8>)>,
    /// Behind the extensions.
    pub(crate) after: Vec<u8>,
    pub(crate) outer: Vec<u8>,
}

impl Made {
    pub(crate) fn new(subject: &str, issuer: &str, key: &[u8]) -> Self {
        Made {
            version: tlv(0xa0, &[&[INTEGER, 1, 2]]),
            serial: tlv(INTEGER, &[&[0x41, 2, 3, 4, 5, 6, 7, 8]]),
            inner: algorithm(),
            issuer: name(issuer),
            validity: sequence(&[&generalized(NOW - 15 * DAY), &generalized(NOW + 15 * DAY)]),
            subject: name(subject),
            key: key.to_vec(),
            ids: Vec::new(),
            extensions: Vec::new(),
            after: Vec::new(),
            outer: algorithm(),
        }
    }

    /// A CA's, as it should be.
    pub(crate) fn ca(subject: &str, issuer: &str, key: &PrivateKey) -> Self {
        Self::new(subject, issuer, key.public().as_der())
            .with(BASIC_CONSTRAINTS, true, &sequence(&[&[1, 1, 0xff]]))
            .with(KEY_USAGE, true, &[BIT_STRING, 2, 1, 6])
    }

    /// Adds an extension.
    pub(crate) fn with(mut self, id: &str, critical: bool, value: &[u8]) -> Self {
        self.extensions.push((id.to_owned(), extension(id, critical, value)));
        self
    }

    pub(crate) fn without(mut self, id: &str) -> Self {
        self.extensions.retain(|(own, _)| own != id);
        self
    }

    /// An extension in the place of what there was.
    pub(crate) fn instead(self, id: &str, critical: bool, value: &[u8]) -> Self {
        self.without(id).with(id, critical, value)
    }

    pub(crate) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn valid(self, from: i64, until: i64) -> Self {
        self.but(|made| made.validity = sequence(&[&generalized(from), &generalized(until)]))
    }

    pub(crate) fn to_be_signed(&self) -> Vec<u8> {
        let extensions: Vec<u8> = self.extensions.iter().flat_map(|(_, der)| der.clone()).collect();
        let extensions =
            if extensions.is_empty() { Vec::new() } else { tlv(0xa3, &[&sequence(&[&extensions])]) };
        sequence(&[
            &self.version,
            &self.serial,
            &self.inner,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &self.ids,
            &extensions,
            &self.after,
        ])
    }

    pub(crate) fn sign(&self, by: &PrivateKey) -> Vec<u8> {
        self.signed_with(&by.sign_plain(self.to_be_signed()).unwrap())
    }

    pub(crate) fn signed_with(&self, signature: &[u8]) -> Vec<u8> {
        sequence(&[&self.to_be_signed(), &self.outer, &tlv(BIT_STRING, &[&[0], signature])])
    }
}

/// Who shows the certificate that is wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Side {
    Server,
    Client,
}

/// A root, a CA below it, and the key of whoever shows something.
pub(crate) struct Ground {
    pub(crate) side: Side,
    pub(crate) root_key: PrivateKey,
    pub(crate) root: Certificate,
    pub(crate) middle_key: PrivateKey,
    pub(crate) middle: Vec<u8>,
    pub(crate) key: PrivateKey,
    pub(crate) pem: String,
    /// What a server shows to whom nothing is wrong.
    pub(crate) good_server: Credentials,
}

/// A row: what is shown, and what is to be said of it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// From the end on.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Stapled, if there is any.
    pub(crate) ocsp: Vec<u8>,
    pub(crate) host: String,
    pub(crate) trust: Trust,
    pub(crate) kind: ErrorKind,
    pub(crate) word: String,
}

pub(crate) fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

pub(crate) fn trusting(anchor: &Certificate) -> Trust {
    Trust::new(TrustAnchors::new([anchor.clone()]).unwrap())
}

/// A key once more.
pub(crate) fn same_key(pem: &str) -> PrivateKey {
    PrivateKey::from_pem(pem, || panic!("it has no passphrase")).unwrap()
}

impl Ground {
    pub(crate) fn new(side: Side) -> Self {
        let (root_key, middle_key, key) = (p256(), p256(), p256());
        let root = Made::ca("CN=Root", "CN=Root", &root_key).sign(&root_key);
        let middle = Made::ca("CN=Middle", "CN=Root", &middle_key).sign(&root_key);
        let pem = key.expose_pem().unwrap().to_string();
        let good = end(Side::Server, &key).sign(&middle_key);
        let chain = [certificate(&good), certificate(&middle)];
        let good_server = Credentials::new([Credential::new(same_key(&pem), chain).unwrap()]).unwrap();
        Ground { side, root: certificate(&root), root_key, middle_key, middle, key, pem, good_server }
    }

    /// An end's certificate, as it should be.
    pub(crate) fn leaf(&self) -> Made {
        end(self.side, &self.key)
    }

    /// The purpose that the end's certificate has to have.
    pub(crate) fn purpose(&self) -> &'static str {
        if self.side == Side::Server { SERVER_AUTH } else { CLIENT_AUTH }
    }

    pub(crate) fn trust(&self) -> Trust {
        trusting(&self.root)
    }

    /// A row with a leaf that the CA in the middle signs.
    pub(crate) fn row(&self, name: impl Into<String>, leaf: &Made, kind: ErrorKind, word: &str) -> Case {
        self.chain(name, &[leaf.sign(&self.middle_key), self.middle.clone()], kind, word)
    }

    /// A row with another CA in the middle, which has the same name and key.
    pub(crate) fn below(&self, name: impl Into<String>, ca: &Made, kind: ErrorKind, word: &str) -> Case {
        self.chain(name, &[self.leaf().sign(&self.middle_key), ca.sign(&self.root_key)], kind, word)
    }

    /// The CA in the middle, as it should be.
    pub(crate) fn ca(&self) -> Made {
        Made::ca("CN=Middle", "CN=Root", &self.middle_key)
    }

    pub(crate) fn chain(
        &self,
        name: impl Into<String>,
        chain: &[Vec<u8>],
        kind: ErrorKind,
        word: &str,
    ) -> Case {
        Case {
            name: name.into(),
            chain: chain.to_vec(),
            ocsp: Vec::new(),
            host: HOST.to_owned(),
            trust: self.trust(),
            kind,
            word: word.to_owned(),
        }
    }
}

impl Case {
    pub(crate) fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn staple(mut self, ocsp: Vec<u8>) -> Self {
        self.ocsp = ocsp;
        self
    }
}

fn end(side: Side, key: &PrivateKey) -> Made {
    let purpose = if side == Side::Server { SERVER_AUTH } else { CLIENT_AUTH };
    Made::new("CN=End", "CN=Middle", key.public().as_der())
        .with(BASIC_CONSTRAINTS, true, &sequence(&[]))
        .with(KEY_USAGE, true, &usage_bit(0))
        .with(EXTENDED_KEY_USAGE, false, &purposes(&[purpose]))
        .with(ALTERNATIVE_NAME, false, &sequence(&[&dns(HOST)]))
}
