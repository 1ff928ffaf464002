//! Where content comes from and where it goes: files, directories, standard input and output.
use std::fs::Metadata;
use std::io::{self, BufWriter, IsTerminal, Read, Seek, StdoutLock, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::failure::{Code, Done, Failure};
use crate::ui::{self, Meter};

/// What is read.
pub(crate) enum Input {
    Stdin,
    Path(PathBuf),
}

impl Input {
    /// `-` and no name are standard input.
    pub(crate) fn of(name: Option<&Path>) -> Self {
        match name {
            Some(path) if path != Path::new("-") => Input::Path(path.to_owned()),
            _ => Input::Stdin,
        }
    }

    pub(crate) fn is_stdin(&self) -> bool {
        matches!(self, Input::Stdin)
    }

    /// The path of something that a command changes or looks at in its place.
    pub(crate) fn path(&self, command: &str) -> Done<&Path> {
        match self {
            Input::Path(path) => Ok(path),
            Input::Stdin => {
                Err(Failure::usage(command, "standard input cannot be changed in its place", "name a file"))
            }
        }
    }

    /// What the system says of it, if it has a path.
    pub(crate) fn metadata(&self) -> Done<Option<Metadata>> {
        match self {
            Input::Stdin => Ok(None),
            Input::Path(path) => {
                path.metadata().map(Some).map_err(|error| Failure::io(path.display(), &error))
            }
        }
    }

    /// As it is called in what is said to people.
    pub(crate) fn name(&self) -> String {
        match self {
            Input::Path(path) => path.display().to_string(),
            Input::Stdin => "standard input".to_owned(),
        }
    }

    /// Refuses a directory, where something sealed is due, and what is not there.
    pub(crate) fn check_sealed(&self) -> Done<()> {
        self.check_file("name a sealed file")
    }

    /// Refuses a directory, with a word on what is due instead, and what is not there.
    pub(crate) fn check_file(&self, hint: &str) -> Done<()> {
        match (self, self.metadata()?) {
            (Input::Path(path), Some(about)) if about.is_dir() => {
                Err(Failure::usage(path.display(), "it is a directory", hint))
            }
            _ => Ok(()),
        }
    }

    /// A progress bar for it, unless content is about to be written to a terminal.
    pub(crate) fn meter(&self, to_stdout: bool) -> Done<Meter> {
        let total = self.metadata()?.filter(Metadata::is_file).map(|about| about.len());
        if to_stdout && io::stdout().is_terminal() { Ok(Meter::none()) } else { Ok(Meter::new(total)) }
    }
}

/// Standard input; who types is told how to end.
pub(crate) fn stdin() -> io::StdinLock<'static> {
    if io::stdin().is_terminal() {
        ui::note("bulla: reading what you type; end with Ctrl-D at the beginning of a line");
    }
    io::stdin().lock()
}

/// Bytes that are kept in memory before a temporary file is taken.
const IN_MEMORY: usize = 1 << 20;

/// Where what is made goes.
#[derive(clap::Args)]
pub(crate) struct Out {
    /// Write to this file, which appears whole or not at all; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

/// Where content goes.
#[derive(clap::Args)]
pub(crate) struct Target {
    #[command(flatten)]
    out: Out,
    /// Do not wait until the disk has the file: faster, and a power cut may lose it
    #[arg(long)]
    no_sync: bool,
}

impl Out {
    /// `None` is standard output.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// The file for what is made, where a report goes to standard output.
    pub(crate) fn path_beside_report(&self) -> Done<&Path> {
        self.path().ok_or_else(|| {
            let why = "the report goes to standard output, and so would the mail";
            Failure::usage("--json", why, "write the mail to a file with -o")
        })
    }

    /// Refuses a target that exists before anybody is asked for a passphrase, or shown one. The library looks again.
    pub(crate) fn check_free(&self) -> Done<()> {
        let there = self.path().and_then(|path| Some((path, path.symlink_metadata().ok()?)));
        let (why, hint) = match &there {
            Some((_, about)) if about.is_file() => {
                ("it exists", "name another target, or replace it with --force")
            }
            _ => ("it exists, and is not a regular file", "name another target"),
        };
        match there {
            Some((path, _)) if !self.force => Err(Failure::new(Code::InputOutput, path.display(), why, hint)),
            _ => Ok(()),
        }
    }

    /// Writes what `work` makes, of any length in little memory: a file appears whole or not at all, and standard output gets
    /// nothing if `work` fails. `withheld`: `work` writes nothing itself before all of it is good.
    pub(crate) fn stream<T>(&self, withheld: bool, work: impl FnOnce(&mut dyn Write) -> Done<T>) -> Done<T> {
        if let Some(path) = self.path() {
            return bulla::file::write_streamed(path, self.force, work);
        }
        let failed = |error| Failure::io("standard output", &error);
        if withheld && !io::stdout().is_terminal() {
            let mut out = BufWriter::new(io::stdout().lock());
            let done = work(&mut out)?;
            out.flush().map_err(failed)?;
            return Ok(done);
        }
        let spooled = |error| Failure::io("temporary file", &error);
        let mut spool = tempfile::spooled_tempfile(IN_MEMORY);
        let done = work(&mut spool)?;
        spool.rewind().map_err(spooled)?;
        copy_content(&mut spool, Content::of_mail(), &Meter::none())?;
        Ok(done)
    }

