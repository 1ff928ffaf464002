//! `bulla encrypt`: a file, a directory or standard input, for whoever the flags name.
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bulla::{Format, Padding, file::Encryption};
use clap::ValueEnum;

use crate::failure::{Code, Done, Failure};
use crate::flow::{Input, Target, check_not_terminal, read_pieces, stdin};
use crate::ui::{self, Meter};
use crate::who::{Who, WhoFlags, check_stdin, quoted, quoted_text};

#[derive(clap::Args)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    target: Target,
    /// Write text (PEM), a third larger, that can be mailed and pasted
    #[arg(short, long)]
    armor: bool,
    /// The format, if it is not to be chosen by who may open it
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// What the content is for; it is not stored, and who decrypts must give the same
    #[arg(long, value_name = "TEXT")]
    context: Option<String>,
    /// Hide the content's length: padme, none, or up to a multiple of so many bytes
    #[arg(long, value_name = "padme|none|BYTES", value_parser = padding, default_value = "none")]
    padding: Padding,
    /// Seal the file's name and time beside the content, for --restore-name
    #[arg(long)]
    keep_name: bool,
    /// What to encrypt: a file or a directory; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    // Last: the heading of its flags would hold for what follows.
    #[command(flatten)]
    who: WhoFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    /// The container bulla/v1
    Bulla,
    /// age v1, for those who have age and not bulla
    Age,
    /// A bare Cobblestone-256 message under one key
    Raw,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Bulla => Format::Bulla,
            FormatName::Age => Format::Age,
            FormatName::Raw => Format::Raw,
        }
    }
}

fn padding(text: &str) -> Result<Padding, &'static str> {
    match text {
        "none" => Ok(Padding::None),
        "padme" => Ok(Padding::Padme),
        _ => match text.parse() {
            Ok(0) | Err(_) => Err("padme, none or a number of bytes"),
            Ok(block) => Ok(Padding::Block(block)),
        },
    }
}

impl Encrypt {
    pub(crate) fn run(&self) -> Done<()> {
        let input = Input::of(self.file.as_deref());
        let about = input.metadata()?;
        if self.target.path().is_none() && !self.armor {
            check_not_terminal("name a file with -o, make it text with --armor, or pipe it on")?;
        }
        self.target.check_free()?;
        check_stdin(input.is_stdin(), self.who.takes_stdin())?;
        if self.keep_name && input.is_stdin() {
            return Err(Failure::usage("--keep-name", "standard input has no name", "name a FILE"));
        }
        let who = self.who.load(true)?;
        let nobody =
            || Failure::usage("encrypt", "nobody could open it", "name somebody: -r, -i, -p or --key");
        let lock = who.lock().ok_or_else(nobody)?;
        let meter = input.meter(self.target.path().is_none())?;
        let tell = |done| meter.tell(done);
        let mut encryption = Encryption::to(&lock)
            .context(self.context.as_deref().unwrap_or_default().as_bytes())
            .padding(self.padding)
            .armor(self.armor)
            .remember_source(self.keep_name)
            .overwrite(self.target.overwrite())
            .durable(self.target.durable())
            .progress(&tell);
        if let Some(format) = self.format {
            encryption = encryption.format(format.into());
        }
        self.show_generated(&who)?;
        let is_directory = about.as_ref().is_some_and(Metadata::is_dir);
        match (&input, self.target.path()) {
            (Input::Path(from), Some(into)) if is_directory => Ok(encryption.directory(from, into)?),
            (Input::Path(from), Some(into)) => Ok(encryption.file(from, into)?),
            (Input::Stdin, Some(into)) => Ok(encryption.stream(stdin(), into)?),
            (Input::Path(from), None) if is_directory => {
                flush(encryption.directory_to(from, io::stdout().lock())?)
            }
            (Input::Path(from), None) => self.file_to_stdout(encryption, from, &meter),
            (Input::Stdin, None) => pour(&mut stdin(), &encryption, &meter),
        }
    }

    fn file_to_stdout(&self, mut encryption: Encryption<'_>, path: &Path, meter: &Meter) -> Done<()> {
        let failed = |error| Failure::io(path.display(), &error);
        let file = File::open(path).map_err(failed)?;
        let before = file.metadata().map_err(failed)?;
        if self.keep_name {
            if let Some(name) = path.file_name() {
                encryption = encryption.name(&name.to_string_lossy());
            }
            if let Ok(modified) = before.modified() {
                encryption = encryption.modified(modified);
            }
        }
        let mut writer = encryption.writer(io::stdout().lock())?;
        let copied = copy(&mut &file, &mut writer, meter)?;
        let after = file.metadata().map_err(failed)?;
        // Files of /proc say 0 and have more. Left without an end, what was written out does not open.
        if before.is_file() && before.len() > 0 && !(is_same(&before, &after) && copied == before.len()) {
            let why = "it changed while it was read";
            return Err(Failure::new(
                Code::InputOutput,
                path.display(),
                why,
                "encrypt it again when nobody writes to it",
            ));
        }
        flush(writer.finish()?)
    }

    /// Shows a generated passphrase before the file can exist: nobody could open it if it were not seen.
    fn show_generated(&self, who: &Who) -> Done<()> {
        let Some(passphrase) = who.generated() else { return Ok(()) };
        ui::note("bulla: this passphrase opens the file; it is shown only now:\n");
        ui::show(passphrase.expose_text().as_str())?;
        ui::note(format_args!("\nto decrypt, type it at the prompt of: {}", self.decrypt_command()));
        Ok(())
    }

    /// What to type to get the content back, beside the original.
    fn decrypt_command(&self) -> String {
        let mut command = "bulla decrypt -p".to_owned();
        if let Some(context) = &self.context {
            command.push_str(&format!(" --context {}", quoted_text(context)));
        }
        let name = Input::of(self.file.as_deref());
        let name = match &name {
            Input::Path(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Input::Stdin => None,
        };
        let opened = name.map_or_else(|| "decrypted".to_owned(), |name| format!("{name}.decrypted"));
        let sealed = self.target.path().map_or_else(|| "FILE".to_owned(), quoted);
        format!("{command} -o {} {sealed}", quoted_text(&opened))
    }
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    after.modified().ok() == before.modified().ok() && after.len() == before.len()
}

fn pour(from: &mut impl io::Read, encryption: &Encryption<'_>, meter: &Meter) -> Done<()> {
    let mut writer = encryption.writer(io::stdout().lock())?;
    copy(from, &mut writer, meter)?;
    flush(writer.finish()?)
}

fn copy(from: &mut impl io::Read, to: &mut impl Write, meter: &Meter) -> Done<u64> {
    read_pieces(from, |piece, done| {
        to.write_all(piece).map_err(bulla::Error::from)?;
        let _ = meter.tell(done);
        Ok(())
    })
}

fn flush(mut out: impl Write) -> Done<()> {
    out.flush().map_err(|error| Failure::io("standard output", &error))
}
