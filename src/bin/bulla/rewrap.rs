//! `bulla rewrap … with …`: changes who may open a file, in its place, without touching its content.
use std::path::PathBuf;

use bulla::file::Rewrap as Job;
use clap::Subcommand;

use crate::failure::{Done, Failure};
use crate::flow::Input;
use crate::keys::KeyFlags;
use crate::ui;
use crate::who::{Who, WhoFlags, check_stdin};

#[derive(clap::Args)]
pub(crate) struct Rewrap {
    /// Keep those who can open it now, and add these
    #[arg(long)]
    add: bool,
    /// Take stanza N out, as `bulla inspect` numbers them, and keep the others
    #[arg(long, value_name = "N", value_delimiter = ',')]
    remove: Vec<usize>,
    // Last: the heading of its flags would hold for what follows.
    #[command(flatten)]
    who: WhoFlags,
    #[command(subcommand)]
    with: With,
}

#[derive(Subcommand)]
enum With {
    /// What to open the file with now, and the file
    With {
        /// The file to change
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        keys: KeyFlags,
    },
}

impl Rewrap {
    pub(crate) fn run(&self) -> Done<()> {
        let With::With { keys: key_flags, file } = &self.with;
        let input = Input::of(Some(file));
        let path = input.path("rewrap")?;
        input.check_sealed()?;
        check_stdin(key_flags.takes_stdin(), self.who.takes_stdin())?;
        if !self.who.is_given() && self.remove.is_empty() {
            return Err(Failure::usage(
                "rewrap",
                "it is not said what to change",
                "name somebody (-r, -p …) or --remove N",
            ));
        }
        let keys = key_flags.load(&input)?;
        let who = self.who.load(false)?;
        show_generated(&who)?;
        let (unlock, lock) = (keys.unlock(), who.lock());
        let mut job = Job::with(unlock.as_slice()).kdf_limits(key_flags.limits());
        for number in &self.remove {
            job = job.remove(*number);
        }
        if let Some(lock) = &lock {
            let keep = self.add || !self.remove.is_empty();
            job = if keep { job.add(lock) } else { job.to(lock) };
        }
        Ok(job.file(path)?)
    }
}

/// A generated passphrase is shown before the file changes: if nobody saw it, nobody could open the file.
fn show_generated(who: &Who) -> Done<()> {
    let Some(passphrase) = who.generated() else { return Ok(()) };
    ui::note("bulla: this passphrase opens the file from now on; it is shown only now:\n");
    ui::show(passphrase.expose_text().as_str())
}