    /// Refuses a target that is the source.
    pub(crate) fn check_other(&self, input: &Input) -> Done<()> {
        let (Some(target), Input::Path(source)) = (self.path(), input) else { return Ok(()) };
        match (target.canonicalize(), source.canonicalize()) {
            (Ok(target), Ok(source)) if target == source => {
                let why = "it is what is read, too";
                Err(Failure::usage(self.path().unwrap_or(&target).display(), why, "name another target"))
            }
            _ => Ok(()),
        }
    }

    /// Writes something short and whole: text, or bytes, which a terminal does not get.
    pub(crate) fn write(&self, made: &[u8]) -> Done<()> {
        let Some(path) = self.path() else {
            let is_plain = |byte: &u8| *byte >= b' ' || b"\t\n".contains(byte);
            if std::str::from_utf8(made).is_err() || !made.iter().all(is_plain) {
                check_not_terminal("write it to a file with -o, or pipe it on")?;
            }
            let mut out = io::stdout().lock();
            let written = out.write_all(made).and_then(|()| out.flush());
            return written.map_err(|error| Failure::io("standard output", &error));
        };
        Ok(bulla::file::write_whole(made, path, self.force)?)
    }
}

impl Target {
    /// `None` is standard output.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.out.path()
    }

    pub(crate) fn check_free(&self) -> Done<()> {
        self.out.check_free()
    }

    pub(crate) fn overwrite(&self) -> bool {
        self.out.force
    }

    pub(crate) fn durable(&self) -> bool {
        !self.no_sync
    }
}

/// Refuses bytes on a terminal.
pub(crate) fn check_not_terminal(hint: &str) -> Done<()> {
    if io::stdout().is_terminal() { Err(binary_to_terminal(hint)) } else { Ok(()) }
}

fn binary_to_terminal(hint: &str) -> Failure {
    Failure::usage("standard output", "it is a terminal, and this is not text", hint)
}

/// Standard output for decrypted content: a terminal gets text only, and nothing that steers it.
pub(crate) struct Content {
    out: StdoutLock<'static>,
    terminal: bool,
    /// Of a mail: its lines end in CRLF, of which a terminal gets the LF.
    is_mail: bool,
    /// The beginning of a letter whose end has not come yet.
    partial: Vec<u8>,
}

impl Content {
    pub(crate) fn new() -> Self {
        let out = io::stdout().lock();
        Content { terminal: out.is_terminal(), out, is_mail: false, partial: Vec::new() }
    }

    pub(crate) fn of_mail() -> Self {
        Content { is_mail: true, ..Self::new() }
    }

    fn write(&mut self, piece: &[u8]) -> Done<()> {
        let failed = |error| Failure::io("standard output", &error);
        if !self.terminal {
            return self.out.write_all(piece).map_err(failed);
        }
        self.partial.extend_from_slice(piece);
        let (whole, wrong) = match std::str::from_utf8(&self.partial) {
            Ok(text) => (text.len(), false),
            Err(error) => (error.valid_up_to(), error.error_len().is_some()),
        };
        // The LF that a CR wants may come in the next piece.
        let is_open = self.is_mail && self.partial.get(..whole).is_some_and(|text| text.ends_with(b"\r"));
        let (text, rest) = self.partial.split_at(if is_open { whole.saturating_sub(1) } else { whole });
        let text = String::from_utf8_lossy(text);
        let text = if self.is_mail { text.replace("\r\n", "\n") } else { text.into_owned() };
        let steers = |letter: char| letter.is_control() && !"\n\t".contains(letter);
        if wrong || text.contains(steers) {
            return Err(binary_to_terminal("write it to a file with -o, or pipe it on"));
        }
        self.out.write_all(text.as_bytes()).map_err(failed)?;
        self.partial = rest.to_vec();
        Ok(())
    }

    fn finish(mut self) -> Done<()> {
        if !self.partial.is_empty() {
            return Err(binary_to_terminal("write it to a file with -o, or pipe it on"));
        }
        self.out.flush().map_err(|error| Failure::io("standard output", &error))
    }
}

/// Writes decrypted content out, piece by piece; each piece is authentic.
pub(crate) fn copy_content(from: &mut impl Read, mut to: Content, meter: &Meter) -> Done<()> {
    let mut written = 0;
    let read = read_pieces(from, |piece, done| {
        to.write(piece)?;
        written = done;
        let _ = meter.tell(done);
        Ok(())
    });
    match read {
        Ok(_) => to.finish(),
        // A reader of the pipe must not take the beginning for the whole.
        Err(failure) if written > 0 => {
            Err(failure.but(format_args!("only the first {written} bytes have been written out")))
        }
        Err(failure) => Err(failure),
    }
}

/// Reads to the end; gives how many bytes that were.
pub(crate) fn read_pieces(from: &mut impl Read, mut each: impl FnMut(&[u8], u64) -> Done<()>) -> Done<u64> {
    let mut buffer = Zeroizing::new(vec![0; 256 * 1024]);
    let mut done: u64 = 0;
    loop {
        let got = match from.read(&mut buffer) {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(bulla::Error::from(error).into()),
        };
        let piece = buffer.split_at_checked(got).map_or(&[][..], |(piece, _)| piece);
        if piece.is_empty() {
            return Ok(done);
        }
        done = done.saturating_add(u64::try_from(got).unwrap_or(u64::MAX));
        each(piece, done)?;
    }
}
