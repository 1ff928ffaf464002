//! Compressed mail (RFC 3274): undone, within a bound.
use std::io::{BufRead, Write};

use flate2::{Decompress, FlushDecompress, Status};
use spki::ObjectIdentifier;

use super::files::BUFFER;
use super::reading::{self, Object};
use super::spool::Spool;
use crate::encoding::tlv::{self, INTEGER, OID, SEQUENCE};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::content::DATA;
use crate::limits::SMIME_INFLATED_BYTES;
use crate::secret::SecretVec;

/// id-alg-zlibCompress (RFC 3274 section 2).
const ZLIB: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.8");

/// Takes CompressedData (RFC 3274 section 1.1) apart, with the content in the spool when it is done.
pub(super) fn inflate(mut object: Object<'_>, spool: &mut Spool) -> Result<()> {
    let reader = &mut object.reader;
    reader.enter(SEQUENCE)?;
    reader.value_of(INTEGER, 16)?;
    let algorithm = reader.value_of(SEQUENCE, 256)?;
    let oid = tlv::only(&algorithm, SEQUENCE).and_then(|algorithm| algorithm.inside().expect(OID));
    if oid.map_err(|_| reading::unsound())?.value() != ZLIB.as_bytes() {
        return Err(unsupported("it is compressed in a way that bulla does not know"));
    }
    reader.enter(SEQUENCE)?;
    if reading::identifier(reader)? != DATA.as_bytes() {
        return Err(unsupported("what is compressed in it is no mail"));
    }
    reader.enter(tlv::constructed(0))?;
    let mut octets = reader.octets(None)?;
    copy(&mut octets, spool)?;
    if !octets.fill_buf().map_err(|error| Error::io("mail", error))?.is_empty() {
        return Err(Error::malformed("mail", "something follows after what is compressed"));
    }
    reader.leave()?;
    reader.leave()?;
    reader.leave()?;
    object.end()
}

/// Undoes zlib (RFC 1950), to its checksum. A thousand times what came in can come out: so what comes out is counted.
fn copy(from: &mut impl BufRead, spool: &mut Spool) -> Result<()> {
    let damaged = || Error::malformed("mail", "what is compressed in it is damaged");
    let mut inflater = Decompress::new(true);
    let mut buffer = SecretVec::new(vec![0; BUFFER]);
    loop {
        let input = from.fill_buf().map_err(|error| Error::io("mail", error))?;
        let (taken, made) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(input, &mut buffer, FlushDecompress::None).map_err(|_| damaged())?;
        let is_end = input.is_empty();
        let (taken, made) = (inflater.total_in() - taken, inflater.total_out() - made);
        from.consume(usize::try_from(taken).map_err(|_| damaged())?);
        let count = usize::try_from(made).map_err(|_| damaged())?;
        if inflater.total_out() > SMIME_INFLATED_BYTES {
            let why = "it has over 256 MiB when it is decompressed";
            return Err(Error::over_limit("mail", why, "leave it: it may be hostile"));
        }
        let read = buffer.get(..count).unwrap_or_default();
        spool.write_all(read).map_err(|error| Error::io("temporary file", error))?;
        match status {
            Status::StreamEnd => return Ok(()),
            _ if is_end && count == 0 => return Err(damaged()),
            _ => {}
        }
    }
}

fn unsupported(why: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "mail", why, "ask for it in another form")
}
