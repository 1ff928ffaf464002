//! Changing who may open a file, without touching its content.
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::reader::{armor_label, dearmored_version};
use super::source::Source;
use crate::encoding::armor::{Armorer, Dearmorer, Label};
use crate::encoding::input::Input;
use crate::error::{Error, Result};
use crate::formats::envelope::stanza::{Kind, Scope};
use crate::formats::envelope::{self, Container};
use crate::formats::header::{self, Header, Stanza, Version};
use crate::formats::{age, sealing, unsealing};
use crate::keys::lock::{Holders, Opener};
use crate::keys::{KdfLimits, Lock, Unlock};
use crate::new_file::{Manner, NewFile};

/// Changes who may open a file: from now on those of `to`, and nobody else.
///
/// The content is not encrypted anew, and not read. The file is replaced whole or not at all.
/// **Who could open the file before and kept a copy, or its file key, can still open that content.** When that
/// matters, decrypt it and encrypt it again.
/// A rewrapped container no longer says who made it ([`Authenticity::None`](super::Authenticity::None)): everybody who
/// could open it before or can now knows its file key.
///
/// # Errors
/// Those of [`decrypt`](super::decrypt) and [`encrypt`](super::encrypt);
/// [`Usage`](crate::ErrorKind::Usage) for a raw file, which has no header to change.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("sealed");
/// use bulla::Passphrase;
/// # use bulla::KdfCost;
/// let (old, new) = (Passphrase::new("old")?, Passphrase::new("new")?);
/// # let (old, new) = (old.cost(KdfCost::Low), new.cost(KdfCost::Low));
/// std::fs::write(&path, bulla::encrypt(&old, b"hello")?)?;
/// bulla::file::rewrap(&old, &new, &path)?;
/// let sealed = std::fs::read(&path)?;
/// assert!(bulla::decrypt(&old, &sealed).is_err());
/// assert_eq!(bulla::decrypt(&new, &sealed)?, b"hello");
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn rewrap(
    with: &(impl Unlock + ?Sized),
    to: &(impl Lock + ?Sized),
    path: impl AsRef<Path>,
) -> Result<()> {
    Rewrap::with(with).to(to).file(path)
}

/// How it changes who may open a file: all anew ([`to`](Self::to)), or some added and some removed.
///
/// ```
/// use bulla::{Identity, file::{Rewrap, inspect_file}};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("sealed");
/// let (ann, bob) = (Identity::generate(), Identity::generate());
/// std::fs::write(&path, bulla::encrypt(&ann.recipient(), b"hello")?)?;
/// Rewrap::with(&ann).add(&bob.recipient()).file(&path)?;
/// assert_eq!(inspect_file(&path)?.stanzas().len(), 2);
/// Rewrap::with(&bob).remove(1).file(&path)?;
/// assert!(bulla::decrypt(&ann, &std::fs::read(&path)?).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing changes before `file` is called"]
pub struct Rewrap<'a> {
    openers: Vec<Opener<'a>>,
    limits: KdfLimits,
    keep: bool,
    remove: Vec<usize>,
    new: Option<Holders<'a>>,
}

impl<'a> Rewrap<'a> {
    /// What to open the file with now.
    pub fn with(with: &'a (impl Unlock + ?Sized)) -> Self {
        let openers = with.openers();
        Rewrap { openers, limits: KdfLimits::default(), keep: true, remove: Vec::new(), new: None }
    }

    /// Those who may open it from now on; nobody who could before is kept.
    pub fn to(mut self, to: &'a (impl Lock + ?Sized)) -> Self {
        self.keep = false;
        self.and(to)
    }

    /// Those who may open it too; who could before still may.
    // Not `std::ops::Add`: nothing is summed, and the name says what happens to the file.
    #[expect(clippy::should_implement_trait)]
    pub fn add(self, to: &'a (impl Lock + ?Sized)) -> Self {
        self.and(to)
    }

    /// Joins those of several calls.
    fn and(mut self, to: &'a (impl Lock + ?Sized)) -> Self {
        self.new = Some(match self.new.take() {
            Some(there) => there.join(to.holders()),
            None => to.holders(),
        });
        self
    }

    /// Takes a stanza out, counted from 1 as [`inspect`](super::inspect) lists them. May be said several times.
    pub fn remove(mut self, number: usize) -> Self {
        self.remove.push(number);
        self
    }

