//! PEM as keys and certificates have it (RFC 7468): any number of blocks, text between them ignored.
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

/// All blocks of a text, in their order. What is between them is not looked at (RFC 7468 section 2).
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (label, _) = after.split_once(DASHES).ok_or_else(unsound)?;
        let end = format!("-----END {label}-----");
        let (inside, later) = after.split_once(end.as_str()).ok_or_else(unsound)?;
        if inside.contains("Proc-Type:") {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "PEM",
                "it is encrypted in OpenSSL's old way, which hashes the passphrase once",
                "turn it into PKCS #8: openssl pkcs8 -topk8",
            ));
        }
        let block = SecretVec::new(format!("{BEGIN}{inside}{end}\n").into_bytes());
        let (label, bytes) = pem_rfc7468::decode_vec(&block).map_err(|_| unsound())?;
        blocks.push(Block { label: label.to_owned(), bytes: SecretVec::new(bytes) });
        rest = later;
    }
    Ok(blocks)
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
        let found = blocks(&text).unwrap();
        let found: Vec<_> = found.iter().map(|block| (block.label.as_str(), &block.bytes[..])).collect();
        assert_eq!(found, [("A KEY", &b"one"[..]), ("CERTIFICATE", &[7; 100])]);
        assert!(blocks("no PEM at all").unwrap().is_empty());
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
            assert!(blocks(&bad).is_err(), "{bad}");
        }
    }
}
