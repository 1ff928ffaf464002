//! PEM as keys and certificates have it (RFC 7468): any number of blocks, text between them ignored.
use base64ct::{Base64, Encoding};
use pem_rfc7468::LineEnding;

use crate::error::{Error, ErrorKind, Result};
use crate::secret::SecretVec;

/// What stands between a begin line and its end line.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) bytes: SecretVec,
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// The blocks of a text whose label is wanted, in their order. What is between blocks is not looked at (RFC 7468 section
/// 2), and what is in others only as far as to see where they end: whoever seeks certificates need not know all else that
/// people keep in one file.
pub(crate) fn blocks(text: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (label, after) = after.split_once(DASHES).ok_or_else(unsound)?;
        let end = format!("-----END {label}-----");
        let (inside, later) = after.split_once(end.as_str()).ok_or_else(unsound)?;
        rest = later;
        // A block in a block would be passed over with it, and nobody would know that it is there.
        if inside.contains(BEGIN) {
            return Err(unsound());
        }
        if !wanted(label) {
            continue;
        }
        if inside.contains("Proc-Type:") {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "PEM",
                "it is encrypted in OpenSSL's old way, which hashes the passphrase once",
                "turn it into PKCS #8: openssl pkcs8 -topk8",
            ));
        }
        blocks.push(Block { label: label.to_owned(), bytes: decode(inside)? });
    }
    Ok(blocks)
}

/// Base64 in lines of any length: RFC 7468 section 3 asks readers to take what others wrote, and there is much.
fn decode(inside: &str) -> Result<SecretVec> {
    let mut packed = SecretVec::new(Vec::with_capacity(inside.len()));
    packed.extend(inside.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut bytes = SecretVec::new(vec![0; packed.len()]);
    let length = Base64::decode(&packed[..], &mut bytes).map_err(|_| unsound())?.len();
    bytes.truncate(length);
    Ok(bytes)
}

/// One block, in lines of 64 characters.
pub(crate) fn encode(label: &str, bytes: &[u8]) -> Result<String> {
    pem_rfc7468::encode_string(label, LineEnding::LF, bytes).map_err(|_| unsound())
}

fn unsound() -> Error {
    Error::malformed("PEM", "a block is not sound")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_text_between_them_is_ignored() {
        let one = encode("A KEY", b"one").unwrap();
        let two = encode("CERTIFICATE", &[7; 100]).unwrap();
        let text = format!("Subject: x\n{one}between\n{two}after");
        let found = blocks(&text, |_| true).unwrap();
        let found: Vec<_> = found.iter().map(|block| (block.label.as_str(), &block.bytes[..])).collect();
        assert_eq!(found, [("A KEY", &b"one"[..]), ("CERTIFICATE", &[7; 100])]);
        assert!(blocks("no PEM at all", |_| true).unwrap().is_empty());
    }

    #[test]
    fn blocks_of_other_labels_are_passed_over_whatever_is_in_them() {
        let good = encode("CERTIFICATE", b"one").unwrap();
        let is_certificate = |label: &str| label == "CERTIFICATE";
        for other in [
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,9A3F3DA01C0A05B9\n\nAAAA\n",
            "no Base64 at all",
            "",
        ] {
            let other = format!("-----BEGIN RSA PRIVATE KEY-----\n{other}-----END RSA PRIVATE KEY-----\n");
            for text in [format!("{other}{good}"), format!("{good}{other}")] {
                let found = blocks(&text, is_certificate).unwrap();
                assert_eq!(found.len(), 1, "{text}");
                assert_eq!((found[0].label.as_str(), &found[0].bytes[..]), ("CERTIFICATE", &b"one"[..]));
            }
        }
    }

    #[test]
    fn a_block_of_another_label_can_hide_none_and_must_end() {
        let good = encode("CERTIFICATE", b"one").unwrap();
        for bad in [
            format!("-----BEGIN A KEY-----\n{good}-----END A KEY-----\n"),
            format!("-----BEGIN A KEY-----\nAAAA\n{good}"),
            format!("{good}-----BEGIN A KEY-----\nAAAA\n"),
        ] {
            assert!(blocks(&bad, |label| label == "CERTIFICATE").is_err(), "{bad}");
        }
    }

    #[test]
    fn lines_of_any_length_are_read() {
        let text = encode("A KEY", &[7; 100]).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        for width in [1, 10, 76, 1000] {
            let lines: Vec<&str> =
                body.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
            let other = format!("-----BEGIN A KEY-----\r\n{}\r\n-----END A KEY-----", lines.join("\r\n"));
            assert_eq!(&blocks(&other, |_| true).unwrap()[0].bytes[..], [7; 100], "{other}");
        }
    }

    #[test]
    fn a_block_that_is_not_sound_is_refused() {
        let good = encode("A KEY", &[1; 90]).unwrap();
        for bad in [
            good.replace("-----END A KEY-----", ""),
            good.replace("END A", "END B"),
            good.replacen("AQ", "A*", 1),
            good.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n", 1),
        ] {
            assert_ne!(bad, good);
            assert!(blocks(&bad, |_| true).is_err(), "{bad}");
        }
    }
}
