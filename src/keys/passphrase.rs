//! Passphrases: typed or generated, normalised, and how hard guessing them is made.
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::limits::PASSPHRASE_BYTES;
use crate::primitives::random;
use crate::secret::SecretText;

/// Words of a generated passphrase.
const WORDS: usize = 10;

/// A passphrase.
///
/// It is normalised to Unicode NFC, so that é opens what é locked, however the keyboard made it
/// (macOS and Windows differ). Nothing else is changed: case, white space and width count. age does not normalise:
/// an age file is sealed under what was typed, and opened with either.
///
/// It is wiped on drop and has no `Debug`, `Display` or `Clone`.
///
/// ```
/// use bulla::Passphrase;
/// let passphrase = Passphrase::generate();
/// println!("write this down: {}", *passphrase.expose_text());
/// let sealed = bulla::encrypt(&passphrase, b"hello")?;
/// assert_eq!(bulla::decrypt(&passphrase, &sealed)?, b"hello");
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Passphrase {
    /// In NFC.
    text: SecretText,
    /// As it was typed, if that is not NFC: age and SSH keys know no normalising.
    typed: Option<SecretText>,
    cost: KdfCost,
}

/// How much work each guess at a passphrase costs, for the attacker as for you.
///
/// The figures are written into the file and never measured on the machine, so that every machine
/// can open what any machine sealed. Reasons: `docs/defaults.md`.
///
/// ```
/// use bulla::{KdfCost, Passphrase};
/// let passphrase = Passphrase::new("correct horse battery staple")?.cost(KdfCost::Low);
/// # let _ = passphrase;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KdfCost {
    /// For small machines: Argon2id with 64 MiB, 3 passes, 4 lanes (RFC 9106's second choice); age: scrypt 2^16.
    Low,
    /// Argon2id with 256 MiB, 3 passes, 4 lanes; age: scrypt 2^18.
    #[default]
    Standard,
    /// Argon2id with 1 GiB, 4 passes, 4 lanes; age: scrypt 2^20.
    High,
    /// Where NIST SP 800-132 must be followed: PBKDF2-HMAC-SHA-512, 600 000 iterations. Cheaper to guess
    /// on graphics cards than [`Low`](Self::Low); not in age files.
    Nist,
}

impl Passphrase {
    /// A passphrase that somebody chose.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) if it is empty or over 4096 bytes.
    ///
    /// ```
    /// assert!(bulla::Passphrase::new("").is_err());
    /// ```
    pub fn new(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::usage("passphrase", "it is empty", "give one"));
        }
        // Room at once: NFC makes no text more than three times as long in UTF-8 (UAX 15, table 1).
        let room = text.len().saturating_mul(3);
        if text.len() > PASSPHRASE_BYTES {
            return Err(Error::usage("passphrase", "it has over 4096 bytes", "use a key file for that"));
        }
        let mut normal = SecretText::new(String::with_capacity(room));
        normal.extend(text.nfc());
        let typed = (*normal != text).then(|| SecretText::new(text.to_owned()));
        Ok(Passphrase { text: normal, typed, cost: KdfCost::default() })
    }

    /// Ten words drawn from the 2048 of BIP 39's English list, joined by `-`: 110 bits of entropy.
    #[must_use]
    pub fn generate() -> Self {
        let list = bip39::Language::English.word_list();
        let mut text = SecretText::new(String::with_capacity(WORDS * 9));
        for index in 0..WORDS {
            if index > 0 {
                text.push('-');
            }
            // The list's length divides 2^16: every word is as likely as any other.
            let drawn = usize::from(u16::from_le_bytes(random::bytes())) % list.len();
            text.push_str(list.get(drawn).copied().unwrap_or_default());
        }
        Passphrase { text, typed: None, cost: KdfCost::default() }
    }

    /// Sets how much work a guess costs. It counts when something is sealed; what is opened says its own figures.
    #[must_use]
    pub fn cost(mut self, cost: KdfCost) -> Self {
        self.cost = cost;
        self
    }

    /// The passphrase as text, as it was typed, for showing it to the one who will need it.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        self.typed.as_ref().unwrap_or(&self.text).clone()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// What it was before normalising; the same as [`as_bytes`](Self::as_bytes) if that changed nothing.
    pub(crate) fn as_typed(&self) -> &[u8] {
        self.typed.as_ref().unwrap_or(&self.text).as_bytes()
    }

    pub(crate) fn kdf_cost(&self) -> KdfCost {
        self.cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_and_decomposed_letters_are_the_same_passphrase() {
        let composed = Passphrase::new("caf\u{e9}").unwrap();
        let decomposed = Passphrase::new("cafe\u{301}").unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
    }

    #[test]
    fn a_generated_passphrase_has_ten_words_of_the_list() {
        let list = bip39::Language::English.word_list();
        let passphrase = Passphrase::generate();
        let words: Vec<&str> = passphrase.text.split('-').collect();
        assert_eq!(words.len(), 10);
        assert!(words.iter().all(|word| list.contains(word)));
        assert_eq!(list.len(), 2048);
    }
}
