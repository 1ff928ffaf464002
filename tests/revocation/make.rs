//! Certificates, CRLs and OCSP responses made by hand, so that each can be as wrong as a test wants it.
use bulla::x509::{Certificate, Crl, Name, OcspResponse};
use bulla::{KeyKind, PrivateKey, Time, Verified};

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const INTEGER: u8 = 2;
pub(crate) const BIT_STRING: u8 = 3;
pub(crate) const OCTET_STRING: u8 = 4;
pub(crate) const OID: u8 = 6;
pub(crate) const ENUMERATED: u8 = 10;
pub(crate) const GENERALIZED_TIME: u8 = 24;

/// 2026-01-01T00:00:00Z: what is made here is made then, if nothing else is said.
pub(crate) const NOW: i64 = 1_767_225_600;

pub(crate) fn now() -> Time {
    Time::from_unix(NOW)
}

pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    let length = match inside.len() {
        short @ 0..0x80 => vec![short as u8],
        long => {
            let bytes = long.to_be_bytes();
            let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            [&[0x80 | digits.len() as u8], digits].concat()
        }
    };
    [&[tag][..], &length, &inside].concat()
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, parts)
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, &[bytes])
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut value = vec![(arcs[0] * 40 + arcs[1]) as u8];
    for arc in &arcs[2..] {
        let groups = (1..10).take_while(|group| arc >> (7 * group) > 0).count();
        let seven = |group: usize| (arc >> (7 * group) & 0x7f) as u8;
        value.extend((1..=groups).rev().map(|group| 0x80 | seven(group)));
        value.push(seven(0));
    }
    tlv(OID, &[&value])
}

/// `20260101000000Z`, of whatever time `at` is.
pub(crate) fn generalized(at: i64) -> Vec<u8> {
    let text: String =
        Time::from_unix(at).to_string().chars().filter(|c| c.is_ascii_digit() || *c == 'Z').collect();
    tlv(GENERALIZED_TIME, &[text.as_bytes()])
}

pub(crate) fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&oid(id), critical, &octets(value)])
}

/// GeneralNames of one distinguished name.
pub(crate) fn directory(name: &str) -> Vec<u8> {
    sequence(&[&tlv(0xa4, &[name.parse::<Name>().unwrap().as_der()])])
}

pub(crate) fn p256() -> PrivateKey {
    PrivateKey::generate(KeyKind::P256).unwrap()
}

/// ecdsa-with-SHA256, as P-256 keys sign.
pub(crate) fn algorithm() -> Vec<u8> {
    sequence(&[&oid("1.2.840.10045.4.3.2")])
}

/// What is to be signed, the algorithm, and the signature.
pub(crate) fn sign(to_be_signed: &[u8], key: &PrivateKey) -> Vec<u8> {
    let signature = key.sign_plain(to_be_signed).unwrap();
    [to_be_signed, &algorithm(), &tlv(BIT_STRING, &[&[0], &signature])].concat()
}

/// A certificate to be, of a CA or of anybody.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) serial: Vec<u8>,
    pub(crate) validity: [i64; 2],
    pub(crate) extensions: Vec<Vec<u8>>,
}

pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const CRL_POINTS: &str = "2.5.29.31";
pub(crate) const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
pub(crate) const UNKNOWN: &str = "1.3.6.1.4.1.99999.7";

const DAY: i64 = 86_400;

impl Draft {
    /// Valid for a month round `NOW`.
    pub(crate) fn new(subject: &str, issuer: &str) -> Self {
        let (subject, issuer, serial) = (subject.to_owned(), issuer.to_owned(), vec![7]);
        Draft { subject, issuer, serial, validity: [NOW - 15 * DAY, NOW + 15 * DAY], extensions: vec![] }
    }

    pub(crate) fn ca(name: &str) -> Self {
        Self::new(name, name).with("2.5.29.19", &sequence(&[&[1, 1, 0xff]]))
    }

    /// One that answers for its issuer, and says that nobody need look it up.
    pub(crate) fn responder(subject: &str, issuer: &str) -> Self {
        Self::new(subject, issuer).purpose("1.3.6.1.5.5.7.3.9").with(NO_CHECK, &[5, 0])
    }

