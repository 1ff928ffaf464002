//! The passphrase as PKCS #12 takes it: in UTF-16 for its own derivation, in UTF-8 for that of PKCS #5.
use crate::keys::Passphrase;
use crate::secret::SecretVec;

/// One way to write a passphrase down.
pub(super) struct Text {
    /// For PBES2 and PBMAC1 (RFC 8018 section 3).
    pub(super) utf8: SecretVec,
    /// BMPString with two zero bytes at its end (RFC 7292 appendix B.1); characters beyond the BMP as two surrogates, as
    /// OpenSSL and Java write them.
    pub(super) utf16: SecretVec,
}

impl Text {
    pub(super) fn of(text: &str) -> Self {
        // Room at once: growing would leave copies behind.
        let mut utf16 = SecretVec::new(Vec::with_capacity(2 * text.len() + 2));
        utf16.extend(text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes));
        Text { utf8: SecretVec::new(text.as_bytes().to_vec()), utf16 }
    }
}

/// What to try, the likeliest first.
///
/// Other programs take what is typed, and it may have been typed on another system; so both forms of Unicode are tried.
/// Without a passphrase, some programs derive from an empty text, some from none at all, not even its zero bytes.
pub(super) fn texts(passphrase: Option<&Passphrase>) -> Vec<Text> {
    let Some(passphrase) = passphrase else {
        return vec![Text::of(""), Text { utf8: SecretVec::default(), utf16: SecretVec::default() }];
    };
    let mut texts = vec![Text::of(&passphrase.expose_text())];
    if passphrase.as_bytes() != passphrase.as_typed() {
        // It is a text in NFC.
        texts.push(Text::of(std::str::from_utf8(passphrase.as_bytes()).unwrap_or_default()));
    }
    texts
}
