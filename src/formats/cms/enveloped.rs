//! EnvelopedData (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083): what stands before the content, and after it.
//!
//! The content itself is streamed. What stands around it comes here in DER: values that follow each other, collected
//! and made DER by whoever reads the stream.
use spki::ObjectIdentifier;

use super::algorithm::{Cipher, ContentEncryption, WHAT};
use super::attribute::Attributes;
use super::content::{AUTH_ENVELOPED_DATA, ENVELOPED_DATA};
use super::recipient::RecipientInfo;
use crate::encoding::tlv::{self, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Unsound, Walker};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CMS_HEAD_BYTES, CMS_RECIPIENTS, CMS_TAIL_BYTES};

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Whose content can be changed by others.
    Enveloped,
    AuthEnveloped,
}

impl Kind {
    /// By the value of a content type; `None`: it is neither.
    pub(crate) fn of(content_type: &[u8]) -> Option<Self> {
        let all = [Kind::Enveloped, Kind::AuthEnveloped];
        all.into_iter().find(|kind| kind.content_type().as_bytes() == content_type)
    }

    pub(crate) fn content_type(self) -> &'static ObjectIdentifier {
        match self {
            Kind::Enveloped => &ENVELOPED_DATA,
            Kind::AuthEnveloped => &AUTH_ENVELOPED_DATA,
        }
    }

    /// Whether a cipher goes with it. GCM in EnvelopedData would be without its tag, and CBC in AuthEnvelopedData has
    /// none (CVE-2026-34182).
    fn takes(self, cipher: &Cipher) -> bool {
        cipher.tag_len().is_some() == (self == Kind::AuthEnveloped)
    }
}

/// What stands before the content: version, what helps, and who may open it.
pub(crate) struct Head<'a> {
    /// In their order. At least one.
    pub(crate) recipients: Vec<RecipientInfo<'a>>,
}

impl<'a> Head<'a> {
    /// Reads the values before EncryptedContentInfo: version, originatorInfo if it is there, recipientInfos.
    pub(crate) fn read(kind: Kind, values: &'a [u8]) -> Result<Self> {
        if values.len() > CMS_HEAD_BYTES {
            return Err(too_long("what stands before its content is over 8 MiB"));
        }
        let mut walker = Walker::new(values);
        let head = Self::next(kind, &mut walker)?;
        walker.end().map_err(unsound)?;
        Ok(head)
    }

    fn next(kind: Kind, fields: &mut Walker<'a>) -> Result<Self> {
        let version = fields.expect(INTEGER).and_then(|version| version.small()).map_err(unsound)?;
        // RFC 5083 section 2.1. The other's follows from what is in it (RFC 5652 section 6.1), and writers are wrong about it
        // often: nothing hangs on it.
        let most = if kind == Kind::AuthEnveloped { 0 } else { 4 };
        if version > most {
            return Err(unsound(Unsound));
        }
        // Certificates of static keys to agree with, which nobody writes; CRLs belong elsewhere.
        fields.optional(tlv::constructed(0)).map_err(unsound)?;
        let set = fields.expect(SET).map_err(unsound)?;
        let count = count(set.inside())?;
        let mut recipients = Vec::with_capacity(count);
        let mut infos = set.inside();
        while !infos.is_done() {
            recipients.push(infos.any().and_then(|info| RecipientInfo::read(&info)).map_err(unsound)?);
        }
        Ok(Head { recipients })
    }
}

/// How many there are; a key agreement counts for each of its recipients.
fn count(mut infos: Walker<'_>) -> Result<usize> {
    let mut count = 0usize;
    while !infos.is_done() {
        let info = infos.any().map_err(unsound)?;
        count = count.saturating_add(if info.tag == 0xa1 { agreeing(info.inside()).max(1) } else { 1 });
        if count > CMS_RECIPIENTS {
            return Err(too_long("it has over 4096 recipients"));
        }
    }
    if count == 0 { Err(unsound(Unsound)) } else { Ok(count) }
}

/// Entries of the last SEQUENCE of a key agreement; what is not sound there is found later.
fn agreeing(mut fields: Walker<'_>) -> usize {
    let mut last = None;
    while let Ok(field) = fields.any() {
        last = Some(field);
    }
    let mut keys = last.map_or(Walker::new(&[]), |last| last.inside());
    std::iter::from_fn(|| keys.any().ok()).take(CMS_RECIPIENTS + 1).count()
}

