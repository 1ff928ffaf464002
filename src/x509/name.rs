//! Distinguished names (RFC 5280 section 4.1.2.4): kept as they came, compared as RFC 5280 section 7.1 says.
use std::fmt;
use std::str::FromStr;

use super::attribute::{self, NameAttribute};
use super::name_folding::{Folding, canonical};
use crate::encoding::oid::Oid;
use crate::encoding::tlv::{self, Tlv, Unsound, Walker};
use crate::error::{Error, Result};
use crate::limits::{NAME_ATTRIBUTES, NAME_BYTES};
use crate::primitives::hash::{self, Digest};

/// The name of a subject or an issuer.
///
/// It is shown and read as RFC 4514 writes names: the most particular part first. Two are equal as RFC 5280 section 7.1
/// has it: without regard to case, to the kind of string, and to how many spaces there are.
///
/// ```
/// use bulla::x509::{Name, NameAttribute};
/// let name = Name::new(&[(NameAttribute::Country, "CH"), (NameAttribute::CommonName, "Bob")])?;
/// assert_eq!(name.to_string(), "CN=Bob,C=CH");
/// assert_eq!(name.get(&NameAttribute::CommonName).as_deref(), Some("Bob"));
/// assert_eq!(name, "CN=BOB, C=ch".parse()?);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Name(Box<[u8]>);

/// One attribute of a [`Name`], such as `CN=Bob`.
#[derive(Clone)]
pub struct Attribute<'a> {
    value: Tlv<'a>,
    kind: NameAttribute,
    joined: bool,
}

impl Attribute<'_> {
    /// What it says something about.
    #[must_use]
    pub fn kind(&self) -> &NameAttribute {
        &self.kind
    }

    /// Its characters; `None` if it is no string, or no sound one.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        attribute::text(self.value.tag, self.value.value())
    }

    /// The value as it came, in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        self.value.whole()
    }

    /// Whether it is of one part with the attribute before it (a relative distinguished name of several attributes).
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.joined
    }
}

impl Name {
    /// A name of these attributes, the most general first (country, organization, common name).
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for an attribute that is empty, too long, or has characters that its kind
    /// does not allow (RFC 5280 appendix A.1).
    pub fn new(attributes: &[(NameAttribute, &str)]) -> Result<Self> {
        let mut sets = Vec::new();
        for (kind, text) in attributes {
            sets.push(tlv::wrap(tlv::SET, &[&written(kind, text)?]));
        }
        Self::of_sets(&sets)
    }

    fn of_sets(sets: &[Vec<u8>]) -> Result<Self> {
        if sets.len() > NAME_ATTRIBUTES {
            return Err(Error::usage("name", "it has too many attributes", "use fewer"));
        }
        let parts: Vec<&[u8]> = sets.iter().map(Vec::as_slice).collect();
        let der = tlv::sequence(&parts);
        if der.len() > NAME_BYTES {
            return Err(Error::usage("name", "it is too long", "use fewer or shorter attributes"));
        }
        Ok(Name(der.into()))
    }

