//! The process: what a signal leaves behind, and what it keeps to itself.
use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::lab::{BULLA, Lab, content, words};

/// How long something may take before the test gives up: far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until something is there.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn is_partial(name: &str) -> bool {
    name.starts_with(".bulla-") && name.ends_with(".partial")
}

/// Starts the command through `env`, which sets what it does with signals: a shell may have told this test to ignore
/// some. `env` becomes the command, so the process is the same.
fn start(lab: &Lab, signals: &str, line: &str) -> (Child, ChildStdin) {
    let mut command = lab.program("env");
    command.arg(signals).arg(BULLA).args(words(line));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_signal_in_the_middle_leaves_nothing_and_is_the_exit_code() {
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let lab = Lab::furnished();
        lab.write("old", "mine");
        let before = lab.listing();
        // The input never ends: it is held open until the command is gone.
        let (child, mut stdin) = start(&lab, "--default-signal", "encrypt --key key --force -o old");
        stdin.write_all(&content(100_000)).unwrap();
        wait_for("the unfinished file", || lab.listing().into_iter().find(|name| is_partial(name)));
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(128 + number), "SIG{signal}: {err}");
        assert!(err.starts_with("bulla: stopped: ") && err.lines().count() == 1, "{err}");
        assert_eq!(lab.listing(), before, "SIG{signal}");
        assert_eq!(lab.read("old"), b"mine");
    }
}

#[test]
fn a_signal_while_decrypting_or_extracting_leaves_nothing() {
    let lab = Lab::furnished();
    fs::create_dir(lab.path("tree")).unwrap();
    lab.write("tree/file", content(100_000));
    for sealed in [lab.ok("encrypt --key key tree"), lab.ok_fed("encrypt --key key", &content(100_000))] {
        let before = lab.listing();
        let (child, mut stdin) = start(&lab, "--default-signal", "decrypt --key key -o opened");
        stdin.write_all(&sealed[..90_000]).unwrap();
        wait_for("the unfinished output", || lab.listing().into_iter().find(|name| is_partial(name)));
        send("TERM", &child);
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        assert_eq!(output.status.code(), Some(143), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(lab.listing(), before);
    }
}

/// `nohup` is to work.
#[test]
fn a_signal_that_was_ignored_before_stays_ignored() {
    let lab = Lab::furnished();
    let (child, mut stdin) = start(&lab, "--ignore-signal=HUP", "encrypt --key key -o sealed");
    stdin.write_all(&content(100_000)).unwrap();
    wait_for("the unfinished file", || lab.listing().into_iter().find(|name| is_partial(name)));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    assert_eq!(caught & 1, 0, "SIGHUP is caught");
    send("HUP", &child);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(lab.ok("decrypt --key key sealed"), content(100_000));
}

#[test]
fn core_dumps_are_off() {
    let lab = Lab::furnished();
    let (mut child, mut stdin) = start(&lab, "--default-signal", "encrypt --key key -o sealed");
    stdin.write_all(&content(100_000)).unwrap();
    wait_for("the unfinished file", || lab.listing().into_iter().find(|name| is_partial(name)));
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(words(cores)[4..6], ["0", "0"], "{cores}");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