/// EncryptedContentInfo, but for the content.
#[derive(Debug)]
pub(crate) struct ContentInfo {
    /// The type of what is encrypted (the value of its identifier).
    pub(crate) content_type: Vec<u8>,
    pub(crate) encryption: ContentEncryption,
}

impl ContentInfo {
    /// Reads the values before the content: its type, and how it is encrypted.
    pub(crate) fn read(kind: Kind, values: &[u8]) -> Result<Self> {
        let mut walker = Walker::new(values);
        let info = Self::next(kind, &mut walker)?;
        walker.end().map_err(unsound)?;
        Ok(info)
    }

    fn next(kind: Kind, fields: &mut Walker<'_>) -> Result<Self> {
        let content_type = fields.expect(OID).map_err(unsound)?.value().to_vec();
        let encryption = ContentEncryption::read(fields.expect(SEQUENCE).map_err(unsound)?.whole())?;
        if !kind.takes(&encryption.cipher) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                WHAT,
                "its cipher does not go with its type",
                "have it encrypted again: AES-GCM as AuthEnvelopedData, AES-CBC as EnvelopedData",
            ));
        }
        Ok(ContentInfo { content_type, encryption })
    }

    /// The values before the content.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        [tlv::wrap(OID, &[&self.content_type]), self.encryption.to_der()].concat()
    }
}

/// What stands after the content. Attributes that nothing protects are passed over.
#[derive(Default)]
pub(crate) struct Tail<'a> {
    /// Of AuthEnvelopedData.
    pub(crate) attributes: Option<Attributes<'a>>,
    /// The tag, of AuthEnvelopedData; else empty.
    pub(crate) mac: &'a [u8],
}

impl<'a> Tail<'a> {
    /// Reads the values after EncryptedContentInfo. `encryption`: the tag has the length that it says.
    pub(crate) fn read(kind: Kind, encryption: &ContentEncryption, values: &'a [u8]) -> Result<Self> {
        if values.len() > CMS_TAIL_BYTES {
            return Err(too_long("what stands after its content is over 256 KiB"));
        }
        let tail = Self::next(kind, Walker::new(values))?;
        // A shorter tag would be one that is easier to guess.
        if encryption.cipher.tag_len().unwrap_or(0) != tail.mac.len() {
            return Err(Error::malformed(WHAT, "its tag has not the length that it should have"));
        }
        Ok(tail)
    }

    fn next(kind: Kind, mut fields: Walker<'a>) -> Result<Self> {
        let attributes = fields.optional(tlv::constructed(1)).map_err(unsound)?;
        if kind == Kind::Enveloped {
            fields.end().map_err(unsound)?;
            return Ok(Tail::default());
        }
        let mac = fields.expect(OCTET_STRING).map_err(unsound)?.value();
        fields.optional(tlv::constructed(2)).and_then(|_| fields.end()).map_err(unsound)?;
        let attributes = attributes.map(|set| Attributes::read(&set)).transpose()?;
        Ok(Tail { attributes, mac })
    }

    /// What is authenticated beside the content (RFC 5083 section 2.2): the attributes as a SET OF, as they came.
    pub(crate) fn additional(&self) -> Vec<u8> {
        self.attributes.as_ref().map_or(Vec::new(), Attributes::to_be_signed)
    }
}

fn too_long(why: &'static str) -> Error {
    Error::over_limit(WHAT, why, "leave it: it may be hostile")
}

fn unsound(_: Unsound) -> Error {
    Error::malformed(WHAT, "it is not built as RFC 5652 and RFC 5083 say")
}

// Writing. Without attributes, which S/MIME has no use for.

/// The values before EncryptedContentInfo. `recipients`: each a RecipientInfo, in DER.
pub(crate) fn head(kind: Kind, recipients: &[Vec<u8>]) -> Vec<u8> {
    let mut sorted: Vec<&[u8]> = recipients.iter().map(Vec::as_slice).collect();
    // X.690 section 11.6. No two are equal, and none begins as another ends.
    sorted.sort_unstable();
    [tlv::number(version(kind, recipients)), tlv::wrap(SET, &sorted)].concat()
}

