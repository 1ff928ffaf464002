//! A hello of TLS by hand, of any version and with any suites, and what a server says to it: nothing is ever agreed on.
//!
//! It is how `bulla tls probe` finds what no connection of bulla's would be made with. Only the answer's first message is read.
use std::io::{self, Read, Write};

/// Versions as they are on the wire.
pub(crate) const SSL3: u16 = 0x0300;
pub(crate) const TLS10: u16 = 0x0301;
pub(crate) const TLS11: u16 = 0x0302;
pub(crate) const TLS12: u16 = 0x0303;
pub(crate) const TLS13: u16 = 0x0304;

/// What is offered.
pub(crate) struct Hello<'a> {
    pub(crate) version: u16,
    pub(crate) suites: &'a [u16],
    pub(crate) groups: &'a [u16],
    /// The host that is asked for; an address is not (RFC 6066 section 3).
    pub(crate) host: Option<&'a str>,
}

/// What a server says first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Hello(Chosen),
    /// An alert, by its number (RFC 8446 section 6).
    Alert(u8),
    /// It hangs up without a word.
    End,
    /// Something that is not TLS.
    Other,
}

/// What a server has chosen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) version: u16,
    pub(crate) suite: u16,
    pub(crate) compresses: bool,
    /// TLS 1.3: the group that it wants a share of.
    pub(crate) group: Option<u16>,
    /// RFC 5746.
    pub(crate) renegotiates_soundly: bool,
    /// RFC 7627.
    pub(crate) extended_master_secret: bool,
}

mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const GROUPS: u16 = 10;
    pub(super) const POINT_FORMATS: u16 = 11;
    pub(super) const SIGNATURES: u16 = 13;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(super) const VERSIONS: u16 = 43;
    pub(super) const KEY_SHARE: u16 = 51;
    pub(super) const RENEGOTIATION: u16 = 0xff01;
}

/// Signatures that servers may make (RFC 8446 section 4.2.3), those of SHA-1 and MD5 last: it is the server's own weakness that is
/// looked for.
const SIGNATURES: [u16; 15] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0809, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
    0x0202, 0x0101,
];

/// It protects nothing: no key comes of it.
const RANDOM: [u8; 32] = *b"no secret: it is never gone on..";

/// Appends bytes with their length before them, in so many bytes.
fn counted<const N: usize>(into: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len().to_be_bytes();
    into.extend_from_slice(length.get(length.len().saturating_sub(N)..).unwrap_or_default());
    into.extend_from_slice(bytes);
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

impl Hello<'_> {
    /// The record to send (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2, RFC 6101 section 5.6.1.2).
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut body = self.version.min(TLS12).to_be_bytes().to_vec();
        body.extend_from_slice(&RANDOM);
        counted::<1>(&mut body, &[]);
        counted::<2>(&mut body, &words(self.suites));
        // DEFLATE (RFC 3749) before none; TLS 1.3 allows none alone.
        counted::<1>(&mut body, if self.version == TLS13 { &[0] } else { &[1, 0] });
        if self.version > SSL3 {
            counted::<2>(&mut body, &self.extensions());
        }
        let mut message = vec![1];
        counted::<3>(&mut message, &body);
        let mut record = vec![22];
        record.extend_from_slice(&self.version.min(TLS10).to_be_bytes());
        counted::<2>(&mut record, &message);
        record
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |kind: u16, value: &[u8]| {
            all.extend_from_slice(&kind.to_be_bytes());
            counted::<2>(&mut all, value);
        };
        let list = |bytes: &[u8]| {
            let mut list = Vec::new();
            counted::<2>(&mut list, bytes);
            list
        };
        if let Some(host) = self.host {
            let mut name = vec![0];
            counted::<2>(&mut name, host.as_bytes());
            add(extension::SERVER_NAME, &list(&name));
        }
        add(extension::GROUPS, &list(&words(self.groups)));
        if self.version >= TLS12 {
            add(extension::SIGNATURES, &list(&words(&SIGNATURES)));
        }
        if self.version == TLS13 {
            add(extension::VERSIONS, &[2, 3, 4]);
            // No share: a server that would go on asks for one of its group (RFC 8446 section 4.2.8).
            add(extension::KEY_SHARE, &list(&[]));
        } else {
            add(extension::POINT_FORMATS, &[1, 0]);
            add(extension::EXTENDED_MASTER_SECRET, &[]);
            add(extension::RENEGOTIATION, &[0]);
        }
        all
    }

    /// Says it, and reads what comes.
    pub(crate) fn ask(&self, socket: &mut (impl Read + Write)) -> io::Result<Answer> {
        socket.write_all(&self.bytes())?;
        socket.flush()?;
        read(socket)
    }
}

