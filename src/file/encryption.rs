//! Sealing: for whom, for which context, how large it may look; then bytes, streams, files, directories.
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::SystemTime;

use super::progress::{self, Progress};
use super::source::Source;
use super::writer::Writer;
use super::{archive, parallel};
use crate::error::{Error, Result};
use crate::formats::padding::Padding;
use crate::formats::payload::wide;
use crate::formats::sealing::{self, Format, Wishes};
use crate::keys::Lock;
use crate::keys::lock::Holders;
use crate::new_file::{Manner, NewFile, check_target};

/// Encrypts bytes.
///
/// For a [`Key`](crate::Key) that is a bare Cobblestone-256 message: 56 bytes longer than `plaintext`, and 16
/// more for each 16 KiB begun; for everything else a `bulla/v1` container.
///
/// # Errors
/// [`Usage`](crate::ErrorKind::Usage) if recipients do not go together, [`Io`](crate::ErrorKind::Io) if there is no
/// memory for a passphrase's KDF.
///
/// ```
/// let bob = bulla::Identity::generate();
/// let sealed = bulla::encrypt(&bob.recipient(), b"Dear Bob")?;
/// assert_eq!(bulla::decrypt(&bob, &sealed)?, b"Dear Bob");
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn encrypt(to: &(impl Lock + ?Sized), plaintext: &[u8]) -> Result<Vec<u8>> {
    Encryption::to(to).bytes(plaintext)
}

/// Encrypts a file into a new file, which appears whole or not at all (mode 0600).
///
/// # Errors
/// Those of [`encrypt`], [`Exists`](crate::ErrorKind::Exists) if there is a file `into` already,
/// [`Changed`](crate::ErrorKind::Changed) if `from` changed meanwhile, [`Io`](crate::ErrorKind::Io).
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let (letter, sealed) = (dir.path().join("a"), dir.path().join("b"));
/// # std::fs::write(&letter, "Dear Bob")?;
/// let passphrase = bulla::Passphrase::generate();
/// bulla::encrypt_file(&passphrase, &letter, &sealed)?;
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn encrypt_file(to: &(impl Lock + ?Sized), from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<()> {
    Encryption::to(to).file(from, into)
}

/// How something is encrypted: begin with [`to`](Self::to), end with [`bytes`](Self::bytes), [`file`](Self::file),
/// [`writer`](Self::writer) or [`directory`](Self::directory).
///
/// ```
/// use bulla::{Identity, Padding, file::Encryption};
/// let bob = Identity::generate();
/// let sealed = Encryption::to(&bob.recipient())
///     .context(b"letters")
///     .padding(Padding::Padme)
///     .name("letter.txt")
///     .armor(true)
///     .bytes(b"Dear Bob")?;
/// assert!(sealed.starts_with(b"-----BEGIN BULLA ENCRYPTED FILE-----"));
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is encrypted before `bytes`, `file`, `writer` or `directory` is called"]
#[derive(Clone)]
pub struct Encryption<'a> {
    holders: Holders<'a>,
    wishes: Wishes<'a>,
    padding: Padding,
    armored: bool,
    remember: bool,
    manner: Manner,
    progress: Progress<'a>,
}

impl<'a> Encryption<'a> {
    /// Who may open it.
    pub fn to(to: &'a (impl Lock + ?Sized)) -> Self {
        Encryption {
            holders: to.holders(),
            wishes: Wishes::default(),
            padding: Padding::None,
            armored: false,
            remember: false,
            manner: Manner { overwrite: false, durable: true },
            progress: None,
        }
    }

    /// What the content is for. It is not stored; who decrypts must name the same, so that one file cannot be passed
    /// off as another. Not in age files.
    pub fn context(mut self, context: &'a [u8]) -> Self {
        self.wishes.context = context;
        self
    }

