//! Content in and out: files, pipes, directories, names, and everything that may be wrong with a target.
use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::lab::{LETTER, Lab, content, failed, listing, outcome, words};

/// A size with a chunk and a bit.
const SIZE: usize = 40_000;

#[test]
fn every_way_in_and_out_gives_the_same_content() {
    let lab = Lab::furnished();
    let plain = content(SIZE);
    lab.write("plain", &plain);
    let ways_in = [("plain", false), ("-", true), ("", true)];
    for (number, (name, piped)) in ways_in.into_iter().enumerate() {
        let input = if piped { &plain[..] } else { &[] };
        lab.ok_fed(&format!("encrypt --key key -o sealed{number} {name}"), input);
        let to_pipe = lab.ok_fed(&format!("encrypt --key key -o - {name}"), input);
        // Salt, commitment, and a tag for each of three chunks.
        assert_eq!(to_pipe.len(), SIZE + 56 + 3 * 16, "{name}");
        lab.write(&format!("piped{number}"), to_pipe);
    }
    for sealed in ["sealed0", "sealed1", "sealed2", "piped0", "piped1", "piped2"] {
        let bytes = lab.read(sealed);
        lab.ok(&format!("decrypt --key key -o {sealed}.opened {sealed}"));
        lab.ok_fed(&format!("decrypt --key key -o {sealed}.again -"), &bytes);
        for opened in [
            lab.read(&format!("{sealed}.opened")),
            lab.read(&format!("{sealed}.again")),
            lab.ok(&format!("decrypt --key key {sealed}")),
            lab.ok_fed("decrypt --key key", &bytes),
        ] {
            assert!(opened == plain, "{sealed}");
        }
    }
}

