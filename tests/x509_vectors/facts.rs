//! The table `facts.txt`, read: what is in Python's test vectors for X.509.

/// One fact about one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) kind: Kind,
    /// In `cryptography_vectors`.
    pub(crate) file: &'static str,
    pub(crate) field: &'static str,
    pub(crate) expected: &'static str,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Certificate,
    /// PEM, or PKCS #7, with several certificates.
    Certificates,
    Request,
    Crl,
    /// An OCSP response.
    Ocsp,
    /// A certificate that an OCSP request shall ask about.
    OcspRequest,
}

const KINDS: [(&str, Kind); 6] = [
    ("[certificate]", Kind::Certificate),
    ("[certificates]", Kind::Certificates),
    ("[request]", Kind::Request),
    ("[crl]", Kind::Crl),
    ("[ocsp]", Kind::Ocsp),
    ("[ocsp request]", Kind::OcspRequest),
];

/// All facts of a kind, in the order of the table. Panics where the table cannot be read.
pub(crate) fn of(kind: Kind) -> Vec<Fact> {
    all().into_iter().filter(|fact| fact.kind == kind).collect()
}

pub(crate) fn all() -> Vec<Fact> {
    let mut facts = Vec::new();
    let (mut kind, mut file) = (None, None);
    let lines = include_str!("facts.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        if line.starts_with('[') {
            let named = KINDS.iter().find(|(name, _)| *name == line);
            kind = Some(named.unwrap_or_else(|| panic!("not a kind: {line}")).1);
        } else if let Some(fact) = line.strip_prefix("    ") {
            let (field, expected) = fact.split_once(' ').unwrap_or_else(|| panic!("not a fact: {line}"));
            facts.push(Fact { kind: kind.unwrap(), file: file.unwrap(), field, expected });
        } else {
            file = Some(line);
        }
    }
    facts
}
