//! Containers (L2) for `bulla_reader.py`, which was written from the format's page alone.
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use bulla::file::Encryption;
use bulla::{Format, Identity, KdfCost, Key, Keyring, Lock, Padding, Passphrase, Recipients};

use super::holder::Holder;
use crate::peers;
use crate::{assert_opened, content, hex};

const SIZES: [usize; 4] = [0, 1, 16_384, 100_000];
const PASSPHRASE: &str = "Käse, 3 × täglich";

/// What the reader says of a sealed file; the arguments say what to open it with.
fn read(arguments: &[&str], sealed: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sealed");
    std::fs::write(&file, sealed).unwrap();
    let mut python = Command::new(peers::find("python")?);
    python.arg(peers::script("bulla_reader.py")).args(arguments).arg(&file);
    Some(peers::run(&mut python, b""))
}

fn reads_all_sizes(to: &(impl Lock + ?Sized), arguments: &[&str]) {
    for size in SIZES {
        let content = content(size);
        let sealed = Encryption::to(to).format(Format::Bulla).bytes(&content).unwrap();
        assert!(sealed.starts_with(b"bulla/v1\n"));
        let Some(read) = read(arguments, &sealed) else { return };
        assert_opened(read, &content);
    }
}

fn reads_for_an_identity(identity: Identity) {
    let holder = Holder::of(identity);
    reads_all_sizes(&holder.identity.recipient(), &["--identity", holder.file.to_str().unwrap()]);
}

/// Asserts that the reader opens it with a key, and that its content and metadata are these.
fn assert_reads(key: &Key, sealed: &[u8], content: &[u8], meta: &serde_json::Value) {
    let key = hex(key.expose_bytes());
    let Some(read_content) = read(&["--key", &key], sealed) else { return };
    assert_opened(read_content, content);
    let read_meta = read(&["--key", &key, "--meta"], sealed).unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&read_meta).unwrap(), *meta);
}

fn assert_refused(read: Result<Vec<u8>, String>) {
    let said = read.unwrap_err();
    assert!(said.contains("refused: "), "{said}");
}

#[test]
fn the_reader_agrees_with_every_vector() {
    let Some(python) = peers::find("python") else { return };
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/file");
    let mut run = Command::new(python);
    run.arg(peers::script("bulla_reader.py")).arg("--vectors").arg(vectors);
    let said = String::from_utf8(peers::run(&mut run, b"").unwrap()).unwrap();
    let passed = said.lines().last().and_then(|line| line.strip_suffix(" passed, 0 failed"));
    assert!(passed.unwrap().parse::<usize>().unwrap() >= 80, "{said}");
}

#[test]
fn the_reader_of_tokens_agrees_with_every_vector() {
    let Some(python) = peers::find("python") else { return };
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/token");
    let mut run = Command::new(python);
    run.arg(peers::script("token_reader.py")).arg("--vectors").arg(vectors);
    let said = String::from_utf8(peers::run(&mut run, b"").unwrap()).unwrap();
    let passed = said.lines().last().and_then(|line| line.strip_suffix(" passed, 0 failed"));
    assert!(passed.unwrap().parse::<usize>().unwrap() >= 60, "{said}");
}

#[test]
fn the_reader_opens_what_bulla_seals_with_a_key() {
    let key = Key::generate();
    reads_all_sizes(&key, &["--key", &hex(key.expose_bytes())]);
}

#[test]
fn the_reader_opens_what_bulla_seals_with_a_keyring() {
    let primary = Key::generate();
    let hex = hex(primary.expose_bytes());
    let mut ring = Keyring::with_primary(primary);
    ring.retire(Key::generate());
    reads_all_sizes(&ring, &["--key", &hex]);
}

#[test]
fn the_reader_opens_what_bulla_seals_under_a_passphrase() {
    let passphrase = Passphrase::new(PASSPHRASE).unwrap().cost(KdfCost::Low);
    reads_all_sizes(&passphrase, &["--passphrase", PASSPHRASE]);
}

#[test]
fn the_reader_opens_what_bulla_seals_under_a_passphrase_by_nists_rules() {
    let passphrase = Passphrase::new(PASSPHRASE).unwrap().cost(KdfCost::Nist);
    reads_all_sizes(&passphrase, &["--passphrase", PASSPHRASE]);
}

#[test]
fn the_reader_takes_a_passphrase_typed_with_decomposed_letters() {
    let passphrase = Passphrase::new("Ka\u{308}se").unwrap().cost(KdfCost::Low);
    let sealed = bulla::encrypt(&passphrase, b"hello").unwrap();
    for typed in ["K\u{e4}se", "Ka\u{308}se"] {
        let Some(read) = read(&["--passphrase", typed], &sealed) else { return };
        assert_opened(read, b"hello");
    }
}

#[test]
fn the_reader_opens_what_bulla_seals_for_x25519() {
    reads_for_an_identity(Identity::generate_x25519());
}

#[test]
fn the_reader_opens_what_bulla_seals_for_a_post_quantum_recipient() {
    reads_for_an_identity(Identity::generate());
}