    /// Reads a Name in DER.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if its structure is not sound. What is in the strings is not looked at.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let tlv = tlv::only(der, tlv::SEQUENCE).and_then(|tlv| check(&tlv).map(|()| tlv));
        tlv.map(|tlv| Self::of(tlv.whole())).map_err(|_| Error::malformed("name", "it is none"))
    }

    /// One that [`check`] was content with, in DER.
    pub(super) fn of(checked: &[u8]) -> Self {
        Name(checked.into())
    }

    /// The Name in DER, as it came.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// Whether it has no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes().next().is_none()
    }

    /// All attributes, in the order of the encoding: the most general first.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        attributes(&self.0)
    }

    /// The text of the last, so most particular, attribute of this kind.
    #[must_use]
    pub fn get(&self, kind: &NameAttribute) -> Option<String> {
        self.attributes().filter(|attribute| attribute.kind == *kind).last()?.text()
    }

    /// OpenSSL's hash of a name, after which it looks for certificates in a directory (`openssl x509 -subject_hash`).
    ///
    /// It finds, and proves nothing: it has 32 bits.
    #[must_use]
    pub fn openssl_hash(&self) -> u32 {
        let digest = hash::digest(Digest::Sha1, &[&canonical(parts(&self.0), Folding::Ascii).concat()]);
        digest.first_chunk::<4>().map_or(0, |first| u32::from_le_bytes(*first))
    }

    /// A form that equal names have in common, part by part.
    pub(super) fn canonical(&self) -> Vec<Vec<u8>> {
        canonical(parts(&self.0), Folding::Unicode)
    }

    /// What equal names have in common, and no others: short, to look them up by.
    pub(super) fn key(&self) -> NameKey {
        // The parts are DER, and so no two lists of them make the same bytes.
        let parts = self.canonical();
        NameKey(hash::digest(Digest::Sha256, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }
}

/// See [`Name::key`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct NameKey(Vec<u8>);

impl NameKey {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether the structure of a name is sound: SEQUENCE OF SET OF SEQUENCE { OID, any }, and it is not too long.
pub(super) fn check(name: &Tlv<'_>) -> tlv::Result<()> {
    if name.whole().len() > NAME_BYTES {
        return Err(Unsound);
    }
    let mut count = 0;
    let mut parts = name.inside();
    while !parts.is_done() {
        let mut set = parts.expect(tlv::SET)?.inside();
        // A SET of nothing says nothing, and X.501 has none.
        set.tag().ok_or(Unsound)?;
        while !set.is_done() {
            let mut attribute = set.sequence()?;
            let oid = attribute.expect(tlv::OID)?;
            Oid::from_value(oid.value()).ok_or(Unsound)?;
            attribute.any()?;
            attribute.end()?;
            count += 1;
        }
    }
    if count > NAME_ATTRIBUTES { Err(Unsound) } else { Ok(()) }
}

fn parts(name: &[u8]) -> impl Iterator<Item = Tlv<'_>> {
    let mut walker = tlv::only(name, tlv::SEQUENCE).map_or(Walker::new(&[]), |tlv| tlv.inside());
    std::iter::from_fn(move || walker.any().ok())
}

fn attributes(name: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    parts(name).flat_map(|part| {
        let mut set = part.inside();
        let mut joined = false;
        std::iter::from_fn(move || {
            let mut walker = set.sequence().ok()?;
            let kind = NameAttribute::of(Oid::from_value(walker.any().ok()?.value())?);
            let attribute = Attribute { value: walker.any().ok()?, kind, joined };
            joined = true;
            Some(attribute)
        })
    })
}

/// An AttributeTypeAndValue in DER.
fn written(kind: &NameAttribute, text: &str) -> Result<Vec<u8>> {
    let longest = kind.known().map_or(attribute::LONGEST, |known| known.longest);
    let length = text.chars().count();
    let why = match kind.tag() {
        _ if length == 0 => "an attribute is empty",
        _ if length > longest => "an attribute is longer than RFC 5280 appendix A.1 allows",
        _ if *kind == NameAttribute::Country && length != 2 => "a country has two letters",
        tlv::PRINTABLE_STRING if !attribute::is_printable(text) => {
            "an attribute may have only plain characters"
        }
        tlv::IA5_STRING if !text.is_ascii() => "an attribute may have only ASCII characters",
        tag => {
            let oid = tlv::wrap(tlv::OID, &[kind.oid().as_bytes()]);
            return Ok(tlv::sequence(&[&oid, &tlv::wrap(tag, &[text.as_bytes()])]));
        }
    };
    let shown = kind.keyword().map_or_else(|| kind.oid().to_string(), str::to_owned);
    Err(Error::usage("name", why, format!("change the attribute {shown}")))
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.canonical() == other.canonical()
    }
}

impl Eq for Name {}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

