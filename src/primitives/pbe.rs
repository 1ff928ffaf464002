//! Keys from the passphrases of PKCS #12 (RFC 7292 appendix B), and PBKDF2 (RFC 8018) with any hash.
//!
//! The callers check the figures against limits.rs before they come here.
use sha2::digest::Output;
use sha2::digest::block_api::BlockSizeUser;
use zeroize::Zeroize;

use super::hash::{Digest, with_hash};
use crate::secret::SecretVec;

/// What a key of [`pkcs12`] is for: its *diversifier* (RFC 7292 appendix B.3).
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Key,
    Iv,
    Mac,
}

impl Purpose {
    fn byte(self) -> u8 {
        match self {
            Purpose::Key => 1,
            Purpose::Iv => 2,
            Purpose::Mac => 3,
        }
    }
}

/// Bytes of a hash.
pub(crate) fn output_len(digest: Digest) -> usize {
    with_hash!(digest, H => <H as sha2::Digest>::output_size())
}

/// The derivation of RFC 7292 appendix B.2. `text` is the passphrase as a BMPString, with its two zero bytes at the end.
pub(crate) fn pkcs12(
    digest: Digest,
    purpose: Purpose,
    text: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> SecretVec {
    with_hash!(digest, H => derive::<H>(purpose.byte(), text, salt, iterations, length))
}

fn derive<H: sha2::Digest + BlockSizeUser>(
    id: u8,
    text: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> SecretVec {
    let v = H::block_size();
    // Steps 2 to 4: I = S || P, each filled up to whole blocks with itself.
    let filled = |bytes: &[u8]| bytes.len().next_multiple_of(v);
    let mut i = SecretVec::new(Vec::with_capacity(filled(salt) + filled(text)));
    i.extend(salt.iter().cycle().take(filled(salt)));
    i.extend(text.iter().cycle().take(filled(text)));
    let diversifier = vec![id; v];
    let mut out = SecretVec::new(Vec::with_capacity(length));
    // Step 6.
    while out.len() < length {
        let mut a = H::new().chain_update(&diversifier).chain_update(&*i).finalize();
        for _ in 1..iterations {
            a = H::digest(&a);
        }
        let missing = length - out.len();
        out.extend(a.iter().take(missing));
        if a.len() < missing {
            add_to_each(&mut i, &a, v);
        }
        wipe::<H>(&mut a);
    }
    out
}

/// Step 6 b and c: to each block of I is added B + 1, mod 2^(8 v), where B is A repeated.
fn add_to_each(i: &mut [u8], a: &[u8], v: usize) {
    let b = SecretVec::new(a.iter().copied().cycle().take(v).collect());
    for block in i.chunks_mut(v) {
        let mut carry = 1u16;
        for (byte, add) in block.iter_mut().rev().zip(b.iter().rev()) {
            let [high, low] = (u16::from(*byte) + u16::from(*add) + carry).to_be_bytes();
            (*byte, carry) = (low, high.into());
        }
    }
}

fn wipe<H: sha2::Digest>(a: &mut Output<H>) {
    a.as_mut_slice().zeroize();
}

/// PBKDF2 (RFC 8018 section 5.2) with HMAC.
pub(crate) fn pbkdf2(
    digest: Digest,
    passphrase: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> SecretVec {
    let mut key = SecretVec::new(vec![0; length]);
    with_hash!(digest, H => pbkdf2::pbkdf2_hmac::<H>(passphrase, salt, iterations, &mut key));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn bmp(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn the_keys_of_sha_1_are_those_of_the_first_implementations() {
        let salts = [
            [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f],
            [0x3d, 0x83, 0xc0, 0xe4, 0x54, 0x6a, 0xc1, 0x40],
            [0x05, 0xde, 0xc9, 0x59, 0xac, 0xff, 0x72, 0xf7],
        ];
        for (text, purpose, salt, iterations, want) in [
            ("smeg", Purpose::Key, 0, 1, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"),
            ("smeg", Purpose::Iv, 0, 1, "79993dfe048d3b76"),
            ("smeg", Purpose::Mac, 1, 1, "8d967d88f6caa9d714800ab3d48051d63f73a312"),
            ("queeg", Purpose::Key, 2, 1000, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"),
            ("queeg", Purpose::Iv, 2, 1000, "11dedad7758d4860"),
        ] {
            let key = pkcs12(Digest::Sha1, purpose, &bmp(text), &salts[salt], iterations, want.len() / 2);
            assert_eq!(hex(&key), want, "{text}");
        }
    }

    /// Made by `openssl kdf … PKCS12KDF` (3.0): the last bytes of long outputs, which depend on all before them.
    #[test]
    fn long_outputs_salts_and_texts_are_as_openssl_has_them() {
        let salt = [0x05, 0xde, 0xc9, 0x59, 0xac, 0xff, 0x72, 0xf7];
        for (digest, want) in [
            (Digest::Sha224, "e2e2f415c103ca0b25d9aa9e86fb20d1f7"),
            (Digest::Sha256, "faf065a72fa2d5b74986c3fad1e496"),
            (Digest::Sha384, "f09f5178c8abc29c11e6d51b4fbd674a6"),
            (Digest::Sha512, "cc25809844d225d6c2ac7e4d77c97d5f42a97cd36"),
        ] {
            let key = pkcs12(digest, Purpose::Key, &bmp("queeg"), &salt, 3, 200);
            assert_eq!((key.len(), hex(&key).ends_with(want)), (200, true), "{digest}");
        }
        let salt: Vec<u8> = (0..150).collect();
        for (digest, want) in [
            (Digest::Sha1, "9dcf646783e234a3808bd167b254ba31c75fcd9400f3e7ad"),
            (Digest::Sha256, "8612f9b742c1cc3c83c625310f6edbbf1b259b5abe4221d8"),
            (Digest::Sha512, "79fbcf11dd5e50bc202b403833c6e86ecc12f4f3725abe83"),
        ] {
            let text = bmp("correct horse battery staple, and then some more words");
            assert!(hex(&pkcs12(digest, Purpose::Mac, &text, &salt, 2, 300)).ends_with(want), "{digest}");
        }
    }

    #[test]
    fn no_passphrase_and_an_empty_one_differ() {
        let salt = [0x05, 0xde, 0xc9, 0x59, 0xac, 0xff, 0x72, 0xf7];
        let [empty, none] =
            [&[0, 0][..], &[]].map(|text| pkcs12(Digest::Sha256, Purpose::Mac, text, &salt, 2, 40));
        assert_eq!(
            hex(&empty),
            "c273b15e6c9bc7c2e64354d39c5272eb8e0e10f299742551ee9d2b74b92799e377823ef1a1c371ea"
        );
        assert_ne!(empty, none);
    }
}
