//! Signed certificate timestamps (RFC 6962 section 3.3), with which logs promise to publish a certificate.
use std::fmt;

use super::sheet::{Sheet, hex};
use crate::clock::Time;
use crate::encoding::tlv;

/// What a log promised.
struct Timestamp<'a> {
    version: u8,
    log: &'a [u8; 32],
    milliseconds: u64,
    /// Numbers of TLS 1.2 for hash and signature.
    algorithm: [u8; 2],
}

/// The timestamps of the extension's value; `false` and nothing written if they are not sound.
pub(super) fn write(sheet: &mut Sheet<'_, '_>, value: &[u8]) -> Option<fmt::Result> {
    let timestamps = read(value)?;
    let write = || {
        for timestamp in timestamps {
            sheet.line("Signed Certificate Timestamp:")?;
            sheet.inside(|sheet| timestamp.write(sheet))?;
        }
        Ok(())
    };
    Some(write())
}

impl Timestamp<'_> {
    fn write(&self, sheet: &mut Sheet<'_, '_>) -> fmt::Result {
        let seconds = i64::try_from(self.milliseconds / 1000).unwrap_or(i64::MAX);
        // RFC 5246 section 7.4.1.4.1.
        let algorithm = match self.algorithm {
            [4, 3] => "ecdsa-with-SHA256".to_owned(),
            [4, 1] => "sha256WithRSAEncryption".to_owned(),
            [hash, signature] => format!("hash {hash}, signature {signature}"),
        };
        sheet.line(format_args!("Version: {}", u32::from(self.version) + 1))?;
        sheet.line(format_args!("Log ID: {}", hex(self.log)))?;
        sheet.line(format_args!("Timestamp: {}", Time::from_unix(seconds)))?;
        sheet.line(format_args!("Signature Algorithm: {algorithm}"))
    }
}

fn read(value: &[u8]) -> Option<Vec<Timestamp<'_>>> {
    let (list, []) = counted(tlv::only(value, tlv::OCTET_STRING).ok()?.value())? else { return None };
    let mut timestamps = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (one, after) = counted(rest)?;
        rest = after;
        let ([version], one) = one.split_first_chunk::<1>()?;
        let (log, one) = one.split_first_chunk::<32>()?;
        let (milliseconds, one) = one.split_first_chunk::<8>()?;
        let (_extensions, one) = counted(one)?;
        let (algorithm, one) = one.split_first_chunk::<2>()?;
        let (_signature, []) = counted(one)? else { return None };
        let milliseconds = u64::from_be_bytes(*milliseconds);
        timestamps.push(Timestamp { version: *version, log, milliseconds, algorithm: *algorithm });
    }
    Some(timestamps)
}

/// Bytes after their number in 16 bits, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