/// RFC 4514 section 2: the last part first, attributes of one part joined by `+`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        for attribute in self.attributes() {
            let shown = shown(&attribute);
            match parts.last_mut() {
                Some(part) if attribute.joined => {
                    part.push('+');
                    part.push_str(&shown);
                }
                _ => parts.push(shown),
            }
        }
        parts.reverse();
        f.write_str(&parts.join(","))
    }
}

fn shown(attribute: &Attribute<'_>) -> String {
    let kind = attribute.kind.keyword().map_or_else(|| attribute.kind.oid().to_string(), str::to_owned);
    match attribute.text() {
        Some(text) => format!("{kind}={}", escaped(&text)),
        // RFC 4514 section 2.4: what is no string is shown in hexadecimal.
        None => {
            let hex: String = attribute.as_der().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{kind}=#{hex}")
        }
    }
}

/// RFC 4514 section 2.4; control characters too, so that a name cannot draw on a terminal.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '#' if at == 0 => out.push_str("\\#"),
            c if c.is_control() || is_unseen(c) => {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push_str(&format!("\\{byte:02x}")));
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters that change the direction of a text, or have no width: a name could pass for another with them.
fn is_unseen(c: char) -> bool {
    crate::encoding::plain::is_unseen(c)
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &'static str| Error::usage("name", why, "write it like CN=Bob,O=Example,C=CH");
        let mut sets = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let mut set = Vec::new();
            loop {
                let (kind, after) = rest.split_once('=').ok_or_else(|| wrong("a part has no `=`"))?;
                let kind = NameAttribute::parse(kind.trim()).ok_or_else(|| {
                    wrong("it has a keyword that bulla does not know; use its object identifier")
                })?;
                // RFC 4514 section 2.4: bytes in hexadecimal, which no name of bulla's making has.
                if after.trim_start().starts_with('#') {
                    return Err(wrong(
                        "a value begins with `#`, which stands for bytes; write `\\#` for a `#`",
                    ));
                }
                let (value, end, after) =
                    unescaped(after).ok_or_else(|| wrong("an escape in it is not sound"))?;
                set.push(written(&kind, &value)?);
                rest = after.trim_start();
                if end != Some('+') {
                    if end.is_some() && rest.is_empty() {
                        return Err(wrong("it ends in a comma"));
                    }
                    break;
                }
            }
            set.sort();
            let set: Vec<&[u8]> = set.iter().map(Vec::as_slice).collect();
            sets.push(tlv::wrap(tlv::SET, &set));
        }
        sets.reverse();
        Self::of_sets(&sets)
    }
}

