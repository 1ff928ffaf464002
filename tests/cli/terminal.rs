//! At a terminal: prompts, what is not written to it, and the progress bar. util-linux's `script` is the terminal.
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::lab::{LETTER, Lab, Outcome, outcome};
use super::process::wait_for;
use crate::peers;

/// What is typed at which prompt.
type Typed<'a> = (&'a str, &'a str);

/// A shell's line that runs at a terminal of its own.
struct Terminal<'a> {
    lab: &'a Lab,
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    shown: Vec<u8>,
    /// Up to where what was shown has been looked at.
    seen: usize,
}

impl<'a> Terminal<'a> {
    /// `None` where there is no `script`.
    fn open(lab: &'a Lab, line: &str) -> Option<Self> {
        let mut command = script(lab, &format!("tty > tty; {line}"))?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Terminal { lab, child, stdin, stdout, shown: Vec::new(), seen: 0 })
    }

    /// Waits until a prompt is there and the terminal has stopped to echo.
    fn await_prompt(&mut self, prompt: &str) {
        self.seen = read_until(&mut self.stdout, &mut self.shown, self.seen, prompt);
        wait_for("a terminal without echo", || is_hushed(self.lab).then_some(()));
    }

    /// Types into it.
    fn type_text(&mut self, text: &str) {
        self.stdin.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until it ends.
    fn finish(mut self) -> Outcome {
        self.stdout.read_to_end(&mut self.shown).unwrap();
        // Open until now: `script` would pass the end of its input on as Ctrl-D.
        drop(self.stdin);
        let code = self.child.wait().unwrap().code();
        let out = String::from_utf8_lossy(&self.shown).replace('\r', "");
        assert!(!out.contains("panicked"), "{out}");
        Outcome { code, out: out.into_bytes(), err: String::new() }
    }
}

