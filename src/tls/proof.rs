//! Proofs that are given inside of a connection, before anybody may use it: what they are bound to, and how they are framed.
use std::io::{self, Read};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::TLS_PROOF_BYTES;

/// A secret of both sides that is of this connection alone (RFC 8446 section 7.5): somebody in the middle has two connections, and
/// two of these.
pub(super) type Binding = Zeroizing<[u8; 32]>;

/// The label that it is exported by.
pub(super) const LABEL: &[u8] = b"EXPORTER-bulla-proof-v1";

/// What comes of what was heard.
pub(super) enum Turn<P> {
    /// This is said, and more is to be heard.
    #[cfg_attr(not(feature = "opaque"), expect(dead_code, reason = "shared keys are proven in one turn"))]
    Says(Vec<u8>),
    /// It is known who is there, and this is said still.
    Knows(P, Option<Vec<u8>>),
}

/// One side of a proof: it says something and hears something, in turns, and in the end knows who is there.
pub(super) trait Proof<P>: Send {
    /// What this side says first, if it does.
    ///
    /// # Errors
    /// What keeps it from it.
    fn begin(&mut self, binding: &Binding) -> Result<Option<Vec<u8>>>;

    /// Decides on what the other side has said.
    ///
    /// # Errors
    /// Why the other side is not who it should be.
    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<P>>;

    /// What the other side hears if it was refused just now.
    fn refusal(&self) -> Option<Vec<u8>>;
}

/// Puts the length before what is said.
pub(super) fn frame(said: &[u8]) -> Result<Vec<u8>> {
    match u16::try_from(said.len()) {
        Ok(length) if said.len() <= TLS_PROOF_BYTES => Ok([&length.to_be_bytes()[..], said].concat()),
        _ => Err(Error::over_limit("proof", "it is too long", "take a shorter name")),
    }
}

/// What was heard so far of a frame.
#[derive(Default)]
pub(super) struct Heard(Vec<u8>);

impl Heard {
    /// Reads on, and gives what is in the frame when it is whole; nothing after it is touched. Then it is ready for another.
    pub(super) fn read_on(&mut self, from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
        loop {
            let wanted = match self.0.split_first_chunk::<2>() {
                None => 2,
                Some((length, body)) => {
                    let length = usize::from(u16::from_be_bytes(*length));
                    if length > TLS_PROOF_BYTES {
                        return Err(unsound().into());
                    }
                    if body.len() == length {
                        let body = body.to_vec();
                        self.0.clear();
                        return Ok(Some(body));
                    }
                    length.saturating_add(2)
                }
            };
            let mut piece = vec![0; wanted.saturating_sub(self.0.len())];
            match from.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Ok(0) => return Err(gone().into()),
                count => self.0.extend_from_slice(piece.get(..count?).unwrap_or_default()),
            }
        }
    }
}

pub(super) fn unsound() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "proof",
        "the peer does not prove who it is in the way that is asked for",
        "look whether both sides want proofs of the same kind",
    )
}

fn gone() -> Error {
    Error::new(
        ErrorKind::PeerRefused,
        "the peer refused",
        "it ended the connection instead of proving who it is",
        "look at its log, and whether it wants proofs of this kind",
    )
}
