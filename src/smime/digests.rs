//! Hashes of a content while it passes: as it came, and with the ends of lines that a signer saw.
use std::io::{self, Write};

use crate::formats::mime::lines::{Canonical, count, count_crlf};
use crate::keys::Digest;
use crate::primitives::hash::Hasher;

/// One hash of what passes.
struct Running {
    as_it_came: Hasher,
    /// Of the content with CRLF for each bare LF, from the first of those on.
    canonical: Option<Canonical<Hashing>>,
}

/// A hash to write to.
struct Hashing(Hasher);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
    /// A line so far ended in LF alone.
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
        if self.is_text && !self.has_bare_ends && self.has_bare_end(bytes) {
            self.has_bare_ends = true;
            for running in &mut self.all {
                let so_far = Hashing(running.as_it_came.clone());
                running.canonical = Some(Canonical::after(self.last, so_far));
            }
        }
        for running in &mut self.all {
            if let Some(canonical) = &mut running.canonical {
                // A hash takes everything.
                let _ = canonical.write_all(bytes);
            }
            running.as_it_came.update(bytes);
        }
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    fn has_bare_end(&self, bytes: &[u8]) -> bool {
        let is_closed = bytes.first() == Some(&b'\n') && self.last == b'\r';
        count(bytes, b'\n') != count_crlf(bytes) + usize::from(is_closed)
    }

    pub(super) fn finish(self) -> Vec<Hashed> {
        let finished = self.all.into_iter().map(|running| Hashed {
            digest: running.as_it_came.digest(),
            as_it_came: running.as_it_came.finish(),
            canonical: running.canonical.map(|canonical| canonical.into_inner().0.finish()),
        });
        finished.collect()
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
