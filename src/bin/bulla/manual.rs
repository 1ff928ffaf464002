//! `bulla completions` and `bulla man`: what the command line says about itself.
use clap::Command;
use clap_complete::Shell;

use crate::failure::{Code, Done, Failure};
use crate::ui;

/// The script that completes command lines in a shell.
pub(crate) fn completions(shell: Shell, mut command: Command) -> Done<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "bulla", &mut script);
    ui::print(String::from_utf8_lossy(&script))
}

/// The man page of the whole, of one command, or of one of its own: `cert verify`.
pub(crate) fn page(names: &[String], mut command: Command) -> Done<()> {
    command.build();
    for name in names {
        let missing = || Failure::usage("man", format!("there is no command {name}"), "see bulla --help");
        command = command.find_subcommand(name).cloned().ok_or_else(missing)?;
    }
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| Failure::new(Code::InputOutput, "man", error, "see bulla --help"))?;
    ui::print(String::from_utf8_lossy(&page))
}
