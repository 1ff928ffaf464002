//! Sealed files of every kind and size to change: what they hold, who opens them, and where their chunks are.
use std::io::Read;
use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use bulla::file::{Decryption, Encryption, Reader};
use bulla::{Format, Identity, KdfCost, Key, Keyring, Lock, Padding, Passphrase, Unlock};

const CONTEXT: &[u8] = b"tamper";

/// Round the edges of chunks of 16 and 64 KiB.
const SIZES: &[usize] = &[0, 1, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, 70_000];

/// Something sealed, and another thing of the same size that was sealed for the same holder.
pub(crate) struct Specimen {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    /// Both out of their armor.
    pub(crate) bare: Vec<u8>,
    pub(crate) other: Vec<u8>,
    pub(crate) armored: bool,
    label: &'static str,
    context: &'static [u8],
    holder: &'static Holder,
}

struct Holder {
    name: &'static str,
    format: Format,
    context: &'static [u8],
    padding: Padding,
    lock: Box<dyn Lock + Send + Sync>,
    unlock: Box<dyn Unlock + Send + Sync>,
}

/// Those that open in no time.
pub(crate) static QUICK: LazyLock<Vec<Specimen>> = LazyLock::new(|| {
    let holders: &'static [Holder] = Box::leak(Box::new(quick_holders()));
    let with_size = holders.iter().flat_map(|holder| SIZES.iter().map(move |size| (holder, *size)));
    (0..)
        .zip(with_size)
        .map(|(number, (holder, size))| Specimen::new(holder, size, number % 3 == 0))
        .collect()
});

/// Those whose opening takes a passphrase's KDF.
pub(crate) static SLOW: LazyLock<Vec<Specimen>> = LazyLock::new(|| {
    let holders: &'static [Holder] = Box::leak(Box::new(slow_holders()));
    let armored = [false, true, false];
    holders.iter().zip(armored).map(|(holder, armored)| Specimen::new(holder, 20_000, armored)).collect()
});

fn quick_holders() -> [Holder; 8] {
    let (raw, bulla, age) = (Format::Raw, Format::Bulla, Format::Age);
    let key = |name, format, context, padding| {
        let (lock, unlock) = (Key::generate(), Key::generate());
        let lock =
            Key::from_bytes(if context == CONTEXT { lock.expose_bytes() } else { unlock.expose_bytes() });
        let unlock = Key::from_bytes(lock.expose_bytes());
        Holder { name, format, context, padding, lock: Box::new(lock), unlock: Box::new(unlock) }
    };
    let identity = |name, format, padding, identity: Identity| {
        let lock = Box::new(identity.recipient());
        Holder { name, format, context: b"", padding, lock, unlock: Box::new(identity) }
    };
    let mut ring = Keyring::generate();
    ring.rotate();
    let same = Keyring::parse(ring.expose_text().as_bytes()).unwrap();
    [
        key("a raw key", raw, CONTEXT, Padding::None),
        key("a key", bulla, CONTEXT, Padding::Padme),
        Holder {
            name: "a keyring",
            format: bulla,
            context: b"",
            padding: Padding::Block(1000),
            lock: Box::new(ring),
            unlock: Box::new(same),
        },
        identity("an X25519 identity", bulla, Padding::None, Identity::generate_x25519()),
        identity("a hybrid identity", bulla, Padding::None, Identity::generate()),
        identity("a padded hybrid identity", bulla, Padding::Padme, Identity::generate()),
        identity("age's X25519 identity", age, Padding::None, Identity::generate_x25519()),
        identity("age's hybrid identity", age, Padding::None, Identity::generate()),
    ]
}

fn slow_holders() -> [Holder; 3] {
    let passphrase = |name, format, cost, padding| {
        let new = || Box::new(Passphrase::new("correct horse").unwrap().cost(cost));
        Holder { name, format, context: b"", padding, lock: new(), unlock: new() }
    };
    [
        passphrase("a passphrase", Format::Bulla, KdfCost::Low, Padding::Padme),
        passphrase("a passphrase by NIST's rules", Format::Bulla, KdfCost::Nist, Padding::None),
        passphrase("age's passphrase", Format::Age, KdfCost::Low, Padding::None),
    ]
}

impl Specimen {
    fn new(holder: &'static Holder, size: usize, armored: bool) -> Self {
        let contents = [17u8, 91].map(|start| content(start, size));
        let seal = |content: &Vec<u8>| {
            let how = Encryption::to(&*holder.lock).context(holder.context).padding(holder.padding);
            how.format(holder.format).armor(armored).bytes(content).unwrap()
        };
        let [sealed, other] = contents.each_ref().map(seal);
        let label = if holder.format == Format::Age { "AGE" } else { "BULLA" };
        let bare = |sealed: &[u8]| if armored { undress(sealed) } else { sealed.to_vec() };
        let specimen = Specimen {
            name: format!("{size} bytes for {}{}", holder.name, if armored { ", in armor" } else { "" }),
            bare: bare(&sealed),
            other: bare(&other),
            content: contents.into_iter().next().unwrap(),
            sealed,
            armored,
            label,
            context: holder.context,
            holder,
        };
        assert!(specimen.dress(&specimen.bare) == specimen.sealed);
        assert_eq!(specimen.bare.len(), specimen.other.len());
        specimen
    }

    pub(crate) fn with(&self) -> Decryption<'_> {
        Decryption::with(&*self.holder.unlock).context(self.context).durable(false)
    }

    pub(crate) fn reader<R: Read>(&self, from: R) -> bulla::Result<Reader<R>> {
        self.with().reader(from)
    }

    /// Where the payload's first chunk begins, in bare bytes.
    pub(crate) fn first_chunk(&self) -> usize {
        let salt = if self.holder.format == Format::Age { 16 } else { 56 };
        if self.holder.format == Format::Raw {
            return salt;
        }
        let mac = self.bare.windows(5).position(|five| five == b"\n--- ").unwrap();
        mac + "\n--- ".len() + 43 + 1 + salt
    }

    /// Where each chunk is, in bare bytes.
    pub(crate) fn chunks(&self) -> Vec<std::ops::Range<usize>> {
        let stride = if self.holder.format == Format::Age { 65_552 } else { 16_400 };
        let starts = (self.first_chunk()..self.bare.len()).step_by(stride);
        starts.map(|start| start..self.bare.len().min(start + stride)).collect()
    }

    /// Puts changed bytes into the armor that the specimen has, if it has one.
    pub(crate) fn dress(&self, bare: &[u8]) -> Vec<u8> {
        if !self.armored {
            return bare.to_vec();
        }
        let label = self.label;
        let lines: String = bare.chunks(48).map(|line| Base64::encode_string(line) + "\n").collect();
        format!("-----BEGIN {label} ENCRYPTED FILE-----\n{lines}-----END {label} ENCRYPTED FILE-----\n")
            .into()
    }
}

fn undress(sealed: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(sealed).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    lines.flat_map(|line| Base64::decode_vec(line).unwrap()).collect()
}

/// Content that differs from chunk to chunk, with zeros at its end that padding must not be mistaken for.
fn content(start: u8, size: usize) -> Vec<u8> {
    let numbers = (0u32..).flat_map(|number| (number.wrapping_mul(0x9e37_79b9) | 1).to_le_bytes());
    let mut bytes: Vec<u8> = numbers.take(size).map(|byte| byte ^ start).collect();
    let end = size.saturating_sub(30);
    bytes[end..].fill(0);
    bytes
}
