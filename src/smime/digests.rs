//! Hashes of a content while it passes: as it came, and with the ends of lines that a signer saw.
use crate::keys::Digest;
use crate::primitives::hash::Hasher;

/// One hash of what passes.
struct Running {
    as_it_came: Hasher,
    /// Of the content with CRLF for each bare LF, from the first of those on.
    canonical: Option<Hasher>,
}

/// Hashes of a content, by one or more functions.
///
/// A signer digests lines that end in CRLF (RFC 8551 section 3.1.1). On its way a mail may have been given other ends; some
/// signers do not care, and digest what they have. So both are looked at, and only what was signed is given out.
pub(super) struct Digests {
    all: Vec<Running>,
    /// Whether ends of lines may have been changed.
    is_text: bool,
    last: u8,
    has_bare_ends: bool,
}

/// A hash of a content.
pub(super) struct Hashed {
    pub(super) digest: Digest,
    pub(super) as_it_came: Vec<u8>,
    /// `None`: it is the same.
    pub(super) canonical: Option<Vec<u8>>,
}

impl Digests {
    /// `is_text`: the content passed as lines of a mail.
    pub(super) fn new(digests: &[Digest], is_text: bool) -> Self {
        let mut all: Vec<Running> = Vec::new();
        for digest in digests {
            if all.iter().all(|running| running.as_it_came.digest() != *digest) {
                all.push(Running { as_it_came: Hasher::new(*digest), canonical: None });
            }
        }
        Digests { all, is_text, last: 0, has_bare_ends: false }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let has_bare = self.is_text && self.has_bare_end(bytes);
        if has_bare && !self.has_bare_ends {
            self.has_bare_ends = true;
            for running in &mut self.all {
                running.canonical = Some(running.as_it_came.clone());
            }
        }
        for running in &mut self.all {
            if let Some(canonical) = &mut running.canonical {
                if has_bare {
                    with_crlf(bytes, self.last, |part| canonical.update(part));
                } else {
                    canonical.update(bytes);
                }
            }
            running.as_it_came.update(bytes);
        }
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    fn has_bare_end(&self, bytes: &[u8]) -> bool {
        // Counted, and not looked for: that goes over many bytes at a time.
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let pairs = bytes.iter().zip(bytes.iter().skip(1));
        let whole = pairs.filter(|(before, byte)| **before == b'\r' && **byte == b'\n').count();
        ends != whole + usize::from(bytes.first() == Some(&b'\n') && self.last == b'\r')
    }

    /// Whether a line so far ended in LF alone.
    pub(super) fn has_bare_ends(&self) -> bool {
        self.has_bare_ends
    }

    pub(super) fn finish(self) -> Vec<Hashed> {
        let finished = self.all.into_iter().map(|running| Hashed {
            digest: running.as_it_came.digest(),
            as_it_came: running.as_it_came.finish(),
            canonical: running.canonical.map(Hasher::finish),
        });
        finished.collect()
    }
}

/// The parts of a text with a CR put before each LF that has none. `last`: the byte before the text.
pub(super) fn with_crlf(text: &[u8], last: u8, mut take: impl FnMut(&[u8])) {
    let mut rest = text;
    let mut last = last;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        let (before, after) = rest.split_at(at);
        let before_end = before.last().copied().unwrap_or(last);
        take(before);
        if before_end != b'\r' {
            take(b"\r");
        }
        take(b"\n");
        last = b'\n';
        rest = after.get(1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        take(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::hash;

    fn hashed(parts: &[&[u8]], is_text: bool) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut digests = Digests::new(&[Digest::Sha256, Digest::Sha256], is_text);
        parts.iter().for_each(|part| digests.update(part));
        let mut all = digests.finish();
        let only = all.pop().unwrap();
        assert!(all.is_empty() && only.digest == Digest::Sha256);
        (only.as_it_came, only.canonical)
    }

    fn sha256(text: &[u8]) -> Vec<u8> {
        hash::sha256(text).to_vec()
    }

    #[test]
    fn both_forms_of_a_text_are_hashed_wherever_it_is_cut() {
        let (text, canonical) = (b"a\r\nb\n\nc\r\r\n\r\nd\n", b"a\r\nb\r\n\r\nc\r\r\n\r\nd\r\n");
        for first in 0..text.len() {
            for second in first..text.len() {
                let parts = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(hashed(&parts, true), (sha256(text), Some(sha256(canonical))), "{first} {second}");
            }
        }
    }

    #[test]
    fn a_text_with_sound_ends_and_what_is_no_text_have_one_form() {
        for at in 0..5 {
            let (one, two) = b"a\r\nb\r".split_at(at);
            assert_eq!(hashed(&[one, two], true), (sha256(b"a\r\nb\r"), None));
        }
        assert_eq!(hashed(&[b"a\nb"], false), (sha256(b"a\nb"), None));
    }
}