#[test]
fn real_pipes_carry_any_amount_both_ways() {
    let lab = Lab::furnished();
    // More than a pipe holds.
    let plain = content(700_000);
    let through = |line: &str, input: Vec<u8>| {
        let mut child = start(&lab, line);
        let mut stdin = child.stdin.take().unwrap();
        let feeding = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        feeding.join().unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let sealed = through("encrypt --key key", plain.clone());
    assert!(through("decrypt --key key", sealed) == plain);
}

#[test]
fn an_empty_file_is_a_file() {
    let lab = Lab::furnished();
    lab.write("empty", "");
    lab.ok("encrypt --key key -o sealed empty");
    lab.ok("decrypt --key key -o again sealed");
    assert_eq!(lab.read("again"), b"");
}

#[test]
fn a_target_that_exists_stays_unless_it_may_be_replaced() {
    let lab = Lab::furnished();
    lab.ok("encrypt --key key -o sealed letter");
    lab.write("there", "mine");
    // The third and fourth are refused before a passphrase is shown, or asked for.
    for line in [
        "encrypt --key key -o there letter",
        "decrypt --key key -o there sealed",
        "encrypt -o there letter",
        "decrypt -p -o there sealed",
    ] {
        let error = lab.fails(4, line);
        assert!(error.contains("--force"), "{error}");
        assert_eq!(lab.read("there"), b"mine", "{line}");
    }
    failed(4, "stdin", lab.feed("encrypt --key key -o there", b"hello"));
    failed(4, "stdin", lab.feed("decrypt --key key -o there", &lab.read("sealed")));
    assert_eq!(lab.read("there"), b"mine");
    lab.ok("decrypt --key key --force -o there sealed");
    assert_eq!(lab.read("there"), LETTER.as_bytes());
    lab.ok("encrypt --key key --force -o there letter");
    assert_eq!(lab.ok("decrypt --key key there"), LETTER.as_bytes());
}

#[test]
fn the_source_is_never_the_target() {
    let lab = Lab::furnished();
    lab.ok("encrypt --key key -o sealed letter");
    let before = (lab.read("letter"), lab.read("sealed"));
    for line in ["encrypt --key key --force -o ./letter letter", "decrypt --key key --force -o sealed sealed"]
    {
        lab.fails(2, line);
    }
    assert_eq!((lab.read("letter"), lab.read("sealed")), before);
}

#[test]
fn what_does_not_open_leaves_the_old_target_alone() {
    let lab = Lab::furnished();
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o sealed letter");
    lab.write("wrong", "incorrect horse");
    lab.write("old", "mine");
    let before = lab.listing();
    lab.fails(1, "decrypt --passphrase-file wrong --force -o old sealed");
    lab.fails(4, "encrypt --key key --force -o old missing");
    assert_eq!(lab.read("old"), b"mine");
    assert_eq!(lab.listing(), before);
}

#[test]
fn a_changed_file_leaves_no_output_and_nothing_unfinished() {
    let lab = Lab::furnished();
    lab.write("plain", content(SIZE));
    lab.ok("encrypt --key key --format bulla -o sealed plain");
    let sealed = lab.read("sealed");
    let before = [lab.listing(), vec!["changed".into()]].concat();
    let before = std::collections::BTreeSet::from_iter(before);
    for at in [0, 40, sealed.len() - SIZE / 2, sealed.len() - 1, sealed.len()] {
        let mut changed = sealed.clone();
        match changed.get_mut(at) {
            Some(byte) => *byte ^= 1,
            None => changed.push(0),
        }
        lab.write("changed", &changed);
        let runs = [
            lab.run("decrypt --key key -o opened changed"),
            lab.feed("decrypt --key key -o opened", &changed),
            lab.run("verify --key key changed"),
        ];
        for run in runs {
            assert!(matches!(run.code, Some(1 | 3)), "{at}: {:?} {}", run.code, run.err);
        }
        assert_eq!(lab.listing(), before.iter().cloned().collect::<Vec<_>>(), "byte {at}");
    }
}

#[test]
fn a_stream_cut_short_gives_only_authentic_bytes_and_says_so() {
    let lab = Lab::furnished();
    let plain = content(SIZE);
    lab.write("plain", &plain);
    lab.ok("encrypt --key key -o sealed plain");
    let sealed = lab.read("sealed");
    let run = failed(1, "decrypt", lab.feed("decrypt --key key", &sealed[..sealed.len() - 1]));
    assert!(!run.out.is_empty() && run.out.len() < SIZE, "{}", run.out.len());
    assert_eq!(run.out, plain[..run.out.len()]);
    assert!(run.err.contains(&format!("only the first {} bytes", run.out.len())), "{}", run.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let lab = Lab::furnished();
    lab.ok("encrypt --key key --format bulla -o sealed letter");
    for line in [
        "encrypt --key key letter",
        "decrypt --key key sealed",
        "inspect --json sealed",
        "verify --key key sealed",
        "keygen",
        "passphrase",
        "completions bash",
        "man",
        "--help",
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        failed(4, line, outcome(lab.command(&words(line)).stdout(full)));
    }
}

#[test]
fn who_closes_the_pipe_gets_a_short_error_and_no_panic() {
    let lab = Lab::furnished();
    lab.ok("encrypt --key key --format bulla -o sealed letter");
    for line in [
        "encrypt --key key letter",
        "decrypt --key key sealed",
        "verify --key key sealed",
        "inspect sealed",
        "completions bash",
        "--help",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let error = failed(4, line, outcome(lab.command(&words(line)).stdout(writer))).err;
        assert!(error.contains("closed"), "{line}: {error}");
    }
}

#[test]
fn directories_come_back_as_directories() {
    let lab = Lab::furnished();
    fs::create_dir_all(lab.path("tree/deep/er")).unwrap();
    fs::create_dir(lab.path("tree/empty")).unwrap();
    lab.write("tree/one", "1");
    lab.write("tree/deep/er/two", content(SIZE));
    lab.ok("encrypt --key key -o sealed tree");
    let piped = lab.ok("encrypt --key key tree");
    lab.ok("decrypt --key key -o from-file sealed");
    lab.ok_fed("decrypt --key key -o from-pipe", &piped);
    for copy in ["from-file", "from-pipe"] {
        assert_eq!(listing(&lab.path(copy)), ["deep", "empty", "one"], "{copy}");
        assert_eq!(lab.read(&format!("{copy}/one")), b"1");
        assert!(lab.read(&format!("{copy}/deep/er/two")) == content(SIZE), "{copy}");
    }
    // On standard output it is the tar stream.
    let stream = lab.ok("decrypt --key key sealed");
    assert_eq!(&stream[257..262], b"ustar");
    let said = lab.ok("verify --key key sealed");
    assert!(String::from_utf8(said).unwrap().contains("a directory"));
    // A directory is never replaced.
    lab.fails(4, "decrypt --key key -o from-file sealed");
    lab.fails(2, "decrypt --key key --force -o from-file sealed");
    assert_eq!(lab.read("from-file/one"), b"1");
}

#[cfg(unix)]
#[test]
fn a_link_in_a_directory_is_refused() {
    let lab = Lab::furnished();
    fs::create_dir(lab.path("tree")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", lab.path("tree/link")).unwrap();
    let error = lab.fails(2, "encrypt --key key -o sealed tree");
    assert!(error.contains("link"), "{error}");
    assert!(!lab.has("sealed"));
}

#[test]
fn a_kept_name_and_time_come_back() {
    let lab = Lab::furnished();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::open(lab.path("letter")).unwrap().set_modified(then).unwrap();
    lab.ok("encrypt --key key --keep-name -o sealed letter");
    let piped = lab.ok("encrypt --key key --keep-name letter");
    for folder in ["a", "b", "c"] {
        fs::create_dir(lab.path(folder)).unwrap();
    }
    lab.ok("decrypt --key key --restore-name -o a sealed");
    lab.ok_fed("decrypt --key key --restore-name -o b -", &piped);
    let here = outcome(
        lab.command(&words("decrypt --key ../key --restore-name ../sealed")).current_dir(lab.path("c")),
    );
    assert_eq!(here.code, Some(0), "{}", here.err);
    for folder in ["a", "b", "c"] {
        let path = lab.path(folder).join("letter");
        assert_eq!(fs::read(&path).unwrap(), LETTER.as_bytes(), "{folder}");
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), then, "{folder}");
    }
    // What is there already stays.
    lab.write("a/letter", "mine");
    lab.fails(4, "decrypt --key key --restore-name -o a sealed");
    assert_eq!(lab.read("a/letter"), b"mine");
}

#[test]
fn a_kept_name_that_is_no_plain_file_name_is_refused() {
    let lab = Lab::furnished();
    fs::create_dir(lab.path("inbox")).unwrap();
    // A writer may claim any name; these are some that a disk here can hold.
    for name in [".profile", "a:b", "nul.txt", "steer\u{1b}[2J", "back\\slash"] {
        lab.write(name, "hostile");
        let sealed =
            lab.run_words(&["encrypt", "--key", "key", "--keep-name", "--force", "-o", "sealed", name]);
        assert_eq!(sealed.code, Some(0), "{}", sealed.err);
        let error = lab.fails(3, "decrypt --key key --restore-name -o inbox sealed");
        assert!(error.contains("-o"), "{error}");
    }
    assert!(listing(&lab.path("inbox")).is_empty());
    lab.ok("encrypt --key key --force -o sealed letter");
    lab.fails(2, "decrypt --key key --restore-name -o inbox sealed");
    failed(2, "no name", lab.feed("encrypt --key key --keep-name", b"hello"));
    lab.fails(2, "decrypt --key key --restore-name -o letter sealed");
}

#[test]
fn another_context_does_not_open() {
    let lab = Lab::furnished();
    lab.ok("encrypt --key key --format bulla --context invoices -o sealed letter");
    assert_eq!(lab.ok("decrypt --key key --context invoices sealed"), LETTER.as_bytes());
    lab.fails(1, "decrypt --key key --context letters sealed");
    lab.fails(1, "decrypt --key key -o opened sealed");
    lab.fails(1, "verify --key key sealed");
    assert!(!lab.has("opened"));
    lab.fails(2, "encrypt --key key --format age --context invoices letter");
}

#[test]
fn padding_hides_the_length() {
    let lab = Lab::furnished();
    let size = |padding: &str, length: usize| {
        let sealed =
            lab.ok_fed(&format!("encrypt --key key --format bulla --padding {padding}"), &content(length));
        assert!(lab.ok_fed("decrypt --key key", &sealed) == content(length));
        sealed.len()
    };
    assert_eq!(size("4096", 1), size("4096", 4000));
    assert_eq!(size("padme", 100_001), size("padme", 100_002));
    assert_ne!(size("none", 100_001), size("none", 100_002));
    assert!(size("padme", 100_000) < 112_000 + 1000);
}

#[test]
fn each_format_is_what_it_says() {
    let lab = Lab::furnished();
    let format = |line: &str| {
        let report: Value =
            serde_json::from_slice(&lab.ok(&format!("verify --json --passphrase-file pass {line}"))).unwrap();
        report["format"].as_str().unwrap().to_owned()
    };
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o a letter");
    assert_eq!(format("a"), "bulla");
    lab.ok("encrypt --passphrase-file pass --kdf-cost low --format age -o b letter");
    assert!(lab.read("b").starts_with(b"age-encryption.org/v1\n-> scrypt "));
    assert_eq!(format("b"), "age");
    lab.ok("encrypt --passphrase-file pass --kdf-cost low --armor -o c letter");
    assert!(lab.read("c").starts_with(b"-----BEGIN BULLA ENCRYPTED FILE-----\n"));
    assert_eq!(format("c"), "bulla");
    lab.ok("encrypt --key key --format raw -o d letter");
    assert_eq!(lab.read("d").len(), LETTER.len() + 72);
    lab.fails(2, "encrypt --passphrase-file pass --format raw letter");
}

#[test]
fn verify_reports_and_writes_nothing() {
    let lab = Lab::furnished();
    lab.ok("encrypt --key key --keep-name --padding 1000 -o sealed letter");
    let before = lab.listing();
    let said = String::from_utf8(lab.ok("verify --key key sealed")).unwrap();
    assert_eq!(said.lines().count(), 1);
    assert!(said.contains("authentic") && said.contains(&format!(" {} bytes", LETTER.len())), "{said}");
    let report = lab.ok_fed("verify --key key --json -", &lab.read("sealed"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["authentic"], true);
    assert_eq!(report["length"], LETTER.len());
    assert_eq!(report["untrusted_name"], "letter");
    assert_eq!(report["padded"], true);
    assert_eq!(report["shared_secret"], true);
    assert!(lab.ok("--quiet verify --key key sealed").is_empty());
    assert_eq!(lab.listing(), before);
}

#[test]
fn inspect_needs_no_key_and_says_that_nothing_is_authenticated() {
    let lab = Lab::furnished();
    lab.ok("encrypt --passphrase-file pass --kdf-cost low --padding 100 --armor -o sealed letter");
    let said = String::from_utf8(lab.ok("inspect sealed")).unwrap();
    for part in [
        "in armor",
        "stanza 2: passphrase (Argon2id, 64 MiB, 3 passes, 4 lanes)",
        "Nothing of this is authenticated",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let report = lab.ok_fed("inspect --json", &lab.read("sealed"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["authenticated"], false);
    assert_eq!(report["format"], "bulla");
    assert_eq!(report["armored"], true);
    assert_eq!(report["plaintext_length"], 100);
    assert_eq!(report["stanzas"][0]["type"], "metadata");
    assert_eq!(report["stanzas"][1]["type"], "passphrase");
    assert_eq!(report["stanzas"][1]["number"], 2);
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::furnished();
    lab.ok("encrypt --key key --no-sync -o sealed letter");
    lab.ok("decrypt --key key --no-sync -o opened sealed");
    lab.ok("keygen -o me.key");
    for name in ["sealed", "opened", "me.key", "key"] {
        let mode = fs::metadata(lab.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_a_source_like_another() {
    let lab = Lab::furnished();
    let made = outcome(lab.program("mkfifo").arg("fifo"));
    assert_eq!(made.code, Some(0), "{}", made.err);
    let child = start(&lab, "encrypt --key key -o sealed fifo");
    fs::write(lab.path("fifo"), LETTER).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(lab.ok("decrypt --key key sealed"), LETTER.as_bytes());
}

#[cfg(unix)]
#[test]
fn a_source_that_changes_while_it_is_read_gives_nothing_that_opens() {
    let lab = Lab::furnished();
    lab.write("plain", content(2_000_000));
    let mut child = start(&lab, "encrypt --key key plain");
    let mut stdout = child.stdout.take().unwrap();
    let mut sealed = vec![0; 1];
    // The first byte is here, and the pipe is full: the command is in the middle of it.
    stdout.read_exact(&mut sealed).unwrap();
    fs::OpenOptions::new().append(true).open(lab.path("plain")).unwrap().write_all(b"more").unwrap();
    stdout.read_to_end(&mut sealed).unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{err}");
    assert!(err.contains("changed while it was read"), "{err}");
    failed(1, "verify", lab.feed("verify --key key", &sealed));
}

/// Standard input that is a socket has no path to be opened by: ssh and node give such.
#[cfg(unix)]
#[test]
fn standard_input_may_be_a_socket() {
    let lab = Lab::furnished();
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let theirs = Stdio::from(std::os::fd::OwnedFd::from(theirs));
    let mut child = lab.command(&words("encrypt --key key -o sealed -")).stdin(theirs).spawn().unwrap();
    ours.write_all(LETTER.as_bytes()).unwrap();
    drop(ours);
    assert!(child.wait().unwrap().success());
    assert_eq!(lab.ok("decrypt --key key sealed"), LETTER.as_bytes());
}

/// Who reads what is half read already gets the other half, not the whole.
#[cfg(unix)]
#[test]
fn standard_input_begins_where_it_stands() {
    let lab = Lab::furnished();
    let mut file = fs::File::open(lab.path("letter")).unwrap();
    file.read_exact(&mut [0; 5]).unwrap();
    let run = outcome(lab.command(&words("encrypt --key key -o sealed")).stdin(file));
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(lab.ok("decrypt --key key sealed"), &LETTER.as_bytes()[5..]);
}

fn start(lab: &Lab, line: &str) -> Child {
    let mut command = lab.command(&words(line));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}