    pub(crate) fn with(mut self, id: &str, value: &[u8]) -> Self {
        self.extensions.push(extension(id, false, value));
        self
    }

    pub(crate) fn critical(mut self, id: &str, value: &[u8]) -> Self {
        self.extensions.push(extension(id, true, value));
        self
    }

    pub(crate) fn purpose(self, purpose: &str) -> Self {
        self.with(EXTENDED_KEY_USAGE, &sequence(&[&oid(purpose)]))
    }

    pub(crate) fn serial(mut self, serial: &[u8]) -> Self {
        self.serial = serial.to_vec();
        self
    }

    pub(crate) fn valid(mut self, from: i64, until: i64) -> Self {
        self.validity = [from, until];
        self
    }

    pub(crate) fn sign(&self, key: &PrivateKey, by: &PrivateKey) -> Certificate {
        let [from, until] = self.validity.map(generalized);
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        let extensions =
            if extensions.is_empty() { Vec::new() } else { tlv(0xa3, &[&sequence(&extensions)]) };
        let to_be_signed = sequence(&[
            &tlv(0xa0, &[&[INTEGER, 1, 2]]),
            &tlv(INTEGER, &[&self.serial]),
            &algorithm(),
            self.issuer.parse::<Name>().unwrap().as_der(),
            &sequence(&[&from, &until]),
            self.subject.parse::<Name>().unwrap().as_der(),
            key.public().as_der(),
            &extensions,
        ]);
        Certificate::from_der(&sequence(&[&sign(&to_be_signed, by)])).unwrap()
    }
}

/// Somebody with a key and a certificate.
pub(crate) struct Party {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
}

pub(crate) fn ca(name: &str) -> Party {
    let key = p256();
    Party { certificate: Draft::ca(name).sign(&key, &key), key }
}

impl Party {
    pub(crate) fn issue(&self, draft: &Draft) -> Party {
        let key = p256();
        Party { certificate: draft.sign(&key, &self.key), key }
    }
}

/// A CRL to be.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) issuer: String,
    /// From `version` on, ready to be signed.
    pub(crate) version: Vec<u8>,
    pub(crate) times: Vec<Vec<u8>>,
    pub(crate) entries: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

pub(crate) const CRL_NUMBER: &str = "2.5.29.20";
pub(crate) const REASON: &str = "2.5.29.21";
pub(crate) const DELTA: &str = "2.5.29.27";
pub(crate) const ISSUING_POINT: &str = "2.5.29.28";
pub(crate) const CERTIFICATE_ISSUER: &str = "2.5.29.29";