/// The values after it. `mac`: of AuthEnvelopedData.
pub(crate) fn tail(kind: Kind, mac: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Enveloped => Vec::new(),
        Kind::AuthEnveloped => tlv::wrap(OCTET_STRING, &[mac]),
    }
}

/// RFC 5652 section 6.1, RFC 5083 section 2.1.
fn version(kind: Kind, recipients: &[Vec<u8>]) -> u32 {
    let of = |info: &[u8]| Walker::new(info).any().and_then(|info| info.inside().expect(INTEGER)?.small());
    let has_tag = |info: &Vec<u8>| matches!(info.first(), Some(0xa3 | 0xa4));
    if kind == Kind::AuthEnveloped {
        0
    } else if recipients.iter().any(has_tag) {
        3
    } else if recipients.iter().all(|info| of(info) == Ok(0)) {
        0
    } else {
        2
    }
}

/// Takes a whole message apart, for tests: a program does so while it reads.
#[cfg(test)]
pub(crate) mod apart {
    use super::*;
    use crate::encoding::ber;

    pub(crate) struct Apart {
        pub(crate) kind: Kind,
        pub(crate) head: Vec<u8>,
        pub(crate) info: Vec<u8>,
        pub(crate) sealed: Vec<u8>,
        pub(crate) tail: Vec<u8>,
    }

    pub(crate) fn take(message: &[u8]) -> Apart {
        let der = ber::to_der("CMS", message, usize::MAX).unwrap();
        let (kind, data) = super::super::content::read(&der).unwrap();
        let mut fields = data.inside();
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        while fields.tag() != Some(SEQUENCE) {
            head.extend(fields.any().unwrap().whole());
        }
        let mut content = fields.sequence().unwrap();
        let info = [content.any().unwrap().whole(), content.any().unwrap().whole()].concat();
        let sealed = ber::implicit_octets(&content.any().unwrap(), 0).unwrap().into_owned();
        while let Ok(after) = fields.any() {
            tail.extend(after.whole());
        }
        Apart { kind: Kind::of(kind).unwrap(), head, info, sealed, tail }
    }
}

#[cfg(test)]
mod tests {
    use super::super::algorithm::Aes;
    use super::super::certificate_id::CertificateId;
    use std::io::Write as _;

    use super::super::frame::{Frame, FrameWriter, Wrapping};
    use super::super::recipient::{write_kek, write_key_transport, write_password};
    use super::*;

    /// A message, in DER.
    fn write(kind: Kind, recipients: &[Vec<u8>], info: &ContentInfo, sealed: &[u8], mac: &[u8]) -> Vec<u8> {
        let frame = Frame {
            kind: *kind.content_type(),
            head: head(kind, recipients),
            about: info.to_der(),
            wrapping: Wrapping::Implicit,
        };
        let mut writer = FrameWriter::new(Vec::new(), frame);
        writer.write_all(sealed).unwrap();
        writer.finish(&tail(kind, mac)).unwrap()
    }

    const ALGORITHM: &[u8] = &[SEQUENCE, 3, OID, 1, 42];
    const BOTH: [Kind; 2] = [Kind::Enveloped, Kind::AuthEnveloped];

    fn info(kind: Kind) -> ContentInfo {
        let cipher = match kind {
            Kind::Enveloped => Cipher::AesCbc { aes: Aes::Aes256, iv: [1; 16] },
            Kind::AuthEnveloped => Cipher::AesGcm { aes: Aes::Aes256, nonce: [1; 12], tag: 16 },
        };
        let content_type = super::super::content::DATA.as_bytes().to_vec();
        ContentInfo { content_type, encryption: ContentEncryption::new(cipher, true) }
    }

