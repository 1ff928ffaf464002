//! Opening: what to open with, for which context, under which bounds; then bytes, streams, files.
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use super::opened::Opened;
use super::progress::{self, Progress};
use super::ranges::UncheckedRanges;
use super::reader::{Reader, armor_label};
use super::source::Source;
use super::{archive, parallel};
use crate::encoding::input::Input;
use crate::error::{Error, Result};
use crate::formats::header;
use crate::formats::payload::wide;
use crate::formats::unsealing::{self, Terms};
use crate::keys::lock::Opener;
use crate::keys::{KdfLimits, Unlock};
use crate::new_file::{Manner, NewDirectory, NewFile};
use crate::secret::SecretVec;

/// Decrypts bytes. It finds out by itself which format they have, armored or not.
///
/// # Errors
/// [`Unauthentic`](crate::ErrorKind::Unauthentic), [`NoKeyFits`](crate::ErrorKind::NoKeyFits),
/// [`Malformed`](crate::ErrorKind::Malformed), [`OverLimit`](crate::ErrorKind::OverLimit),
/// [`Unrecognised`](crate::ErrorKind::Unrecognised) or [`Unsupported`](crate::ErrorKind::Unsupported).
///
/// ```
/// let key = bulla::Key::generate();
/// let sealed = bulla::encrypt(&key, b"hello")?;
/// assert_eq!(bulla::decrypt(&key, &sealed)?, b"hello");
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn decrypt(with: &(impl Unlock + ?Sized), sealed: &[u8]) -> Result<Vec<u8>> {
    Decryption::with(with).bytes(sealed).map(|(content, _)| content)
}

/// Decrypts a file into a new file, which appears only if all of it is authentic (mode 0600).
///
/// # Errors
/// Those of [`decrypt`], [`Exists`](crate::ErrorKind::Exists) if there is a file `into` already,
/// [`Io`](crate::ErrorKind::Io).
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let (letter, sealed, back) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("c"));
/// # std::fs::write(&letter, "Dear Bob")?;
/// let bob = bulla::Identity::generate();
/// bulla::encrypt_file(&bob.recipient(), &letter, &sealed)?;
/// bulla::decrypt_file(&bob, &sealed, &back)?;
/// assert_eq!(std::fs::read(&back)?, b"Dear Bob");
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn decrypt_file(
    with: &(impl Unlock + ?Sized),
    from: impl AsRef<Path>,
    into: impl AsRef<Path>,
) -> Result<()> {
    Decryption::with(with).file(from, into).map(drop)
}

/// Reads all of a file and checks it, writing nothing.
///
/// # Errors
/// Those of [`decrypt`], and [`Io`](crate::ErrorKind::Io).
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("sealed");
/// let key = bulla::Key::generate();
/// std::fs::write(&path, bulla::encrypt(&key, b"hello")?)?;
/// let opened = bulla::file::verify(&key, &path)?;
/// assert_eq!(opened.length(), Some(5));
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn verify(with: &(impl Unlock + ?Sized), path: impl AsRef<Path>) -> Result<Opened> {
    Decryption::with(with).verify(path)
}

/// How something is decrypted: begin with [`with`](Self::with), end with [`bytes`](Self::bytes),
/// [`file`](Self::file), [`reader`](Self::reader) or another.
///
/// ```
/// use bulla::{Key, file::{Decryption, Encryption}};
/// let key = Key::generate();
/// let sealed = Encryption::to(&key).context(b"invoice 7").bytes(b"100 francs")?;
/// let (content, _) = Decryption::with(&key).context(b"invoice 7").bytes(&sealed)?;
/// assert_eq!(content, b"100 francs");
/// assert!(Decryption::with(&key).context(b"invoice 8").bytes(&sealed).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is decrypted before `bytes`, `file`, `reader` or another is called"]
#[derive(Clone)]
pub struct Decryption<'a> {
    openers: Vec<Opener<'a>>,
    terms: Terms<'a>,
    manner: Manner,
    progress: Progress<'a>,
}

impl<'a> Decryption<'a> {
    /// What to open with.
    pub fn with(with: &'a (impl Unlock + ?Sized)) -> Self {
        let manner = Manner { overwrite: false, durable: true };
        Decryption { openers: with.openers(), terms: Terms::default(), manner, progress: None }
    }

    /// What the content must be for: exactly what was given to
    /// [`Encryption::context`](super::Encryption::context). Empty unless given.
    pub fn context(mut self, context: &'a [u8]) -> Self {
        self.terms.context = context;
        self
    }

    /// What a file may ask of this machine when a passphrase is tried.
    pub fn kdf_limits(mut self, limits: KdfLimits) -> Self {
        self.terms.kdf_limits = limits;
        self
    }