/// Runs a shell's line at a terminal, typing at prompts; `None` where there is no `script`.
fn at_terminal(lab: &Lab, line: &str, dialogue: &[Typed<'_>]) -> Option<Outcome> {
    let mut terminal = Terminal::open(lab, line)?;
    for (prompt, answer) in dialogue {
        terminal.await_prompt(prompt);
        terminal.type_text(answer);
    }
    Some(terminal.finish())
}

fn script(lab: &Lab, line: &str) -> Option<Command> {
    let mut command = lab.program(peers::find("script")?);
    command.args(["-qec", line, "/dev/null"]);
    Some(command)
}

/// Reads on until a text has come at or after `from`; gives where it ends.
fn read_until(stdout: &mut impl Read, shown: &mut Vec<u8>, from: usize, text: &str) -> usize {
    let mut piece = [0; 256];
    loop {
        let found = shown[from..].windows(text.len()).position(|window| window == text.as_bytes());
        if let Some(at) = found {
            return from + at + text.len();
        }
        let got = stdout.read(&mut piece).unwrap();
        assert!(got > 0, "it ended without {text:?}: {}", String::from_utf8_lossy(shown));
        shown.extend_from_slice(&piece[..got]);
    }
}

fn is_hushed(lab: &Lab) -> bool {
    let tty = String::from_utf8(lab.read("tty")).unwrap();
    let modes = Command::new("stty").args(["-a", "-F", tty.trim()]).output().unwrap();
    String::from_utf8_lossy(&modes.stdout).split_whitespace().any(|mode| mode == "-echo")
}

#[test]
fn sealed_bytes_are_not_written_to_a_terminal() {
    let lab = Lab::furnished();
    let Some(refused) = at_terminal(&lab, "bulla encrypt --key key letter", &[]) else { return };
    assert_eq!(refused.code, Some(2), "{}", refused.text());
    assert!(refused.text().starts_with("bulla: standard output: ") && refused.text().contains("--armor"));
    let armored = at_terminal(&lab, "bulla encrypt --key key --armor letter", &[]).unwrap();
    assert_eq!(armored.code, Some(0), "{}", armored.text());
    lab.write("armored", armored.out);
    assert_eq!(lab.ok("decrypt --key key armored"), LETTER.as_bytes());
}

#[test]
fn a_terminal_gets_decrypted_text_and_nothing_that_steers_it() {
    let lab = Lab::furnished();
    lab.write("text", "caf\u{e9}\tau lait\n");
    for (name, bytes) in
        [("escape", &b"plain \x1b]0;steered\x07"[..]), ("binary", b"\xff\x00"), ("cut", b"caf\xc3")]
    {
        lab.write(name, bytes);
    }
    for name in ["text", "escape", "binary", "cut"] {
        lab.ok(&format!("encrypt --key key -o {name}.bulla {name}"));
        let line = format!("bulla decrypt --key key {name}.bulla");
        let Some(run) = at_terminal(&lab, &line, &[]) else { return };
        if name == "text" {
            assert_eq!((run.code, run.text()), (Some(0), "caf\u{e9}\tau lait\n"));
            continue;
        }
        assert_eq!(run.code, Some(2), "{name}: {}", run.text());
        assert!(!run.out.contains(&0x1b) && run.text().contains("bulla: standard output: "), "{name}");
    }
}

const TWICE: [Typed<'_>; 2] =
    [("New passphrase: ", "correct horse\n"), ("The same again: ", "correct horse\n")];
const ONCE: [Typed<'_>; 1] = [("Passphrase: ", "correct horse\n")];

#[test]
fn a_passphrase_is_asked_for_without_being_shown() {
    let lab = Lab::furnished();
    let Some(made) = at_terminal(&lab, "bulla encrypt -p --kdf-cost low -o sealed letter", &TWICE) else {
        return;
    };
    assert_eq!(made.code, Some(0), "{}", made.text());
    assert!(!made.text().contains("horse"), "{}", made.text());
    assert_eq!(lab.ok("decrypt --passphrase-file pass sealed"), LETTER.as_bytes());
    // Nothing named: the file wants a passphrase, so it is asked for; also when the file comes through a pipe.
    for line in ["bulla decrypt sealed", "bulla decrypt < sealed", "bulla decrypt -p sealed"] {
        let opened = at_terminal(&lab, line, &ONCE).unwrap();
        assert_eq!(opened.code, Some(0), "{line}: {}", opened.text());
        assert!(opened.text().ends_with(LETTER), "{line}: {}", opened.text());
    }
    let wrong = at_terminal(&lab, "bulla decrypt sealed", &[("Passphrase: ", "incorrect horse\n")]).unwrap();
    assert_eq!(wrong.code, Some(1), "{}", wrong.text());
}

#[test]
fn a_key_pair_is_sealed_under_a_passphrase_that_is_asked_for_and_opened_with_it() {
    let lab = Lab::furnished();
    let Some(made) = at_terminal(&lab, "bulla key generate --kind p256 -o me.key", &TWICE) else { return };
    assert_eq!(made.code, Some(0), "{}", made.text());
    assert!(!made.text().contains("horse"), "{}", made.text());
    lab.ok("key check --passphrase-file pass me.key");
    let asked = [("Passphrase for me.key: ", "correct horse\n")];
    let shown = at_terminal(&lab, "bulla key show me.key", &asked).unwrap();
    assert!(shown.code == Some(0) && shown.text().contains("P-256"), "{}", shown.text());
    // Once to open it, and what is written is under the same.
    let turned = at_terminal(&lab, "bulla key convert -o new.key me.key", &asked).unwrap();
    assert_eq!(turned.code, Some(0), "{}", turned.text());
    lab.ok("key check --passphrase-file pass new.key");
}

#[test]
fn two_passphrases_that_differ_seal_nothing() {
    let lab = Lab::furnished();
    let line = "bulla encrypt -p -o sealed letter";
    for [first, second] in [["one\n", "other\n"], ["\n", "\n"]] {
        let dialogue = [("New passphrase: ", first), ("The same again: ", second)];
        let Some(run) = at_terminal(&lab, line, &dialogue) else { return };
        assert_eq!(run.code, Some(2), "{}", run.text());
        assert!(!lab.has("sealed"));
    }
}

#[test]
fn the_command_that_encrypt_shows_decrypts() {
    let lab = Lab::furnished();
    std::fs::rename(lab.path("letter"), lab.path("my letter's end")).unwrap();
    let sealed =
        ["encrypt", "--kdf-cost", "low", "--context", "it's $HOME", "-o", "a sealed one", "my letter's end"];
    let run = lab.run_words(&sealed);
    let passphrase = run.err.lines().find(|line| line.split('-').count() == 10).unwrap();
    let (_, command) = run.err.split_once(" of: ").unwrap();
    let typed = format!("{passphrase}\n");
    let Some(opened) = at_terminal(&lab, command.trim(), &[("Passphrase: ", &typed)]) else { return };
    assert_eq!(opened.code, Some(0), "{command}: {}", opened.text());
    assert_eq!(lab.read("my letter's end.decrypted"), LETTER.as_bytes());
}

#[test]
fn a_sealed_identity_and_a_keyring_ask_for_their_own_passphrase() {
    let lab = Lab::furnished();
    lab.ok("keygen --passphrase-file pass --kdf-cost low -o me.key");
    lab.ok("keyring new --passphrase-file pass --kdf-cost low ring");
    for (who, with) in [("-i me.key", "me.key"), ("--keyring ring", "ring")] {
        let line = format!("bulla encrypt {who} --force -o sealed letter && bulla decrypt {who} sealed");
        let prompt = format!("Passphrase for {with}: ");
        let Some(run) = at_terminal(&lab, &line, &[(prompt.as_str(), "correct horse\n"); 2]) else { return };
        assert_eq!(run.code, Some(0), "{}", run.text());
        assert!(run.text().ends_with(LETTER), "{}", run.text());
    }
}

#[test]
fn ctrl_c_at_a_prompt_ends_with_130_and_leaves_the_terminal_as_it_was() {
    let lab = Lab::furnished();
    let line = "stty -a > before; bulla encrypt -p -o sealed letter; echo code=$?; stty -a > after";
    let Some(run) = at_terminal(&lab, line, &[("New passphrase: ", "half\x03")]) else { return };
    assert!(run.text().contains("code=130"), "{}", run.text());
    assert_eq!(lab.read("before"), lab.read("after"));
    assert!(!lab.has("sealed"));
}

#[test]
fn a_signal_at_a_prompt_leaves_the_terminal_as_it_was() {
    let lab = Lab::furnished();
    let bulla = "sh -c 'echo $$ > pid; exec env --default-signal bulla encrypt -p -o sealed letter'";
    let line = format!("stty -a > before; {bulla}; echo code=$?; stty -a > after");
    let Some(mut terminal) = Terminal::open(&lab, &line) else { return };
    terminal.await_prompt("New passphrase: ");
    let pid = String::from_utf8(lab.read("pid")).unwrap();
    assert!(Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap().success());
    let run = terminal.finish();
    assert!(run.text().contains("New passphrase: \nbulla: stopped: "), "{}", run.text());
    assert!(run.text().contains("code=143"), "{}", run.text());
    assert_eq!(lab.read("before"), lab.read("after"));
}

#[test]
fn work_over_a_second_shows_a_bar_on_a_terminal_and_shorter_work_does_not() {
    let lab = Lab::furnished();
    let Some(short) = at_terminal(&lab, "bulla encrypt --key key -o short letter", &[]) else { return };
    assert_eq!((short.code, short.text()), (Some(0), ""));

    assert_eq!(outcome(lab.program("mkfifo").arg("fifo")).code, Some(0));
    let mut command = script(&lab, "bulla encrypt --key key -o long fifo").unwrap();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let seen = Arc::new(AtomicBool::new(false));
    let (path, enough) = (lab.path("fifo"), Arc::clone(&seen));
    // Content comes, slowly, until the bar is there.
    let feeding = std::thread::spawn(move || {
        let mut fifo = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        while !enough.load(Ordering::Relaxed) {
            fifo.write_all(&[0; 16]).unwrap();
        }
    });
    let (mut shown, mut stdout) = (Vec::new(), child.stdout.take().unwrap());
    read_until(&mut stdout, &mut shown, 0, "B/s");
    seen.store(true, Ordering::Relaxed);
    feeding.join().unwrap();
    stdout.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success(), "{}", String::from_utf8_lossy(&shown));
    lab.ok("verify --key key long");
}