    fn mac(kind: Kind) -> &'static [u8] {
        if kind == Kind::Enveloped { &[] } else { &[9; 16] }
    }

    fn kind_of<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn a_message_is_read_again_however_it_was_written() {
        let recipients = [write_kek(b"2", ALGORITHM, b"x"), write_kek(b"1", ALGORITHM, b"x")];
        for kind in BOTH {
            let (info, mac) = (info(kind), mac(kind));
            let written = write(kind, &recipients, &info, b"sealed", mac);
            assert_eq!(crate::encoding::ber::to_der("CMS", &written, 1 << 20).unwrap(), written);
            let apart = apart::take(&written);
            assert_eq!((apart.kind, &apart.sealed[..]), (kind, &b"sealed"[..]));
            let ids: Vec<_> = Head::read(kind, &apart.head).unwrap().recipients;
            let ids = ids.iter().map(|one| match one {
                RecipientInfo::Kek { id, .. } => *id,
                _ => b"?",
            });
            assert_eq!(ids.collect::<Vec<_>>(), [b"1", b"2"]);
            let read = ContentInfo::read(kind, &apart.info).unwrap();
            assert_eq!((&read.content_type, &read.encryption), (&info.content_type, &info.encryption));
            assert_eq!(Tail::read(kind, &read.encryption, &apart.tail).unwrap().mac, mac);
        }
    }

    #[test]
    fn a_version_follows_from_the_recipients() {
        let by_issuer = CertificateId::IssuerAndSerial(&[SEQUENCE, 0], &[5]);
        let by_issuer = write_key_transport(&by_issuer, ALGORITHM, b"x");
        let by_key = write_key_transport(&CertificateId::KeyId(b"id".into()), ALGORITHM, b"x");
        let (kek, password) = (write_kek(b"id", ALGORITHM, b"x"), write_password(&[], ALGORITHM, b"x"));
        for (recipients, right) in [
            (vec![by_issuer.clone(), by_issuer.clone()], 0),
            (vec![by_issuer.clone(), by_key], 2),
            (vec![by_issuer.clone(), kek], 2),
            (vec![by_issuer, password], 3),
        ] {
            assert_eq!(version(Kind::Enveloped, &recipients), right);
            assert_eq!(version(Kind::AuthEnveloped, &recipients), 0);
        }
    }

    #[test]
    fn a_cipher_goes_with_its_kind_of_message_alone() {
        for kind in BOTH {
            let values = info(kind).to_der();
            let other = BOTH[usize::from(kind == BOTH[0])];
            assert_eq!(kind_of(ContentInfo::read(kind, &values)), None);
            assert_eq!(kind_of(ContentInfo::read(other, &values)), Some(ErrorKind::Unsupported));
        }
    }

    #[test]
    fn a_head_of_another_version_or_without_recipients_is_refused() {
        let head = |version: u32, infos: &[&[u8]]| [tlv::number(version), tlv::wrap(SET, infos)].concat();
        let one = write_kek(b"id", ALGORITHM, b"x");
        let of = |kind, values: &[u8]| kind_of(Head::read(kind, values));
        let malformed = Some(ErrorKind::Malformed);
        for (version, enveloped, authenticated) in
            [(0, None, None), (4, None, malformed), (5, malformed, malformed)]
        {
            let values = head(version, &[&one]);
            assert_eq!(of(Kind::Enveloped, &values), enveloped, "{version}");
            assert_eq!(of(Kind::AuthEnveloped, &values), authenticated, "{version}");
        }
        for wrong in [head(0, &[]), head(0, &[&one, &[5]]), head(0, &[&one])[3..].to_vec()] {
            assert_eq!(of(Kind::Enveloped, &wrong), malformed);
        }
        let helped = [tlv::number(0), vec![0xa0, 0], tlv::wrap(SET, &[&one])].concat();
        assert_eq!(of(Kind::AuthEnveloped, &helped), None);
        assert_eq!(of(Kind::AuthEnveloped, &[helped, vec![5, 0]].concat()), malformed);
    }

    #[test]
    fn recipients_are_counted_before_they_are_read() {
        let many = |count, one: &[u8]| {
            let values = [tlv::number(2), tlv::wrap(SET, &vec![one; count])].concat();
            kind_of(Head::read(Kind::Enveloped, &values))
        };
        let (one, over) = (write_kek(b"id", ALGORITHM, b"x"), Some(ErrorKind::OverLimit));
        assert_eq!(many(CMS_RECIPIENTS, &one), None);
        assert_eq!(many(CMS_RECIPIENTS + 1, &one), over);
        // Not sound, and not looked at.
        assert_eq!(many(CMS_RECIPIENTS, &[0xa2, 0]), Some(ErrorKind::Malformed));
        assert_eq!(many(CMS_RECIPIENTS + 1, &[0xa2, 0]), over);
        // Those of a key agreement count as any.
        let id = tlv::sequence(&[&[SEQUENCE, 0], &[INTEGER, 1, 5]]);
        let key = tlv::sequence(&[&id, &[OCTET_STRING, 0]]);
        let agreement = |count| {
            let keys = tlv::sequence(&vec![&key[..]; count]);
            tlv::wrap(0xa1, &[&tlv::number(3), &tlv::wrap(0xa0, &[&id]), ALGORITHM, &keys])
        };
        assert_eq!(many(1, &agreement(CMS_RECIPIENTS)), None);
        assert_eq!(many(1, &agreement(CMS_RECIPIENTS + 1)), over);
        assert_eq!(
            (many(2, &agreement(CMS_RECIPIENTS / 2)), many(2, &agreement(CMS_RECIPIENTS / 2 + 1))),
            (None, over)
        );
        let long = |length: usize| {
            let filling = tlv::wrap(0xa5, &[&vec![0; length]]);
            let values = [tlv::number(2), tlv::wrap(SET, &[&filling])].concat();
            let values_len = values.len();
            (values_len, kind_of(Head::read(Kind::Enveloped, &values)))
        };
        assert_eq!(long(CMS_HEAD_BYTES - 13), (CMS_HEAD_BYTES, None));
        assert_eq!(long(CMS_HEAD_BYTES - 12), (CMS_HEAD_BYTES + 1, over));
    }

    #[test]
    fn a_tag_has_the_length_that_the_cipher_says_and_stands_only_where_there_is_one() {
        let of = |kind: Kind, values: &[u8]| kind_of(Tail::read(kind, &info(kind).encryption, values));
        let tag = |length| tlv::wrap(OCTET_STRING, &[&vec![9; length]]);
        let malformed = Some(ErrorKind::Malformed);
        for length in [0, 4, 12, 15, 17] {
            assert_eq!(of(Kind::AuthEnveloped, &tag(length)), malformed, "{length}");
        }
        assert_eq!(of(Kind::AuthEnveloped, &tag(16)), None);
        assert_eq!(of(Kind::AuthEnveloped, &[]), malformed);
        assert_eq!((of(Kind::Enveloped, &[]), of(Kind::Enveloped, &tag(16))), (None, malformed));
        // Attributes: those that are protected stand before the tag, others after it.
        let set = |number: u8| tlv::wrap(0xa0 | number, &[&tlv::sequence(&[&[OID, 1, 42], &[SET, 2, 5, 0]])]);
        assert_eq!(of(Kind::Enveloped, &set(1)), None);
        assert_eq!(of(Kind::AuthEnveloped, &[set(1), tag(16), set(2)].concat()), None);
        assert_eq!(of(Kind::AuthEnveloped, &[tag(16), set(1)].concat()), malformed);
        assert_eq!(of(Kind::AuthEnveloped, &[set(1), set(1), tag(16)].concat()), malformed);
        let filled = |length: usize| {
            let values = [tag(16), tlv::wrap(0xa2, &[&vec![0; length - 18 - 5]])].concat();
            (values.len(), of(Kind::AuthEnveloped, &values))
        };
        assert_eq!(filled(CMS_TAIL_BYTES), (CMS_TAIL_BYTES, None));
        assert_eq!(filled(CMS_TAIL_BYTES + 1), (CMS_TAIL_BYTES + 1, Some(ErrorKind::OverLimit)));
    }

    /// RFC 5083 section 2.2.
    #[test]
    fn attributes_are_authenticated_as_the_set_that_they_are() {
        let inside = tlv::sequence(&[&[OID, 1, 42], &[SET, 2, 5, 0]]);
        let values = [tlv::wrap(0xa1, &[&inside]), tlv::wrap(OCTET_STRING, &[&[9; 16]])].concat();
        let encryption = info(Kind::AuthEnveloped).encryption;
        let tail = Tail::read(Kind::AuthEnveloped, &encryption, &values).unwrap();
        assert_eq!(tail.additional(), tlv::wrap(SET, &[&inside]));
        assert!(Tail::default().additional().is_empty());
    }
}