#[test]
fn the_reader_opens_with_each_of_several_what_bulla_seals_for_all() {
    let (key, passphrase) = (Key::generate(), Passphrase::new(PASSPHRASE).unwrap().cost(KdfCost::Low));
    let holders = [Holder::of(Identity::generate()), Holder::of(Identity::generate_x25519())];
    let [quantum, classic] = holders.each_ref().map(|holder| holder.identity.recipient());
    let all = Recipients::one(&quantum).and(&classic).and(&key).and(&passphrase);
    let sealed = bulla::encrypt(&all.allow_downgrade_mix().allow_shared(), b"hello").unwrap();
    let [quantum, classic] = holders.each_ref().map(|holder| holder.file.to_str().unwrap());
    for arguments in [
        ["--identity", quantum],
        ["--identity", classic],
        ["--key", &hex(key.expose_bytes())],
        ["--passphrase", PASSPHRASE],
    ] {
        let Some(read) = read(&arguments, &sealed) else { return };
        assert_opened(read, b"hello");
    }
}

#[test]
fn the_reader_refuses_a_container_for_somebody_else() {
    let stranger = Holder::of(Identity::generate());
    let sealed = bulla::encrypt(&Identity::generate().recipient(), b"hello").unwrap();
    let Some(read) = read(&["--identity", stranger.file.to_str().unwrap()], &sealed) else { return };
    assert_refused(read);
}

#[test]
fn the_reader_opens_what_bulla_armors() {
    let key = Key::generate();
    for format in [Format::Raw, Format::Bulla] {
        for size in SIZES {
            let content = content(size);
            let sealed = Encryption::to(&key).format(format).armor(true).bytes(&content).unwrap();
            assert!(sealed.starts_with(b"-----BEGIN BULLA ENCRYPTED FILE-----\n"));
            assert_reads(&key, &sealed, &content, &serde_json::json!({}));
        }
    }
}

#[test]
fn the_reader_takes_off_what_bulla_pads_on() {
    let key = Key::generate();
    let (padme, block) = (Padding::Padme, Padding::Block(50_000));
    for padding in [padme, block] {
        for size in SIZES {
            let content = content(size);
            let sealed = Encryption::to(&key).padding(padding).bytes(&content).unwrap();
            assert_reads(&key, &sealed, &content, &serde_json::json!({ "padded": true }));
        }
    }
}

#[test]
fn the_reader_reads_the_metadata_that_bulla_seals() {
    let key = Key::generate();
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_millis(1500);
    let sealed = Encryption::to(&key)
        .padding(Padding::Padme)
        .name("Käse.txt")
        .media_type("text/plain; charset=utf-8")
        .modified(before_1970)
        .bytes(b"hello")
        .unwrap();
    let meta = serde_json::json!({
        "padded": true,
        "name": "Käse.txt",
        "modified": [-2, 500_000_000],
        "media type": "text/plain; charset=utf-8",
    });
    assert_reads(&key, &sealed, b"hello", &meta);
}

#[test]
fn the_reader_opens_for_the_same_context_only() {
    let key = Key::generate();
    for format in [Format::Raw, Format::Bulla] {
        let how = Encryption::to(&key).format(format).context("Rechnung für März".as_bytes());
        let sealed = how.bytes(b"100 francs").unwrap();
        let key = hex(key.expose_bytes());
        let open = |context: &str| read(&["--key", &key, "--context", context], &sealed);
        let Some(same) = open("Rechnung für März") else { return };
        assert_opened(same, b"100 francs");
        assert_refused(open("Rechnung für April").unwrap());
        assert_refused(open("").unwrap());
    }
}

#[test]
fn the_reader_opens_a_file_that_bulla_seals_on_all_cores() {
    let key = Key::generate();
    let folder = tempfile::tempdir().unwrap();
    let (plain, sealed) = (folder.path().join("plain.bin"), folder.path().join("sealed"));
    let content = content(5_000_000);
    std::fs::write(&plain, &content).unwrap();
    let how = Encryption::to(&key).padding(Padding::Padme).name("plain.bin");
    how.file(&plain, &sealed).unwrap();
    let meta = serde_json::json!({ "padded": true, "name": "plain.bin" });
    assert_reads(&key, &std::fs::read(&sealed).unwrap(), &content, &meta);
}

#[test]
fn python_lists_the_directory_that_bulla_seals() {
    let key = Key::generate();
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    std::fs::create_dir_all(photos.join("2026")).unwrap();
    std::fs::write(photos.join("2026/1.jpg"), content(20_000)).unwrap();
    let sealed = Encryption::to(&key).directory_to(&photos, Vec::new()).unwrap();
    let key = hex(key.expose_bytes());
    let Some(tar) = read(&["--key", &key], &sealed) else { return };
    let meta = read(&["--key", &key, "--meta"], &sealed).unwrap().unwrap();
    assert_eq!(meta, b"{\"directory\": true}\n");
    let file = folder.path().join("photos.tar");
    std::fs::write(&file, tar.unwrap()).unwrap();
    let mut list = Command::new(peers::find("python").unwrap());
    let said = peers::run(list.args(["-m", "tarfile", "-l"]).arg(&file), b"").unwrap();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(said.split_whitespace().collect::<Vec<_>>(), ["2026/", "2026/1.jpg"]);
}
