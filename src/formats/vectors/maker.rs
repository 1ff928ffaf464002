//! Pieces to build files from that no writer would make.
use std::io::Write;

use crate::encoding::armor::{Armorer, Label};
use crate::encoding::base64;
use crate::formats::cobblestone::{CHUNK, Cobblestone, PREFIX};
use crate::formats::envelope::stanza::{FileKey, Scope};
use crate::formats::envelope::{self, stanza};
use crate::formats::header::Stanza;
use crate::formats::payload::Payload;
use crate::keys::lock::Holder;
use crate::keys::{Identity, Key, Passphrase};
use crate::primitives::{hash, kdf, random};
use crate::secret::Secret;

use super::hex;

/// A file in the making. Its key opens it, unless the fact says otherwise.
pub(super) struct Maker {
    pub(super) key: Key,
    pub(super) file_key: FileKey,
}

impl Maker {
    pub(super) fn new() -> Self {
        Maker { key: Key::generate(), file_key: Secret::filled_by(|key| random::fill(key)) }
    }

    /// What a reader is given to open it with.
    pub(super) fn given(&self) -> Vec<String> {
        vec![given_key(&self.key)]
    }

    /// The text of the key's stanza, which may stand beside others.
    pub(super) fn stanza(&self) -> String {
        self.scoped(Scope::Joint)
    }

    pub(super) fn scoped(&self, scope: Scope) -> String {
        text(&stanza::wrap(&self.file_key, &Holder::Key(&self.key), scope).unwrap())
    }

    /// A header round the text of stanzas, with the right MAC.
    pub(super) fn header(&self, stanzas: &str) -> Vec<u8> {
        self.header_with("bulla/v1\n", stanzas)
    }

    pub(super) fn header_with(&self, version: &str, stanzas: &str) -> Vec<u8> {
        let covered = format!("{version}{stanzas}---");
        let mac = base64::encode(&self.mac(&covered));
        format!("{covered} {mac}\n").into_bytes()
    }

    pub(super) fn mac(&self, covered: &str) -> [u8; 32] {
        let key = hash::expand_sha512::<64>(self.file_key.expose(), &[b"bulla/v1 header"]);
        hash::hmac_sha512_256(key.expose(), covered.as_bytes())
    }

    pub(super) fn payload(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        cobblestone(&envelope::payload_key(&self.file_key), context, plain)
    }

    /// Stanzas, MAC and the payload of `plain`.
    pub(super) fn file(&self, stanzas: &str, plain: &[u8]) -> Vec<u8> {
        [self.header(stanzas), self.payload(b"", plain)].concat()
    }

    /// The whole file for its key.
    pub(super) fn usual(&self, plain: &[u8]) -> Vec<u8> {
        self.file(&self.stanza(), plain)
    }

    /// The text of a stanza whose body wraps the file key under `kek`, whatever the arguments say.
    pub(super) fn wrapped(&self, kek: &[u8; 32], arguments: &str) -> String {
        text(&stanza::wrap_under(&self.file_key, kek, arguments.to_owned(), Scope::Joint).unwrap())
    }

    /// A stanza for the passphrase `x` with figures that may be far too small.
    pub(super) fn argon2id(&self, memory: u32, passes: u32, lanes: u32) -> String {
        let salt = random::bytes::<16>();
        let kek = kdf::argon2id(b"x", &salt, memory, passes, lanes).unwrap();
        let arguments = format!("argon2id {} {memory} {passes} {lanes}", base64::encode(&salt));
        self.wrapped(kek.expose(), &arguments)
    }

    /// A stanza whose figures nobody works through: its body wraps under nothing.
    pub(super) fn absurd(&self, arguments: &str) -> String {
        let salt = base64::encode(&random::bytes::<16>());
        self.wrapped(&random::bytes(), &arguments.replace("SALT", &salt))
    }

    pub(super) fn meta(&self, fields: &[u8]) -> String {
        let sealed = crate::formats::meta::seal_fields(&self.file_key, fields).unwrap();
        text(&Stanza::new("meta".into(), sealed))
    }

    /// The whole file for its key, with these fields, filled up to 64 bytes, as metadata.
    pub(super) fn with_fields(&self, fields: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut fields = fields.to_vec();
        fields.resize(fields.len().next_multiple_of(64), 0);
        self.file(&(self.meta(&fields) + &self.stanza()), plain)
    }
}

/// A field of the metadata.
pub(super) fn field(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag][..], &(value.len() as u16).to_be_bytes(), value].concat()
}

/// A stanza as it stands in a file.
pub(super) fn text(stanza: &Stanza) -> String {
    let mut text = String::new();
    stanza.write(&mut text);
    text
}

pub(super) fn for_identity(file_key: &FileKey, identity: &Identity) -> String {
    let recipient = identity.recipient();
    text(&stanza::wrap(file_key, &Holder::Recipient(&recipient), Scope::Joint).unwrap())
}

pub(super) fn for_passphrase(file_key: &FileKey, passphrase: &Passphrase, scope: Scope) -> String {
    text(&stanza::wrap(file_key, &Holder::Passphrase(passphrase), scope).unwrap())
}

pub(super) fn given_key(key: &Key) -> String {
    format!("key: {}", hex(key.expose_bytes()))
}

pub(super) fn given_identity(identity: &Identity) -> String {
    format!("identity: {}", *identity.expose_text().unwrap())
}

/// A Cobblestone-256 message.
pub(super) fn cobblestone(input_key: &Secret<32>, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let (chunks, mut message) = Cobblestone::begin(input_key, context);
    let payload = Payload::Cobblestone(chunks);
    let count = payload.chunks(plain.len() as u64);
    let mut pieces: Vec<&[u8]> = plain.chunks(CHUNK).collect();
    pieces.resize(count as usize, &[]);
    for (index, piece) in pieces.into_iter().enumerate() {
        let mut sealed = vec![0; piece.len() + 16];
        payload.seal(index as u64, index as u64 + 1 == count, piece, &mut sealed).unwrap();
        message.extend(sealed);
    }
    message
}

/// Content that is not all the same.
pub(super) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index / 7 % 251) as u8).collect()
}

/// Where chunk `index` of a file begins that ends with the payload of `plain` bytes.
pub(super) fn chunk_at(file: &[u8], plain: usize, index: usize) -> usize {
    let chunks = plain / CHUNK + 1;
    file.len() - plain - 16 * chunks + index * (CHUNK + 16)
}

/// Where the payload of `plain` bytes begins.
pub(super) fn payload_at(file: &[u8], plain: usize) -> usize {
    chunk_at(file, plain, 0) - PREFIX
}

pub(super) fn armored(file: &[u8], label: Label) -> String {
    let mut armorer = Armorer::new(Vec::new(), label);
    armorer.write_all(file).unwrap();
    String::from_utf8(armorer.finish().unwrap()).unwrap()
}
