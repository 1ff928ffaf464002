//! The process itself: no core dumps, no leftovers after a signal, and a terminal that echoes again.
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(not(unix))]
pub(crate) use elsewhere::*;

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::IsTerminal;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::thread;

    use rustix::process::{Resource, Rlimit, setrlimit};
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;

    use crate::failure::{Code, Done, Failure};
    use crate::ui;

    /// Whether a signal has come, and its thread is about to end the process.
    static ENDING: AtomicBool = AtomicBool::new(false);
    /// The terminal, and how it was before a passphrase was asked for.
    static TERMINAL: Mutex<Option<(File, Termios)>> = Mutex::new(None);

    /// Keeps keys out of core dumps, and other processes of the same user out of this one's memory.
    pub(crate) fn harden() {
        // Best effort: where the system refuses, the work is still worth doing.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }

    /// From now on a signal to end removes what is unfinished first.
    pub(crate) fn watch_signals() -> Done<()> {
        let ignored = ignored_signals();
        let wanted =
            |signal: &i32| ignored.checked_shr(signal.unsigned_abs().saturating_sub(1)).unwrap_or(0) & 1 == 0;
        let signals = [SIGINT, SIGTERM, SIGHUP, SIGXFSZ].into_iter().filter(wanted);
        let mut signals = Signals::new(signals).map_err(|error| Failure::io("signals", &error))?;
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                end(signal);
            }
        });
        Ok(())
    }

    fn end(signal: i32) -> ! {
        ENDING.store(true, Ordering::SeqCst);
        bulla::remove_unfinished();
        restore_terminal();
        if std::io::stderr().is_terminal() {
            // The cursor stands behind a prompt, a bar or `^C`.
            ui::note("");
        }
        let why = format!("signal {signal} came");
        ui::complain(&Failure::new(Code::InputOutput, "stopped", why, "no unfinished file was left behind"));
        std::process::exit(signal.saturating_add(128))
    }

    /// Who failed because a signal took its files away waits here for the end, which has another exit code.
    pub(crate) fn wait_if_ending() {
        while ENDING.load(Ordering::SeqCst) {
            thread::park();
        }
    }

    /// The signals that were told to be ignored before this process began (`nohup`), a bit each: they stay ignored.
    fn ignored_signals() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }

    /// While it lives, a signal puts the terminal back to how it was when this was made.
    pub(crate) struct TerminalGuard;

    impl TerminalGuard {
        pub(crate) fn new() -> Self {
            let terminal = File::open("/dev/tty").ok();
            let modes = terminal.and_then(|tty| tcgetattr(&tty).ok().map(|modes| (tty, modes)));
            *TERMINAL.lock().unwrap_or_else(PoisonError::into_inner) = modes;
            TerminalGuard
        }
    }

    impl Drop for TerminalGuard {
        fn drop(&mut self) {
            restore_terminal();
        }
    }

    fn restore_terminal() {
        if let Some((tty, modes)) = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A terminal that is gone needs no restoring.
            let _ = tcsetattr(&tty, OptionalActions::Now, &modes);
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use crate::failure::Done;

    pub(crate) fn harden() {}

    pub(crate) fn watch_signals() -> Done<()> {
        Ok(())
    }

    pub(crate) fn wait_if_ending() {}

    pub(crate) struct TerminalGuard;

    impl TerminalGuard {
        pub(crate) fn new() -> Self {
            TerminalGuard
        }
    }
}
