//! What the command says: text on standard output, notes and a progress bar on standard error.
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::{Done, Failure};

static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on only errors, and what was asked for.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Writes text to standard output.
pub(crate) fn print(text: impl Display) -> Done<()> {
    let mut out = io::stdout().lock();
    let written = write!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|error| Failure::io("standard output", &error))
}

/// Writes a report for machines to standard output: one line of JSON.
pub(crate) fn print_json(report: &serde_json::Value) -> Done<()> {
    print(format_args!("{report}\n"))
}

/// Writes an answer to standard output, unless told to be quiet: then the exit code alone is the answer.
pub(crate) fn answer(text: impl Display) -> Done<()> {
    if is_quiet() { Ok(()) } else { print(text) }
}

/// Says something on standard error, unless told to be quiet. It matters little whether anybody can read it.
pub(crate) fn note(text: impl Display) {
    if !is_quiet() {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// Shows something on standard error that is lost if nobody can read it.
pub(crate) fn show(text: impl Display) -> Done<()> {
    let mut err = io::stderr().lock();
    writeln!(err, "{text}").map_err(|error| Failure::io("standard error", &error))
}

/// Says what went wrong, in one line.
pub(crate) fn complain(failure: &Failure) {
    if !failure.is_silent() {
        // Where standard error cannot be written, the exit code says it.
        let _ = writeln!(io::stderr().lock(), "bulla: {failure}");
    }
}

/// How long work goes on before a bar is worth its noise.
const PATIENCE: Duration = Duration::from_secs(1);

/// A progress bar, for a person and for work that takes over a second.
pub(crate) struct Meter {
    start: Instant,
    /// Bytes in all, more or less, where that is known.
    total: Option<u64>,
    wanted: bool,
    bar: OnceLock<ProgressBar>,
}

impl Meter {
    pub(crate) fn new(total: Option<u64>) -> Self {
        Self::begin_if(!is_quiet() && io::stderr().is_terminal(), total)
    }

    /// No bar, where it would stand between the lines of the content.
    pub(crate) fn none() -> Self {
        Self::begin_if(false, None)
    }

    fn begin_if(wanted: bool, total: Option<u64>) -> Self {
        Meter { start: Instant::now(), total, wanted, bar: OnceLock::new() }
    }

    /// Takes note of how many bytes are done. It never asks to stop.
    pub(crate) fn tell(&self, done: u64) -> ControlFlow<()> {
        if self.wanted && self.start.elapsed() >= PATIENCE {
            self.bar.get_or_init(|| self.begin()).set_position(done);
        }
        ControlFlow::Continue(())
    }

    fn begin(&self) -> ProgressBar {
        let (bar, template) = match self.total {
            Some(total) => (
                ProgressBar::new(total),
                "{bar:30} {percent:>3}% of {total_bytes}, {bytes_per_sec}, {eta} left",
            ),
            None => (ProgressBar::no_length(), "{spinner} {bytes}, {bytes_per_sec}"),
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.with_style(style).with_elapsed(self.start.elapsed())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