/// A value up to the next `,` or `+` (RFC 4514 section 3), what ended it, and what is after.
fn unescaped(text: &str) -> Option<(String, Option<char>, &str)> {
    let mut bytes = Vec::new();
    // Spaces at the end that were not escaped do not count.
    let mut kept = 0;
    let mut rest = text.trim_start();
    let end = loop {
        let mut characters = rest.chars();
        match characters.next() {
            None => break None,
            Some(end @ (',' | ';' | '+')) => {
                rest = characters.as_str();
                break Some(if end == '+' { '+' } else { ',' });
            }
            Some('\\') => {
                let escaped = characters.as_str();
                match escaped.get(..2).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
                    Some(hex) => {
                        bytes.push(u8::from_str_radix(hex, 16).ok()?);
                        rest = escaped.get(2..)?;
                    }
                    None => {
                        let c = characters.next()?;
                        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        rest = characters.as_str();
                    }
                }
                kept = bytes.len();
            }
            Some(c) => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                if c != ' ' {
                    kept = bytes.len();
                }
                rest = characters.as_str();
            }
        }
    };
    bytes.truncate(kept);
    Some((String::from_utf8(bytes).ok()?, end, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_their_text() {
        for text in [
            "CN=Bob,O=Example,C=CH",
            "UID=bob+CN=Bob\\, the builder,DC=example,DC=org",
            "CN=\\#1 \\\"x\\\" \\ ",
            "1.2.3.4=x,CN=Zoë",
            "CN=a\\0ab",
            "",
        ] {
            let name: Name = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
            assert_eq!(Name::from_der(name.as_der()).unwrap(), name);
        }
    }

    #[test]
    fn names_are_compared_without_case_kind_of_string_and_spaces() {
        let name = |tag, text: &str| {
            let oid = tlv::wrap(tlv::OID, &[&[0x55, 4, 10]]);
            let attribute = tlv::sequence(&[&oid, &tlv::wrap(tag, &[text.as_bytes()])]);
            Name::from_der(&tlv::sequence(&[&tlv::wrap(tlv::SET, &[&attribute])])).unwrap()
        };
        let plain = name(tlv::PRINTABLE_STRING, "Test  Organisation ");
        assert_eq!(plain, name(tlv::UTF8_STRING, " test organisation"));
        assert_ne!(plain, name(tlv::UTF8_STRING, "testorganisation"));
        assert_eq!(name(tlv::UTF8_STRING, "STRASSE ﬁ Å"), name(tlv::UTF8_STRING, "strasse fi a\u{30a}"));
        assert_ne!(name(tlv::OCTET_STRING, "a"), name(tlv::OCTET_STRING, "A"));
        // What nobody sees makes no other name.
        for unseen in ["Ba\u{ad}nk", "B\u{200b}ank", "\u{feff}Bank", "Bank\u{0}", "b\u{e0041}ank"] {
            assert_eq!(name(tlv::UTF8_STRING, unseen), name(tlv::PRINTABLE_STRING, "bank"), "{unseen:?}");
        }
    }

    #[test]
    fn equal_names_have_one_key_and_others_have_another() {
        let key = |text: &str| text.parse::<Name>().unwrap().key();
        assert_eq!(key("CN=Bob,O=Example"), key("CN=BOB,O= example"));
        for other in ["CN=Bob", "O=Example", "O=Example,CN=Bob", "CN=Bob+O=Example", "CN=BobO=Example", ""] {
            assert_ne!(key("CN=Bob,O=Example"), key(other), "{other}");
        }
    }

    #[test]
    fn a_name_of_4096_bytes_is_read_and_a_longer_one_is_not() {
        let long = |more: usize| format!("SN={},SN={}", "x".repeat(2000), "x".repeat(2000 + more));
        let whole = (0..100).find(|more| long(more + 1).parse::<Name>().is_err()).unwrap();
        let name: Name = long(whole).parse().unwrap();
        assert_eq!(name.as_der().len(), NAME_BYTES);
        assert!(Name::from_der(name.as_der()).is_ok());
        let set = tlv::wrap(tlv::SET, &[&tlv::sequence(&[&[6, 1, 42], &tlv::wrap(12, &[&[b'x'; 4083]])])]);
        assert!(Name::from_der(&tlv::sequence(&[&set])).is_err());
    }

    #[test]
    fn bytes_in_hexadecimal_are_shown_and_never_read_as_their_digits() {
        let der = [0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, 0xff];
        let odd = Name::from_der(&der).unwrap();
        assert_eq!(odd.to_string(), "CN=#0c01ff");
        for text in ["CN=#0c01ff", "CN= #0c0141", "O=x+CN=#", "CN=#1,O=x"] {
            let error = text.parse::<Name>().unwrap_err();
            assert!(error.to_string().contains("write `\\#`"), "{text}: {error}");
        }
        let literal: Name = "CN=\\#0c01ff".parse().unwrap();
        assert_ne!(literal, odd);
        assert_eq!(literal.attributes().next().unwrap().text().unwrap(), "#0c01ff");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["Bob", "CN=", "CN=x,", "XX=y", "CN=\\", "CN=\\ff", "C=CHE", "DC=zoë"] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
        for der in [&[0x30, 2, 0x31, 0][..], &[0x31, 0], &[0x30, 4, 0x31, 2, 0x30, 0], &[]] {
            assert!(Name::from_der(der).is_err(), "{der:02x?}");
        }
    }
}
