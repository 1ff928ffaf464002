//! Opening: what to open with, for which context, under which bounds; then bytes, streams, files.
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::create::{Manner, NewDirectory, NewFile};
use super::ranges::UncheckedRanges;
use super::reader::Reader;
use super::{archive, parallel};
use crate::error::{Error, Result};
use crate::formats::header;
use crate::formats::meta::Meta;
use crate::formats::payload::wide;
use crate::formats::sealing::Format;
use crate::formats::unsealing::{self, Authenticity, Terms, Unsealed};
use crate::keys::lock::Opener;
use crate::keys::{KdfLimits, Unlock};

/// A function that is told how many bytes have been done, and may stop the work.
pub(super) type Progress<'a> = Option<&'a (dyn Fn(u64) -> ControlFlow<()> + Sync)>;

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
    /// `Break` stops the work with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
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
        let mut content = Vec::with_capacity(sealed.len());
        reader.read_to_end(&mut content)?;
        let mut opened = reader.opened().clone();
        opened.set_length(wide(content.len()));
        Ok((content, opened))
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
        let source = super::Source::open(from.as_ref())?;
        source.check_target(into.as_ref(), self.manner.overwrite)?;
        self.into_file(self.reader(&source.file)?, &source, into.as_ref())
    }

    /// Reads all of a file and checks it, on all cores, writing nothing.
    ///
    /// # Errors
    /// Those of [`verify`].
    pub fn verify(&self, path: impl AsRef<Path>) -> Result<Opened> {
        let source = super::Source::open(path.as_ref())?;
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
        let reader = self.reader(super::Source::open(from.as_ref())?.file)?;
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
        let source = super::Source::open(from.as_ref())?;
        source.check_target(into.as_ref(), self.manner.overwrite)?;
        let reader = self.reader(&source.file)?;
        if reader.opened().metadata().is_directory() {
            return self.extract(reader, into.as_ref());
        }
        self.into_file(reader, &source, into.as_ref())
    }

    /// Begins random access to something sealed that is `size` bytes long and begins with `head`: at least its
    /// header and 56 bytes. Armored files are not for this.
    ///
    /// # Errors
    /// Those of [`decrypt`] that come before the content. [`Malformed`](crate::ErrorKind::Malformed) or
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) also if `head` is too short: 1 MiB and 56 bytes always are enough.
    pub fn ranges(&self, head: &[u8], size: u64) -> Result<UncheckedRanges> {
        let version =
            header::sniff(head.split_at_checked(header::SNIFF_BYTES).map_or(head, |(first, _)| first))?;
        let unsealed = unsealing::open(&mut &*head, version, &self.openers, &self.terms)?;
        UncheckedRanges::new(unsealed, size)
    }

    fn into_file(&self, reader: Reader<&File>, source: &super::Source, into: &Path) -> Result<Opened> {
        let target = NewFile::begin(into, self.manner)?;
        let opened = self.copy_out(reader, source, Some(target.file()))?;
        target.commit()?;
        Ok(opened)
    }

    /// Opens all of a file, on all cores if it can be read at any place, and writes it if there is where to.
    fn copy_out(&self, reader: Reader<&File>, source: &super::Source, out: Option<&File>) -> Result<Opened> {
        let mut reader = match reader.into_ranges(source)? {
            Ok(ranges) => {
                parallel::open(&ranges, &source.file, out, self.progress)?;
                return Ok(ranges.opened());
            }
            Err(reader) => reader,
        };
        let length = match out {
            Some(mut out) => super::copy(&mut reader, &mut out, self.progress)?,
            None => super::copy(&mut reader, &mut io::sink(), self.progress)?,
        };
        let mut opened = reader.opened().clone();
        opened.set_length(length);
        Ok(opened)
    }

    fn extract(&self, reader: Reader<impl Read>, into: &Path) -> Result<Opened> {
        let mut opened = reader.opened().clone();
        let target = NewDirectory::begin(into)?;
        let length = archive::extract(reader, target.path(), self.progress)?;
        target.commit()?;
        opened.set_length(length);
        Ok(opened)
    }
}

/// What is known of something that was opened. All of it is authentic.
#[derive(Clone, Debug)]
pub struct Opened {
    format: Format,
    authenticity: Authenticity,
    length: Option<u64>,
    metadata: Metadata,
}

impl Opened {
    pub(super) fn of(unsealed: &Unsealed, length: Option<u64>) -> Self {
        Opened {
            format: unsealed.format,
            authenticity: unsealed.authenticity,
            length,
            metadata: Metadata(unsealed.meta.clone()),
        }
    }

    pub(super) fn set_length(&mut self, length: u64) {
        self.length = Some(length);
    }

    /// Which format it has.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// What opening tells about who sealed it.
    #[must_use]
    pub fn authenticity(&self) -> Authenticity {
        self.authenticity
    }

    /// The content's size in bytes; `None` while a stream's end has not been seen.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// What was sealed beside the content.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// What was sealed beside the content, if its writer asked for that.
///
/// It is authentic, but its writer may be anybody (see [`Authenticity`]): a name is a claim, not a path.
///
/// ```
/// use bulla::{Key, file::{Decryption, Encryption}};
/// let key = Key::generate();
/// let sealed = Encryption::to(&key).name("../../etc/passwd").bytes(b"root::0:0")?;
/// let (_, opened) = Decryption::with(&key).bytes(&sealed)?;
/// assert_eq!(opened.metadata().untrusted_name(), Some("../../etc/passwd"));
/// assert_eq!(opened.metadata().file_name(), None);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Metadata(Meta);

impl Metadata {
    /// The original name, if it is a plain file name that is safe in any directory: no separator, no control
    /// character, not hidden, no name that Windows keeps for devices.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.untrusted_name().filter(|name| archive::is_plain_name(name))
    }

    /// The original name as its writer gave it, whatever it holds. Never use it as a path, or show it unescaped.
    #[must_use]
    pub fn untrusted_name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// When the original was last modified (UTC), if this system can say that time.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        let (seconds, nanos) = self.0.modified?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let time = if seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(whole)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        time?.checked_add(Duration::from_nanos(nanos.into()))
    }

    /// The media type (RFC 6838), as its writer gave it: 1 to 255 printable ASCII characters.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.0.media_type.as_deref()
    }

    /// Whether it was a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.0.directory
    }

    /// Whether its length was padded.
    #[must_use]
    pub fn is_padded(&self) -> bool {
        self.0.padded
    }
}