    /// Hides the content's length, more or less. Not in raw and age files.
    pub fn padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self.wishes.meta.padded = padding != Padding::None;
        self
    }

    /// Chooses a format. Otherwise it is [`Format::Raw`] for a key alone, [`Format::Age`] if an SSH key is among the
    /// recipients, and else [`Format::Bulla`].
    pub fn format(mut self, format: Format) -> Self {
        self.wishes.format = Some(format);
        self
    }

    /// Whether to write text (PEM) rather than bytes: a third larger, and without random access.
    pub fn armor(mut self, armor: bool) -> Self {
        self.armored = armor;
        self
    }

    /// Seals a name beside the content.
    pub fn name(mut self, name: &str) -> Self {
        self.wishes.meta.name = Some(name.to_owned());
        self
    }

    /// Seals a time of modification beside the content.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use bulla::{Key, file::{Decryption, Encryption}};
    /// let key = Key::generate();
    /// let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    /// let sealed = Encryption::to(&key).modified(then).bytes(b"")?;
    /// assert_eq!(Decryption::with(&key).bytes(&sealed)?.1.metadata().modified(), Some(then));
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn modified(mut self, modified: SystemTime) -> Self {
        self.wishes.meta.modified = since_1970(modified);
        self
    }

    /// Seals a media type (RFC 6838) beside the content.
    pub fn media_type(mut self, media_type: &str) -> Self {
        self.wishes.meta.media_type = Some(media_type.to_owned());
        self
    }

    /// Seals the source's own name and time of modification beside the content, where it has them.
    pub fn remember_source(mut self, remember: bool) -> Self {
        self.remember = remember;
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
    /// `Break` stops the work with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled). It is asked by what reads files
    /// or streams, not by [`bytes`](Self::bytes) and [`writer`](Self::writer).
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use bulla::{ErrorKind, Key, file::Encryption};
    /// # let dir = tempfile::tempdir()?;
    /// # let at = |name: &str| dir.path().join(name);
    /// std::fs::write(at("large"), vec![0; 1 << 20])?;
    /// let key = Key::generate();
    /// let stop = |_done| ControlFlow::Break(());
    /// let error = Encryption::to(&key).progress(&stop).file(at("large"), at("sealed")).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// assert!(!at("sealed").exists());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn progress(mut self, tell: &'a (dyn Fn(u64) -> ControlFlow<()> + Sync)) -> Self {
        self.progress = Some(tell);
        self
    }

    /// Encrypts bytes.
    ///
    /// # Errors
    /// Those of [`encrypt`]; [`Usage`](crate::ErrorKind::Usage) if what was asked for does not go together.
    pub fn bytes(&self, plaintext: &[u8]) -> Result<Vec<u8>> {
        let mut writer = self.writer(Vec::new())?;
        writer.write_all(plaintext)?;
        writer.finish()
    }

    /// Encrypts what is written to the writer that this gives.
    ///
    /// # Errors
    /// Those of [`bytes`](Self::bytes).
    pub fn writer<W: Write>(&self, out: W) -> Result<Writer<W>> {
        let sealing = sealing::seal(&self.holders, &self.wishes)?;
        Ok(Writer::begin(out, sealing, self.padding, self.armored))
    }

    /// Encrypts a file into a new file, on all cores.
    ///
    /// # Errors
    /// Those of [`encrypt_file`] and [`bytes`](Self::bytes).
    pub fn file(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<()> {
        let source = Source::open(from.as_ref())?;
        if source.before.is_dir() {
            return Err(Error::usage(
                "source",
                "it is a directory",
                "encrypt it as one: Encryption::directory",
            ));
        }
        source.check_target(into.as_ref(), self.manner.overwrite)?;
        let target = NewFile::begin(into.as_ref(), self.manner)?;
        let this = self.remembering(&source);
        match source.size() {
            Some(size) if !self.armored => this.seal_in_parallel(&source, size, &target)?,
            size => {
                let mut writer = this.writer(target.file())?;
                let copied = progress::copy(&mut &source.file, &mut writer, self.progress)?;
                writer.finish()?;
                if size.is_some_and(|size| size != copied) {
                    return Err(source.changed());
                }
            }
        }
        source.check_unchanged()?;
        target.commit()
    }

    /// Encrypts a stream into a new file: [`file`](Self::file) for what has no path. There is no source to remember.
    ///
    /// # Errors
    /// Those of [`file`](Self::file).
    ///
    /// ```
    /// use bulla::{Key, file::{Decryption, Encryption}};
    /// # let dir = tempfile::tempdir()?;
    /// # let sealed = dir.path().join("sealed");
    /// let key = Key::generate();
    /// Encryption::to(&key).stream(&b"hello"[..], &sealed)?;
    /// assert_eq!(Decryption::with(&key).bytes(&std::fs::read(sealed)?)?.0, b"hello");
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn stream(&self, mut from: impl Read, into: impl AsRef<Path>) -> Result<()> {
        let target = NewFile::begin(into.as_ref(), self.manner)?;
        let mut writer = self.writer(target.file())?;
        progress::copy(&mut from, &mut writer, self.progress)?;
        writer.finish()?;
        target.commit()
    }

    /// Encrypts a directory with all that is in it into a new file, as a tar stream.
    ///
    /// Names, contents, the times of files in whole seconds and their right to execute are kept; owners, other rights and
    /// the times of folders are not. A symbolic link, a
    /// device or a socket in it is an error, because extraction would refuse it: use `tar` yourself, and encrypt what
    /// it writes, if you want those.
    ///
    /// # Errors
    /// Those of [`file`](Self::file); [`Usage`](crate::ErrorKind::Usage) names the first thing that is neither a file nor a
    /// directory.
    pub fn directory(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<()> {
        let source = open_directory(from.as_ref())?;
        check_target(into.as_ref(), self.manner.overwrite)?;
        source.refuse_inside(into.as_ref())?;
        let target = NewFile::begin(into.as_ref(), self.manner)?;
        let mut this = self.remembering(&source);
        this.wishes.meta.directory = true;
        let writer = this.writer(target.file())?;
        archive::create(&source.path, writer, self.progress)?.finish()?;
        target.commit()
    }

    /// Encrypts a directory to anything that writes: [`directory`](Self::directory) for streams. `out` is given back.
    ///
    /// # Errors
    /// Those of [`directory`](Self::directory).
    ///
    /// ```
    /// use bulla::{Key, file::{Decryption, Encryption}};
    /// # let dir = tempfile::tempdir()?;
    /// let key = Key::generate();
    /// let sealed = Encryption::to(&key).directory_to(dir.path(), Vec::new())?;
    /// assert!(Decryption::with(&key).bytes(&sealed)?.1.metadata().is_directory());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn directory_to<W: Write>(&self, from: impl AsRef<Path>, out: W) -> Result<W> {
        let source = open_directory(from.as_ref())?;
        let mut this = self.remembering(&source);
        this.wishes.meta.directory = true;
        archive::create(&source.path, this.writer(out)?, self.progress)?.finish()
    }

    fn remembering(&self, source: &Source) -> Self {
        let mut this = self.clone();
        if self.remember {
            let meta = &mut this.wishes.meta;
            let name = source.path.file_name().map(|name| name.to_string_lossy().into_owned());
            meta.name = meta.name.take().or(name);
            meta.modified = meta.modified.or(source.before.modified().ok().and_then(since_1970));
        }
        this
    }

    fn seal_in_parallel(&self, source: &Source, size: u64, target: &NewFile) -> Result<()> {
        let sealing = sealing::seal(&self.holders, &self.wishes)?;
        let mut out = target.file();
        let failed = |error: io::Error| Error::io("writing", error);
        out.write_all(&sealing.prefix).map_err(failed)?;
        let plain =
            parallel::Plain { source, content: size, size: self.padding.padded(size).unwrap_or(size) };
        parallel::seal(&sealing.payload, wide(sealing.prefix.len()), &plain, out, self.progress)
    }
}

fn open_directory(path: &Path) -> Result<Source> {
    let source = Source::open(path)?;
    if source.before.is_dir() {
        return Ok(source);
    }
    Err(Error::usage("source", "it is not a directory", "encrypt it as a file"))
}

/// Seconds and nanoseconds since 1970, for times that seconds in 64 bits can say.
fn since_1970(time: SystemTime) -> Option<(i64, u32)> {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => Some((i64::try_from(after.as_secs()).ok()?, after.subsec_nanos())),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).ok()?.checked_neg()?;
            match before.subsec_nanos() {
                0 => Some((seconds, 0)),
                nanos => Some((seconds.checked_sub(1)?, 1_000_000_000u32.checked_sub(nanos)?)),
            }
        }
    }
}