impl List {
    pub(crate) fn by(issuer: &str) -> Self {
        List {
            issuer: issuer.to_owned(),
            version: vec![INTEGER, 1, 1],
            times: vec![generalized(NOW), generalized(NOW + DAY)],
            entries: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub(crate) fn entry(mut self, serial: &[u8], extensions: &[Vec<u8>]) -> Self {
        self.entries.extend(entry(serial, extensions));
        self
    }

    pub(crate) fn with(mut self, id: &str, critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension(id, critical, value));
        self
    }

    pub(crate) fn to_be_signed(&self) -> Vec<u8> {
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        let optional = |there: bool, value: Vec<u8>| if there { value } else { Vec::new() };
        sequence(&[
            &self.version,
            &algorithm(),
            self.issuer.parse::<Name>().unwrap().as_der(),
            &self.times.concat(),
            &optional(!self.entries.is_empty(), sequence(&[&self.entries])),
            &optional(!extensions.is_empty(), tlv(0xa0, &[&sequence(&extensions)])),
        ])
    }

    /// Signed by nobody: for what does not look at signatures.
    pub(crate) fn unsigned(&self) -> bulla::Result<Crl> {
        let signature = tlv(BIT_STRING, &[&[0, 1, 2, 3]]);
        Crl::from_der(&sequence(&[&self.to_be_signed(), &algorithm(), &signature]))
    }

    pub(crate) fn sign(&self, key: &PrivateKey) -> Crl {
        Crl::from_der(&sequence(&[&sign(&self.to_be_signed(), key)])).unwrap()
    }
}

/// The same, signed by a CA of its issuer's name.
pub(crate) fn believed(crl: &Crl) -> Verified<Crl, Certificate> {
    let key = p256();
    let issuer = Draft::ca(&crl.issuer().to_string()).sign(&key, &key);
    Crl::from_der(&sequence(&[&sign(crl.as_signed(), &key)])).unwrap().verify(&issuer).unwrap()
}

pub(crate) fn entry(serial: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let list = if extensions.is_empty() { Vec::new() } else { sequence(&[&extensions.concat()]) };
    sequence(&[&tlv(INTEGER, &[serial]), &generalized(NOW - DAY), &list])
}

/// A certificate with this serial number, whose key nobody has any more.
pub(crate) fn numbered(issuer: &str, serial: &[u8]) -> Certificate {
    Draft::new("CN=somebody", issuer).serial(serial).sign(&p256(), &p256())
}

pub(crate) const GOOD: &[u8] = &[0x80, 0];
pub(crate) const NOT_KNOWN: &[u8] = &[0x82, 0];

/// `revoked [1]`, since a day before `NOW`.
pub(crate) fn revoked(reason: Option<u8>) -> Vec<u8> {
    let reason = reason.map(|reason| tlv(0xa0, &[&[ENUMERATED, 1, reason]])).unwrap_or_default();
    tlv(0xa1, &[&generalized(NOW - DAY), &reason])
}

/// One answer of an OCSP response to be.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) id: Vec<u8>,
    pub(crate) status: Vec<u8>,
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

/// CertID, as bulla's own request has it: SHA-1.
pub(crate) fn id(certificate: &Certificate, issuer: &Certificate) -> Vec<u8> {
    let request = bulla::x509::OcspRequest::about(certificate, issuer).unwrap();
    // OCSPRequest, TBSRequest, requestList, Request: headers of two bytes, as all is short.
    request.as_der()[8..].to_vec()
}

impl Answer {
    /// Good for a day from `NOW` on.
    pub(crate) fn new(id: &[u8], status: &[u8]) -> Self {
        let (id, status) = (id.to_vec(), status.to_vec());
        Answer { id, status, this_update: NOW, next_update: Some(NOW + DAY), extensions: Vec::new() }
    }

    fn write(&self) -> Vec<u8> {
        let next = self.next_update.map(|next| tlv(0xa0, &[&generalized(next)])).unwrap_or_default();
        sequence(&[&self.id, &self.status, &generalized(self.this_update), &next, &wrapped(&self.extensions)])
    }
}

fn wrapped(extensions: &[Vec<u8>]) -> Vec<u8> {
    if extensions.is_empty() { Vec::new() } else { tlv(0xa1, &[&sequence(&[&extensions.concat()])]) }
}

/// An OCSP response to be.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) responder: Vec<u8>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Certificate>,
}

pub(crate) const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";

impl Response {
    /// By whoever has this name.
    pub(crate) fn by(name: &str, answers: &[Answer]) -> Self {
        let responder = tlv(0xa1, &[name.parse::<Name>().unwrap().as_der()]);
        let (extensions, certificates) = (Vec::new(), Vec::new());
        Response { responder, answers: answers.to_vec(), extensions, certificates }
    }

    pub(crate) fn with(mut self, certificate: &Certificate) -> Self {
        self.certificates.push(certificate.clone());
        self
    }

    pub(crate) fn der(&self, key: &PrivateKey) -> Vec<u8> {
        let answers: Vec<Vec<u8>> = self.answers.iter().map(Answer::write).collect();
        let to_be_signed = sequence(&[
            &self.responder,
            &generalized(NOW),
            &sequence(&[&answers.concat()]),
            &wrapped(&self.extensions),
        ]);
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Certificate::as_der).collect();
        let certificates =
            if certificates.is_empty() { Vec::new() } else { tlv(0xa0, &[&sequence(&certificates)]) };
        let basic = sequence(&[&sign(&to_be_signed, key), &certificates]);
        let bytes = sequence(&[&oid("1.3.6.1.5.5.7.48.1.1"), &octets(&basic)]);
        sequence(&[&[ENUMERATED, 1, 0], &tlv(0xa0, &[&bytes])])
    }

    pub(crate) fn sign(&self, key: &PrivateKey) -> OcspResponse {
        OcspResponse::from_der(&self.der(key)).unwrap()
    }
}