/// Bytes of a first message. A hello has some hundred, and may have 64 KiB.
const MESSAGE: usize = 1 << 16;
/// Bytes of a record: RFC 5246 section 6.2.3.
const RECORD: usize = (1 << 14) + 2048;

fn read(from: &mut impl Read) -> io::Result<Answer> {
    let mut message = Vec::new();
    loop {
        let mut head = [0; 5];
        match from.read_exact(&mut head) {
            Err(error) if is_end(&error) => return Ok(Answer::End),
            other => other?,
        }
        let [kind, 3, _, high, low] = head else { return Ok(Answer::Other) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length == 0 || length > RECORD || message.len().saturating_add(length) > MESSAGE {
            return Ok(Answer::Other);
        }
        let mut record = vec![0; length];
        match from.read_exact(&mut record) {
            Err(error) if is_end(&error) => return Ok(Answer::End),
            other => other?,
        }
        match (kind, record.as_slice()) {
            (21, [_, alert]) => return Ok(Answer::Alert(*alert)),
            (22, _) => message.extend_from_slice(&record),
            _ => return Ok(Answer::Other),
        }
        let mut rest = Bytes(&message);
        if message.first() != Some(&2) {
            return Ok(Answer::Other);
        }
        let hello = rest.take(1).and_then(|_| rest.counted::<3>());
        if let Some(hello) = hello {
            return Ok(chosen(hello).map_or(Answer::Other, Answer::Hello));
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(error.kind(), K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe)
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// What has its length before it, in so many bytes.
    fn counted<const N: usize>(&mut self) -> Option<&'a [u8]> {
        let length = self.take(N)?.iter().fold(0_usize, |all, byte| (all << 8) | usize::from(*byte));
        self.take(length)
    }
}

/// A `ServerHello`, or a `HelloRetryRequest`, which looks like one (RFC 8446 section 4.1.3).
fn chosen(hello: &[u8]) -> Option<Chosen> {
    let mut rest = Bytes(hello);
    let mut chosen = Chosen { version: rest.word()?, ..Chosen::default() };
    rest.take(RANDOM.len())?;
    rest.counted::<1>()?;
    chosen.suite = rest.word()?;
    chosen.compresses = rest.take(1)? != [0];
    if rest.0.is_empty() {
        return Some(chosen);
    }
    let mut extensions = Bytes(rest.counted::<2>()?);
    while !extensions.0.is_empty() {
        let (kind, value) = (extensions.word()?, extensions.counted::<2>()?);
        match kind {
            extension::VERSIONS => chosen.version = Bytes(value).word()?,
            extension::KEY_SHARE => chosen.group = Bytes(value).word(),
            extension::RENEGOTIATION => chosen.renegotiates_soundly = true,
            extension::EXTENDED_MASTER_SECRET => chosen.extended_master_secret = true,
            _ => {}
        }
    }
    Some(chosen)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
    use super::*;

    fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 3];
        counted::<2>(&mut record, bytes);
        record
    }

    fn server_hello(version: u16, suite: u16, compression: u8, extensions: Option<&[u8]>) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend_from_slice(&[7; 32]);
        counted::<1>(&mut body, &[9; 32]);
        body.extend_from_slice(&suite.to_be_bytes());
        body.push(compression);
        if let Some(extensions) = extensions {
            counted::<2>(&mut body, extensions);
        }
        let mut message = vec![2];
        counted::<3>(&mut message, &body);
        message
    }

    fn answer(bytes: &[u8]) -> Answer {
        read(&mut &*bytes).unwrap()
    }

    #[test]
    fn each_version_is_asked_for_as_its_rfc_says() {
        let hello = |version| {
            Hello { version, suites: &[0x1301, 0x002f], groups: &[29, 23], host: Some("a.example") }.bytes()
        };
        let old = hello(SSL3);
        // Record, message, version; and no extensions after the methods of compression.
        assert_eq!(old[..11], [22, 3, 0, 0, 48, 1, 0, 0, 44, 3, 0]);
        assert!(old.ends_with(&[0, 0, 4, 0x13, 1, 0, 0x2f, 2, 1, 0]));
        for (version, on_wire) in [(TLS10, [3, 1]), (TLS11, [3, 2]), (TLS12, [3, 3]), (TLS13, [3, 3])] {
            let bytes = hello(version);
            assert_eq!((&bytes[1..3], &bytes[9..11]), (&[3, 1][..], &on_wire[..]));
            assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
            let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            assert!(has(b"\0\0\0\x0e\0\x0c\0\0\x09a.example"));
            assert!(has(&[0, 10, 0, 6, 0, 4, 0, 29, 0, 23]));
            assert_eq!(has(&[0, 43, 0, 3, 2, 3, 4, 0, 51, 0, 2, 0, 0]), version == TLS13);
            assert_eq!(has(&[0xff, 1, 0, 1, 0]), version != TLS13);
        }
    }

    #[test]
    fn what_was_chosen_is_read_in_pieces_too() {
        let hello = server_hello(TLS12, 0xc02f, 0, Some(&[0xff, 1, 0, 1, 0, 0, 23, 0, 0]));
        let expected = Chosen {
            version: TLS12,
            suite: 0xc02f,
            renegotiates_soundly: true,
            extended_master_secret: true,
            ..Chosen::default()
        };
        assert_eq!(answer(&record(22, &hello)), Answer::Hello(expected));
        let (first, second) = hello.split_at(20);
        let pieces = [record(22, first), record(22, second)].concat();
        assert!(matches!(answer(&pieces), Answer::Hello(Chosen { suite: 0xc02f, .. })));
        let old = record(22, &server_hello(SSL3, 5, 1, None));
        let expected = Chosen { version: SSL3, suite: 5, compresses: true, ..Chosen::default() };
        assert_eq!(answer(&old), Answer::Hello(expected));
        // A HelloRetryRequest.
        let retry = server_hello(TLS12, 0x1301, 0, Some(&[0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 29]));
        let expected = Chosen { version: TLS13, suite: 0x1301, group: Some(29), ..Chosen::default() };
        assert_eq!(answer(&record(22, &retry)), Answer::Hello(expected));
    }

    #[test]
    fn what_is_no_hello_is_never_read_without_end() {
        assert_eq!(answer(&record(21, &[2, 70])), Answer::Alert(70));
        assert_eq!(answer(b""), Answer::End);
        assert_eq!(answer(&[22, 3, 3, 0, 9, 2]), Answer::End);
        for other in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            &record(23, &[1; 40]),
            &record(22, &[11, 0, 0, 1, 0]),
            &record(22, &[2, 0, 0, 3, 3, 3, 0]),
            &[22, 3, 3, 0, 0],
            &[22, 3, 3, 0xff, 0xff],
            &record(22, &server_hello(TLS12, 1, 0, Some(&[0, 43, 0, 9]))),
            &record(22, &server_hello(TLS12, 1, 0, Some(&[0, 43, 0, 1, 3]))),
        ] {
            assert_eq!(answer(other), Answer::Other, "{other:02x?}");
        }
        // A message that says it has 16 MiB, and goes on and on.
        let mut endless = record(22, &[&[2, 0xff, 0xff, 0xff][..], &[0; 1000]].concat());
        for _ in 0..100 {
            endless.extend(record(22, &[0; 1000]));
        }
        let mut rest = &*endless;
        assert_eq!(read(&mut rest).unwrap(), Answer::Other);
        assert!(rest.len() > 30_000, "it stops at the bound");
    }

    #[test]
    fn no_cut_or_changed_byte_makes_it_fall() {
        let whole =
            record(22, &server_hello(TLS12, 0x1301, 0, Some(&[0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 29])));
        for length in 0..whole.len() {
            assert_eq!(answer(&whole[..length]), Answer::End, "{length}");
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                let _ = answer(&changed);
            }
        }
    }
}