    /// What a file may ask of this machine when a passphrase is tried.
    pub fn kdf_limits(mut self, limits: KdfLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Changes a file in its place. Its mode is kept; its owner, access list and other names (hard links) are not:
    /// it is a new file, of the user who runs this.
    ///
    /// # Errors
    /// Those of [`rewrap`]; [`Usage`](crate::ErrorKind::Usage) if nothing is to change, nobody would be left, or there is no
    /// stanza of a number.
    pub fn file(&self, path: impl AsRef<Path>) -> Result<()> {
        if self.new.is_none() && self.remove.is_empty() {
            return Err(Error::usage("rewrap", "nothing is to change", "say who: to, add or remove"));
        }
        let source = Source::open(path.as_ref())?;
        // A link would be replaced by a file, and what it leads to would stay as it was.
        let path = source.path.canonicalize().map_err(|error| Error::io(source.name(), error))?;
        let mut input = Input::new(&source.file, usize::MAX);
        let target = NewFile::begin(&path, Manner { overwrite: true, durable: true })?;
        match armor_label(&mut input)? {
            None => {
                let version = header::sniff(input.peek(header::SNIFF_BYTES)?)?;
                let header = self.new_header(&mut input, version)?;
                copy_plain(&header, input, &source, target.file())?;
            }
            Some(label) => {
                let mut dearmorer = Dearmorer::new(input, label)?;
                let version = dearmored_version(&mut dearmorer, label)?;
                let header = self.new_header(&mut dearmorer, version)?;
                copy_armored(&header, &mut dearmorer, target.file(), label)?;
            }
        }
        source.check_unchanged()?;
        source.check_in_place()?;
        target.commit_with(Some(source.before.permissions()))
    }

    /// Reads the old header and makes the new one.
    fn new_header(&self, from: &mut impl io::BufRead, version: Option<Version>) -> Result<Vec<u8>> {
        let version = version.ok_or_else(|| {
            Error::usage("rewrap", "a raw file has no header to change", "decrypt it, and encrypt it again")
        })?;
        let header = Header::read(from, version)?;
        match version {
            Version::Bulla => self.new_container(Container::check(header)?),
            Version::Age => self.new_age(&header),
        }
    }

    fn new_container(&self, container: Container) -> Result<Vec<u8>> {
        let unwrapped = unsealing::unlock_container(&container, &self.openers, self.limits)?;
        let file_key = &unwrapped.file_key;
        let kept = self.kept(&container.header.stanzas, |stanza| stanza.kind() == "meta")?;
        // One that was alone is so no longer: who opens the file from now on knows its key, too.
        let joined = kept.iter().map(|stanza| match Kind::read(stanza)?.is_alone() {
            true => envelope::stanza::join(&unwrapped, stanza),
            false => Ok(stanza.clone()),
        });
        let mut stanzas = joined.collect::<Result<Vec<_>>>()?;
        if let Some(new) = &self.new {
            stanzas.extend(sealing::wrap_container(file_key, new, Scope::Joint)?);
            sealing::check_container(&stanzas, new.downgrade_mix, new.shared)?;
        }
        let bytes = envelope::write(file_key, &stanzas);
        sealing::check_size(&stanzas, &bytes)?;
        // What could not be opened again is not written.
        Container::check(Header::read(&mut bytes.as_slice(), Version::Bulla)?).map(|_| bytes)
    }

    fn new_age(&self, header: &Header) -> Result<Vec<u8>> {
        let file_key = unsealing::unlock_age(header, &self.openers, self.limits)?;
        let mut stanzas = self.kept(&header.stanzas, |_| false)?;
        if let Some(new) = &self.new {
            stanzas.extend(sealing::wrap_age(&file_key, new)?);
            sealing::check_age(&stanzas, new.downgrade_mix, new.shared)?;
        }
        let bytes = age::write(&file_key, &stanzas);
        sealing::check_size(&stanzas, &bytes)?;
        age::check(&Header::read(&mut bytes.as_slice(), Version::Age)?).map(|_| bytes)
    }

    /// The old stanzas that stay. `always` says which of them do in any case: sealed metadata belong to the content.
    fn kept(&self, old: &[Stanza], always: impl Fn(&Stanza) -> bool) -> Result<Vec<Stanza>> {
        let wrong = |number: &&usize| **number == 0 || old.get(number.saturating_sub(1)).is_none_or(&always);
        if let Some(number) = self.remove.iter().find(wrong) {
            return Err(Error::usage(
                "rewrap",
                format!("there is no stanza {number} that could be removed"),
                "look at the numbers: bulla inspect",
            ));
        }
        let stays = |(number, stanza): &(usize, &Stanza)| {
            always(stanza) || (self.keep && !self.remove.contains(number))
        };
        let kept: Vec<Stanza> = (1..).zip(old).filter(stays).map(|(_, stanza)| stanza.clone()).collect();
        if kept.iter().all(always) && self.new.is_none() {
            return Err(Error::usage("rewrap", "nobody could open the file then", "add somebody"));
        }
        Ok(kept)
    }
}

/// Writes a header and the old payload; the system copies it, or shares it where it can.
fn copy_plain(header: &[u8], mut input: Input<&File>, source: &Source, mut out: &File) -> Result<()> {
    let failed = |error| Error::io("rewrap", error);
    out.write_all(header).map_err(failed)?;
    input.write_waiting(&mut out).map_err(failed)?;
    io::copy(&mut &source.file, &mut out).map_err(failed)?;
    Ok(())
}

fn copy_armored(header: &[u8], from: &mut impl Read, out: &File, label: Label) -> Result<()> {
    let failed = |error| Error::io("rewrap", error);
    let mut armorer = Armorer::new(out, label);
    armorer.write_all(header).map_err(failed)?;
    io::copy(from, &mut armorer).map_err(failed)?;
    armorer.finish().map(drop).map_err(failed)
}