    /// Whether a target file that exists is replaced. It is not unless this says so.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.manner.overwrite = overwrite;
        self
    }

    /// Whether the target is forced to the disk before it gets its name. It is unless this says otherwise:
    /// then it is faster, and a power cut soon after can lose or empty it.
    pub fn durable(mut self, durable: bool) -> Self {
        self.manner.durable = durable;
        self
    }

    /// A function that is told, now and then and from any thread, how many bytes of the content are done.
    /// `Break` stops the work with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled). It is asked by what writes files
    /// or verifies one, not by [`bytes`](Self::bytes) and [`reader`](Self::reader).
    pub fn progress(mut self, tell: &'a (dyn Fn(u64) -> ControlFlow<()> + Sync)) -> Self {
        self.progress = Some(tell);
        self
    }

    /// Decrypts bytes, and says what is known of them.
    ///
    /// # Errors
    /// Those of [`decrypt`].
    pub fn bytes(&self, sealed: &[u8]) -> Result<(Vec<u8>, Opened)> {
        let mut reader = Reader::open(sealed, &self.openers, &self.terms, sealed.len())?;
        // Wiped, should it turn out not to be whole.
        let mut content = SecretVec::new(Vec::with_capacity(sealed.len()));
        reader.read_to_end(&mut content)?;
        let mut opened = reader.opened().clone();
        opened.set_length(wide(content.len()));
        Ok((std::mem::take(&mut *content), opened))
    }

    /// Decrypts a stream, bit by bit. See [`Reader`] for what it promises.
    ///
    /// # Errors
    /// Those of [`decrypt`] that come before the content, and [`Io`](crate::ErrorKind::Io).
    pub fn reader<R: Read>(&self, from: R) -> Result<Reader<R>> {
        Reader::open(from, &self.openers, &self.terms, usize::MAX)
    }

    /// Decrypts a file into a new file, on all cores. The content of a directory is written as the tar stream it is.
    ///
    /// # Errors
    /// Those of [`decrypt_file`].
    pub fn file(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<Opened> {
        let source = open_sealed(from.as_ref())?;
        source.check_target(into.as_ref(), self.manner.overwrite)?;
        self.write_file(self.reader(&source.file)?, &source, into.as_ref())
    }

    /// Reads all of a file and checks it, on all cores, writing nothing.
    ///
    /// # Errors
    /// Those of [`verify`].
    pub fn verify(&self, path: impl AsRef<Path>) -> Result<Opened> {
        let source = open_sealed(path.as_ref())?;
        self.copy_out(self.reader(&source.file)?, &source, None)
    }

    /// Decrypts the directory that was encrypted with [`Encryption::directory`](super::Encryption::directory) into a
    /// new directory, which appears only if all of it is authentic and sound.
    ///
    /// What is in the archive is not trusted: only plain files and directories below the target are made.
    /// Links, devices, absolute paths and `..` are refused, with the whole archive. Modes are 0600 and 0700, plus the
    /// owner's right to execute where it was.
    ///
    /// # Errors
    /// Those of [`decrypt_file`], [`Usage`](crate::ErrorKind::Usage) if it was not a directory that was encrypted,
    /// [`Malformed`](crate::ErrorKind::Malformed) for an archive with anything else in it.
    ///
    /// ```
    /// use bulla::{Key, file::{Decryption, Encryption}};
    /// # let dir = tempfile::tempdir()?;
    /// # let at = |name: &str| dir.path().join(name);
    /// # std::fs::create_dir(at("photos"))?;
    /// std::fs::write(at("photos").join("1.jpg"), "…")?;
    /// let key = Key::generate();
    /// Encryption::to(&key).directory(at("photos"), at("photos.bulla"))?;
    /// Decryption::with(&key).directory(at("photos.bulla"), at("again"))?;
    /// assert!(at("again").join("1.jpg").exists());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn directory(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<Opened> {
        let reader = self.reader(open_sealed(from.as_ref())?.file)?;
        if !reader.opened().metadata().is_directory() {
            return Err(Error::usage(
                "directory",
                "a file was encrypted, not a directory",
                "decrypt it as a file",
            ));
        }
        self.extract(reader, into.as_ref())
    }

    /// Decrypts whichever was encrypted: into a new file, or into a new directory.
    ///
    /// # Errors
    /// Those of [`file`](Self::file) and [`directory`](Self::directory).
    ///
    /// ```
    /// use bulla::{Key, file::{Decryption, Encryption}};
    /// # let dir = tempfile::tempdir()?;
    /// # let at = |name: &str| dir.path().join(name);
    /// std::fs::create_dir(at("empty"))?;
    /// let key = Key::generate();
    /// Encryption::to(&key).directory(at("empty"), at("empty.bulla"))?;
    /// Decryption::with(&key).restore(at("empty.bulla"), at("again"))?;
    /// assert!(at("again").is_dir());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn restore(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<Opened> {
        let source = open_sealed(from.as_ref())?;
        source.check_target(into.as_ref(), self.manner.overwrite)?;
        let reader = self.reader(&source.file)?;
        if reader.opened().metadata().is_directory() {
            return self.extract(reader, into.as_ref());
        }
        self.write_file(reader, &source, into.as_ref())
    }

    /// [`restore`](Self::restore) for a stream: writes what a fresh [`reader`](Self::reader) gives into a new file, or
    /// into a new directory. What the reader says of the content may help to choose where.
    ///
    /// # Errors
    /// Those of [`restore`](Self::restore); [`Usage`](crate::ErrorKind::Usage) if something has been read from it already.
    ///
    /// ```
    /// use bulla::{Key, file::{Decryption, Encryption}};
    /// # let dir = tempfile::tempdir()?;
    /// let key = Key::generate();
    /// let sealed = Encryption::to(&key).name("letter.txt").bytes(b"hello")?;
    /// let decryption = Decryption::with(&key);
    /// let reader = decryption.reader(&sealed[..])?;
    /// let name = reader.opened().metadata().file_name().unwrap_or("unnamed").to_owned();
    /// decryption.restore_reader(reader, dir.path().join(name))?;
    /// assert_eq!(std::fs::read(dir.path().join("letter.txt"))?, b"hello");
    /// # let mut begun = decryption.reader(&sealed[..])?;
    /// # std::io::Read::read_exact(&mut begun, &mut [0])?;
    /// # assert!(decryption.restore_reader(begun, dir.path().join("rest")).is_err());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn restore_reader<R: Read>(&self, mut reader: Reader<R>, into: impl AsRef<Path>) -> Result<Opened> {
        if !reader.is_fresh() {
            return Err(Error::usage("reader", "it has been read from", "give one that has not"));
        }
        if reader.opened().metadata().is_directory() {
            return self.extract(reader, into.as_ref());
        }
        let target = NewFile::begin(into.as_ref(), self.manner)?;
        let length = progress::copy(&mut reader, &mut target.file(), self.progress)?;
        target.commit()?;
        let mut opened = reader.opened().clone();
        opened.set_length(length);
        Ok(opened)
    }

    /// Begins random access to something sealed that is `size` bytes long and begins with `head`: at least its
    /// header and 56 bytes.
    ///
    /// # Errors
    /// Those of [`decrypt`] that come before the content; [`Usage`](crate::ErrorKind::Usage) if it is armored. [`Malformed`](crate::ErrorKind::Malformed) or
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) also if `head` is too short: 1 MiB and 56 bytes always are enough.
    pub fn ranges(&self, head: &[u8], size: u64) -> Result<UncheckedRanges> {
        if armor_label(&mut Input::new(head, head.len()))?.is_some() {
            let why = "it is armored, and armor cannot be read at any place";
            return Err(Error::usage("ranges", why, "read it as a stream: Decryption::reader"));
        }
        let version =
            header::sniff(head.split_at_checked(header::SNIFF_BYTES).map_or(head, |(first, _)| first))?;
        let unsealed = unsealing::open(&mut &*head, version, &self.openers, &self.terms)?;
        UncheckedRanges::new(unsealed, size)
    }

    fn write_file(&self, reader: Reader<&File>, source: &Source, into: &Path) -> Result<Opened> {
        let target = NewFile::begin(into, self.manner)?;
        let opened = self.copy_out(reader, source, Some(target.file()))?;
        target.commit()?;
        Ok(opened)
    }

    /// Opens all of a file, on all cores if it can be read at any place, and writes it if there is where to.
    fn copy_out(&self, reader: Reader<&File>, source: &Source, out: Option<&File>) -> Result<Opened> {
        let mut reader = match reader.into_ranges(source)? {
            Ok(ranges) => {
                parallel::open(&ranges, &source.file, out, self.progress)?;
                return Ok(ranges.opened());
            }
            Err(reader) => reader,
        };
        let length = match out {
            Some(mut out) => progress::copy(&mut reader, &mut out, self.progress)?,
            None => progress::copy(&mut reader, &mut io::sink(), self.progress)?,
        };
        let mut opened = reader.opened().clone();
        opened.set_length(length);
        Ok(opened)
    }

    fn extract(&self, reader: Reader<impl Read>, into: &Path) -> Result<Opened> {
        let mut opened = reader.opened().clone();
        let target = NewDirectory::begin(into, self.manner.durable)?;
        let length = archive::extract(reader, target.path(), self.manner.durable, self.progress)?;
        target.commit()?;
        opened.set_length(length);
        Ok(opened)
    }
}

/// Opens a source that is to be decrypted. A directory can be opened, and not read.
fn open_sealed(path: &Path) -> Result<Source> {
    let source = Source::open(path)?;
    if source.before.is_dir() {
        return Err(Error::usage(
            "source",
            format!("{} is a directory", source.name()),
            "name a sealed file",
        ));
    }
    Ok(source)
}
