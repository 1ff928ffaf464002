//! A token on the wire: a header of fixed length, a payload, and a MAC over both (docs/token-format.md).
use crate::primitives::mac::TAG;

/// The first byte.
pub(crate) const VERSION: u8 = 1;
/// Bytes before the payload.
pub(crate) const HEADER: usize = 60;
/// Bytes besides the payload.
pub(crate) const OVERHEAD: usize = HEADER + TAG;

/// In the second byte: the payload is encrypted.
const SEALED: u8 = 1;

/// What stands before the payload. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) sealed: bool,
    /// The first bytes of the key's id.
    pub(crate) key: [u8; 4],
    pub(crate) session: [u8; 16],
    pub(crate) issued: u64,
    pub(crate) authenticated: u64,
    pub(crate) idle_until: u64,
    pub(crate) until: u64,
    pub(crate) generation: u32,
}

/// A token cut into its parts, of which nothing has been verified.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// All but the tag.
    pub(crate) signed: &'a [u8],
    pub(crate) header: &'a [u8; HEADER],
    pub(crate) payload: &'a [u8],
    pub(crate) tag: &'a [u8; TAG],
}

impl Header {
    /// The header of a payload so long. `None`: the frame has no room for it.
    pub(crate) fn to_bytes(self, payload: usize) -> Option<[u8; HEADER]> {
        let mut bytes = [0; HEADER];
        let mut rest: &mut [u8] = &mut bytes;
        for part in [
            &[VERSION, if self.sealed { SEALED } else { 0 }][..],
            &self.key,
            &self.session,
            &self.issued.to_be_bytes(),
            &self.authenticated.to_be_bytes(),
            &self.idle_until.to_be_bytes(),
            &self.until.to_be_bytes(),
            &self.generation.to_be_bytes(),
            &u16::try_from(payload).ok()?.to_be_bytes(),
        ] {
            let (slots, after) = rest.split_at_mut_checked(part.len())?;
            slots.copy_from_slice(part);
            rest = after;
        }
        Some(bytes)
    }
}

impl<'a> Frame<'a> {
    /// Cuts a token. `None`: it is too short, or of another version or form.
    pub(crate) fn cut(token: &'a [u8], sealed: bool) -> Option<Self> {
        let (signed, tag) = token.split_last_chunk::<TAG>()?;
        let (header, payload) = signed.split_first_chunk::<HEADER>()?;
        let form = if sealed { SEALED } else { 0 };
        (header.first_chunk() == Some(&[VERSION, form])).then_some(Frame { signed, header, payload, tag })
    }

    /// Which key it says that it is under. Whoever believes that verifies with the key.
    pub(crate) fn key(&self) -> [u8; 4] {
        let mut fields = Fields(self.header.get(2..).unwrap_or_default());
        fields.take().unwrap_or_default()
    }

    /// The fields, for who has verified the tag. `None`: the length is another one than that of the payload.
    pub(crate) fn fields(&self) -> Option<Header> {
        let mut fields = Fields(self.header);
        let [_, form] = fields.take()?;
        let header = Header {
            sealed: form == SEALED,
            key: fields.take()?,
            session: fields.take()?,
            issued: u64::from_be_bytes(fields.take()?),
            authenticated: u64::from_be_bytes(fields.take()?),
            idle_until: u64::from_be_bytes(fields.take()?),
            until: u64::from_be_bytes(fields.take()?),
            generation: u32::from_be_bytes(fields.take()?),
        };
        let length = u16::from_be_bytes(fields.take()?);
        (usize::from(length) == self.payload.len()).then_some(header)
    }
}

/// Takes fields of fixed length off the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER_1: Header = Header {
        sealed: false,
        key: *b"key1",
        session: *b"a session's name",
        issued: 1,
        authenticated: 2,
        idle_until: 3,
        until: 4,
        generation: 5,
    };

    fn token(header: &[u8], payload: &[u8]) -> Vec<u8> {
        [header, payload, &[9; TAG]].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        for sealed in [false, true] {
            let header = Header { sealed, ..HEADER_1 };
            let token = token(&header.to_bytes(7).unwrap(), b"payload");
            let frame = Frame::cut(&token, sealed).unwrap();
            assert_eq!(
                (frame.fields(), frame.key(), frame.payload),
                (Some(header), *b"key1", &b"payload"[..])
            );
            assert!(Frame::cut(&token, !sealed).is_none());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(HEADER_1.to_bytes(1 << 16).is_none());
        let header = HEADER_1.to_bytes(7).unwrap();
        let whole = token(&header, b"payload");
        for length in 0..OVERHEAD {
            assert!(Frame::cut(&whole[..length], false).is_none(), "{length}");
        }
        for payload in [&b""[..], b"payloa", b"payload+"] {
            assert!(Frame::cut(&token(&header, payload), false).unwrap().fields().is_none());
        }
        for (at, byte) in [(0, 0), (0, 2), (1, 2), (1, 0x80)] {
            let mut other = whole.clone();
            other[at] = byte;
            assert!(Frame::cut(&other, false).is_none() && Frame::cut(&other, true).is_none());
        }
    }
}
