//! `bulla decrypt` and `bulla verify`: what is authentic, and nothing else.
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bulla::file::{Decryption, Metadata, Opened, Reader};
use bulla::{Authenticity, Format};
use serde_json::json;

use crate::failure::{Code, Done, Failure, one_line};
use crate::flow::{Content, Input, Target, check_not_terminal, copy_content, read_pieces, stdin};
use crate::keys::KeyFlags;
use crate::ui::{self, Meter};
use crate::who::check_stdin;

/// What both commands need.
#[derive(clap::Args)]
struct Opening {
    /// What the content is for, as it was given when it was encrypted
    #[arg(long, value_name = "TEXT")]
    context: Option<String>,
    /// What was encrypted; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyFlags,
}

impl Opening {
    /// Gets the keys, and does the work with them. `to_stdout`: content goes there.
    fn with<T>(
        &self,
        to_stdout: bool,
        work: impl FnOnce(Decryption<'_>, &Input, &Meter) -> Done<T>,
    ) -> Done<T> {
        let input = Input::of(self.file.as_deref());
        input.check_sealed()?;
        check_stdin(input.is_stdin(), self.keys.takes_stdin())?;
        let keys = self.keys.load(&input)?;
        let keys = keys.unlock();
        let meter = input.meter(to_stdout)?;
        let tell = |done| meter.tell(done);
        let decryption = Decryption::with(keys.as_slice())
            .context(self.context.as_deref().unwrap_or_default().as_bytes())
            .kdf_limits(self.keys.limits())
            .progress(&tell);
        work(decryption, &input, &meter)
    }
}

#[derive(clap::Args)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    target: Target,
    /// Give the file the name and time that were sealed in it, in the directory of -o, or here
    #[arg(long)]
    restore_name: bool,
    // Last: the heading of its flags would hold for what follows.
    #[command(flatten)]
    opening: Opening,
}

#[derive(clap::Args)]
pub(crate) struct Verify {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

impl Decrypt {
    pub(crate) fn run(&self) -> Done<()> {
        if !self.restore_name {
            self.target.check_free()?;
        }
        let to_stdout = self.target.path().is_none() && !self.restore_name;
        self.opening.with(to_stdout, |decryption, input, meter| {
            let decryption = decryption.overwrite(self.target.overwrite()).durable(self.target.durable());
            match (input, self.target.path()) {
                (Input::Path(from), Some(into)) if !self.restore_name => {
                    decryption.restore(from, into)?;
                    Ok(())
                }
                (Input::Path(from), _) => {
                    let file = File::open(from).map_err(|error| Failure::io(from.display(), &error))?;
                    self.stream(&decryption, file, meter)
                }
                (Input::Stdin, _) => self.stream(&decryption, stdin(), meter),
            }
        })
    }

    fn stream(&self, decryption: &Decryption<'_>, from: impl Read, meter: &Meter) -> Done<()> {
        let mut reader = decryption.reader(from)?;
        if self.restore_name {
            return self.restore_name(decryption, reader);
        }
        if let Some(into) = self.target.path() {
            decryption.restore_reader(reader, into)?;
            return Ok(());
        }
        if reader.opened().metadata().is_directory() {
            check_not_terminal("extract the directory with -o, or pipe the tar stream on")?;
        }
        copy_content(&mut reader, Content::new(), meter)
    }

    /// Restores under the name that was sealed, which is used only if it is a plain file name.
    fn restore_name(&self, decryption: &Decryption<'_>, reader: Reader<impl Read>) -> Done<()> {
        let metadata = reader.opened().metadata().clone();
        let name = plain_name(&metadata)?;
        let folder = self.target.path().unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let hint = "with --restore-name, -o names the directory to restore into";
            return Err(Failure::usage(folder.display(), "it is not a directory", hint));
        }
        let into = folder.join(name);
        decryption.restore_reader(reader, &into)?;
        if let Some(modified) = metadata.modified() {
            // A time that this disk cannot keep is not worth failing for: the content is there.
            let _ = File::open(&into).and_then(|file| file.set_modified(modified));
        }
        ui::note(format_args!("bulla: restored {}", one_line(&into.display().to_string())));
        Ok(())
    }
}

fn plain_name(metadata: &Metadata) -> Done<&str> {
    let hint = "choose a name yourself with -o, without --restore-name";
    match (metadata.file_name(), metadata.untrusted_name()) {
        (Some(name), _) => Ok(name),
        (None, None) => Err(Failure::usage("--restore-name", "no name was sealed in the file", hint)),
        (None, Some(name)) => {
            let why = format!("the sealed name {name:?} is not that of a plain file");
            Err(Failure::new(Code::Input, "--restore-name", why, hint))
        }
    }
}

impl Verify {
    pub(crate) fn run(&self) -> Done<()> {
        let (name, opened, length) = self.opening.with(false, |decryption, input, meter| match input {
            Input::Path(path) => {
                let opened = decryption.verify(path)?;
                let length = opened.length().unwrap_or_default();
                Ok((path.display().to_string(), opened, length))
            }
            Input::Stdin => {
                let mut reader = decryption.reader(stdin())?;
                let length = read_pieces(&mut reader, |_, done| {
                    let _ = meter.tell(done);
                    Ok(())
                })?;
                Ok(("standard input".to_owned(), reader.opened().clone(), length))
            }
        })?;
        if self.json {
            ui::print_json(&report(&opened, length))
        } else {
            ui::answer(in_words(&name, &opened, length))
        }
    }
}

fn in_words(name: &str, opened: &Opened, length: u64) -> String {
    let from = match opened.authenticity() {
        Authenticity::SharedSecret => "from somebody who has the passphrase or key",
        _ => "from anybody who knows a recipient, or who could ever open it",
    };
    let what = if opened.metadata().is_directory() { "a directory, " } else { "" };
    let (name, format) = (one_line(name), format_name(opened.format()));
    format!("{name}: authentic, {format}, {what}{length} bytes, {from}\n")
}

fn report(opened: &Opened, length: u64) -> serde_json::Value {
    let metadata = opened.metadata();
    let since = metadata.modified().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    json!({
        "authentic": true,
        "format": format_name(opened.format()),
        "length": length,
        "shared_secret": opened.authenticity() == Authenticity::SharedSecret,
        "directory": metadata.is_directory(),
        "padded": metadata.is_padded(),
        "untrusted_name": metadata.untrusted_name(),
        "modified": since.map(|since| since.as_secs()),
        "media_type": metadata.media_type(),
    })
}

/// The names that `--format` takes.
pub(crate) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Raw => "raw",
        Format::Age => "age",
        _ => "bulla",
    }
}
