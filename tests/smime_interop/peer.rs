//! What the matrix asks of a program, and of bulla.
use super::cells::{Cell, Cipher, Form, Scheme, Way};

/// The content, or why it was refused.
pub(crate) type Answer = Result<Vec<u8>, String>;

/// A program that makes mails and takes them: all are whole MIME entities, with lines that end in CRLF or LF.
pub(crate) trait Peer: Send {
    fn name(&self) -> &'static str;

    /// Whether it can make such a mail.
    fn makes(&self, cell: Cell) -> bool;

    /// Whether it can read such a mail.
    fn takes(&self, cell: Cell) -> bool;

    /// Signs a MIME entity with the key of [`Scheme::who`].
    fn sign(&mut self, scheme: Scheme, form: Form, content: &[u8]) -> Answer;

    /// What was signed, if the signature holds and the signer is one of the root's.
    fn verify(&mut self, scheme: Scheme, form: Form, mail: &[u8]) -> Answer;

    /// Encrypts a MIME entity to the one of [`Way::whom`].
    fn encrypt(&mut self, cipher: Cipher, way: Way, content: &[u8]) -> Answer;

    /// What was encrypted.
    fn decrypt(&mut self, cipher: Cipher, way: Way, mail: &[u8]) -> Answer;

    /// Compresses a MIME entity.
    fn compress(&mut self, _content: &[u8]) -> Answer {
        Err(format!("{} does not compress", self.name()))
    }

    /// What was compressed.
    fn expand(&mut self, _mail: &[u8]) -> Answer {
        Err(format!("{} does not expand", self.name()))
    }

    /// How what it encrypts is signed before, if it is.
    fn signs_inside(&self, _cell: Cell) -> Option<(Scheme, Form)> {
        None
    }

    fn make(&mut self, cell: Cell, content: &[u8]) -> Answer {
        match cell {
            Cell::Signed(scheme, form) => self.sign(scheme, form, content),
            Cell::Sealed(cipher, way) => self.encrypt(cipher, way, content),
            Cell::Compressed => self.compress(content),
        }
    }

    fn take(&mut self, cell: Cell, mail: &[u8]) -> Answer {
        match cell {
            Cell::Signed(scheme, form) => self.verify(scheme, form, mail),
            Cell::Sealed(cipher, way) => self.decrypt(cipher, way, mail),
            Cell::Compressed => self.expand(mail),
        }
    }
}
