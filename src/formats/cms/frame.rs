//! Writes a CMS object round a content while the content is made: as DER if it is short, and as BER in pieces if it is not.
use std::io::{self, Write};

use spki::ObjectIdentifier;

use super::content;
use crate::encoding::tlv::{self, OCTET_STRING};

/// Bytes of a content that is kept back until its length is known, so that the object is DER.
const SHORT: usize = 1 << 20;
/// Bytes of a piece of a longer one.
const PIECE: usize = 1 << 16;

/// A constructed value of indefinite length begins (X.690 section 8.1.3.6), and ends.
const INDEFINITE: u8 = 0x80;
const END: [u8; 2] = [0, 0];

/// How the content stands in its object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrapping {
    /// `[0] EXPLICIT OCTET STRING`: of SignedData (RFC 5652 section 5.2).
    Explicit,
    /// `[0] IMPLICIT OCTET STRING`: of encrypted data (section 6.1).
    Implicit,
}

/// What stands round the content.
pub(crate) struct Frame {
    pub(crate) kind: ObjectIdentifier,
    /// The fields of the object before the one that holds the content, in DER.
    pub(crate) head: Vec<u8>,
    /// What stands before the content in its own SEQUENCE: its type, and how it is encrypted.
    pub(crate) about: Vec<u8>,
    pub(crate) wrapping: Wrapping,
}

/// Takes the content, and writes the object round it.
pub(crate) struct FrameWriter<W> {
    out: W,
    frame: Frame,
    waiting: Vec<u8>,
    in_pieces: bool,
}

impl<W: Write> FrameWriter<W> {
    pub(crate) fn new(out: W, frame: Frame) -> Self {
        FrameWriter { out, frame, waiting: Vec::new(), in_pieces: false }
    }

    /// Ends the content, and writes the fields after it (in DER).
    pub(crate) fn finish(mut self, tail: &[u8]) -> io::Result<W> {
        if !self.in_pieces {
            let Frame { kind, head, about, wrapping } = &self.frame;
            let content = match wrapping {
                Wrapping::Explicit => {
                    tlv::wrap(tlv::constructed(0), &[&tlv::wrap(OCTET_STRING, &[&self.waiting])])
                }
                Wrapping::Implicit => tlv::wrap(tlv::primitive(0), &[&self.waiting]),
            };
            let object = tlv::sequence(&[head, &tlv::sequence(&[about, &content]), tail]);
            self.out.write_all(&content::write(kind, &object))?;
            return Ok(self.out);
        }
        self.pieces(1)?;
        // The content, once more if it is in two tags, and the SEQUENCE that it stands in; then all that is round that.
        let ends = if self.frame.wrapping == Wrapping::Explicit { 3 } else { 2 };
        self.out.write_all(&END.repeat(ends))?;
        self.out.write_all(tail)?;
        self.out.write_all(&END.repeat(3))?;
        Ok(self.out)
    }

    fn begin(&mut self) -> io::Result<()> {
        let Frame { kind, head, about, wrapping } = &self.frame;
        let kind = tlv::wrap(tlv::OID, &[kind.as_bytes()]);
        let open = |tag: u8| [tag, INDEFINITE];
        self.out.write_all(&open(tlv::SEQUENCE))?;
        self.out.write_all(&kind)?;
        self.out.write_all(&open(tlv::constructed(0)))?;
        self.out.write_all(&open(tlv::SEQUENCE))?;
        self.out.write_all(head)?;
        self.out.write_all(&open(tlv::SEQUENCE))?;
        self.out.write_all(about)?;
        self.out.write_all(&open(tlv::constructed(0)))?;
        if *wrapping == Wrapping::Explicit {
            self.out.write_all(&open(OCTET_STRING | CONSTRUCTED))?;
        }
        Ok(())
    }

    /// Writes what waits in whole pieces, until fewer than `least` bytes wait.
    fn pieces(&mut self, least: usize) -> io::Result<()> {
        let mut rest = self.waiting.as_slice();
        while rest.len() >= least {
            let (piece, after) = rest.split_at(rest.len().min(PIECE));
            self.out.write_all(&tlv::head(OCTET_STRING, piece.len()))?;
            self.out.write_all(piece)?;
            rest = after;
        }
        let written = self.waiting.len().saturating_sub(rest.len());
        self.waiting.drain(..written);
        Ok(())
    }
}

/// Of a tag: it holds values.
const CONSTRUCTED: u8 = 0x20;

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if !self.in_pieces && self.waiting.len() > SHORT {
            self.begin()?;
            self.in_pieces = true;
        }
        if self.in_pieces {
            self.pieces(PIECE)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::ber;

    fn written(wrapping: Wrapping, content: &[u8]) -> Vec<u8> {
        let frame = Frame {
            kind: content::SIGNED_DATA,
            head: tlv::number(1),
            about: tlv::wrap(tlv::OID, &[content::DATA.as_bytes()]),
            wrapping,
        };
        let mut writer = FrameWriter::new(Vec::new(), frame);
        for part in content.chunks(50_000) {
            writer.write_all(part).unwrap();
        }
        writer.finish(&tlv::number(7)).unwrap()
    }

    /// The content that a reader of DER finds.
    fn read(wrapping: Wrapping, der: &[u8]) -> Vec<u8> {
        let (kind, object) = content::read(der).unwrap();
        assert_eq!(kind, content::SIGNED_DATA.as_bytes());
        let mut fields = object.inside();
        assert_eq!(fields.any().unwrap().small(), Ok(1));
        let mut inside = fields.sequence().unwrap();
        inside.expect(tlv::OID).unwrap();
        let content = inside.any().unwrap();
        let content = match wrapping {
            Wrapping::Explicit => content.inside().expect(OCTET_STRING).unwrap().value().to_vec(),
            Wrapping::Implicit => ber::implicit_octets(&content, 0).unwrap().into_owned(),
        };
        assert_eq!(fields.any().unwrap().small(), Ok(7));
        assert_eq!((inside.end(), fields.end()), (Ok(()), Ok(())));
        content
    }

    #[test]
    fn what_is_written_is_read_again_short_or_long() {
        for wrapping in [Wrapping::Explicit, Wrapping::Implicit] {
            for length in [0, 1, PIECE, SHORT, SHORT + 1, SHORT + PIECE, 3 * SHORT + 5] {
                let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
                let object = written(wrapping, &content);
                let der = ber::to_der("CMS", &object, usize::MAX).unwrap();
                assert_eq!(matches!(der, std::borrow::Cow::Borrowed(_)), length <= SHORT, "{length}");
                assert!(read(wrapping, &der) == content, "{wrapping:?} {length}");
            }
        }
    }
}
