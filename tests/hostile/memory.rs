//! Memory: what a hostile file asks for is not taken. Measured in a process of its own, so that no other test counts.
use std::fs;
use std::io::{self, Seek, Write};
use std::process::Command;

use bulla::file::{Decryption, Encryption};
use bulla::{ErrorKind, Identity, Key, Padding, Passphrase};

use super::ground::{Endless, age, bulla, skip, stanza};

const ALONE: &str = "BULLA_TEST_ALONE";
const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
/// What may be taken beyond what was taken before, in KiB.
const ROOM: u64 = 64 * 1024;

/// The most memory that this process ever had, in KiB. `None` where the system does not tell.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[test]
fn a_hostile_file_takes_no_memory() {
    if peak().is_none() {
        return skip("memory", "the system does not tell the peak");
    }
    if std::env::var_os(ALONE).is_some() {
        return open_hostile_files();
    }
    let program = std::env::current_exe().unwrap();
    let name = "hostile::memory::a_hostile_file_takes_no_memory";
    let output =
        Command::new(program).args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

fn open_hostile_files() {
    let passphrase = Passphrase::new("wrong").unwrap();
    let key = Key::generate();
    let identity = Identity::generate();
    let with: [&dyn bulla::Unlock; 3] = [&key, &identity, &passphrase];
    // What is needed once by everybody is taken before.
    let sealed = bulla::encrypt(&identity.recipient(), &vec![1; 1 << 20]).unwrap();
    bulla::decrypt(&with[..], &sealed).unwrap();
    let many = bulla("-> a\n\n".repeat(1_000_000));
    let before = peak().unwrap();
    let check = |what: &str, file: &[u8]| {
        assert_eq!(bulla::decrypt(&with[..], file).unwrap_err().kind(), ErrorKind::OverLimit, "{what}");
        let taken = peak().unwrap() - before;
        assert!(taken < ROOM, "{what}: {taken} KiB");
    };
    for figures in ["1048577 1 1", "4294967295 1 1", "4294967295 16 16", "1048576 5 4", "1048576 17 1"] {
        check(figures, &bulla(stanza(&format!("argon2id {SALT} {figures} alone"), 80)));
    }
    for log_n in [21, 30, 40, 63, 4_294_967_295u32] {
        check("scrypt", &age(stanza(&format!("scrypt {SALT} {log_n}"), 32)));
    }
    check("a million stanzas", &many);
    for begin in ["bulla/v1\n-> a", "age-encryption.org/v1\n-> a"] {
        let error = Decryption::with(&with[..]).reader(Endless::new(begin.as_bytes(), b"a")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::OverLimit);
    }
    // Zeros that could be padding are counted, not kept.
    let file = tempfile::tempfile().unwrap();
    let padding = Padding::Block(72 << 20);
    let mut writer = Encryption::to(&key).padding(padding).writer(&file).unwrap();
    writer.write_all(b"x").unwrap();
    let mut written = writer.finish().unwrap();
    written.rewind().unwrap();
    let mut reader = Decryption::with(&key).reader(&file).unwrap();
    assert_eq!(io::copy(&mut reader, &mut io::sink()).unwrap(), 1);
    let taken = peak().unwrap() - before;
    assert!(taken < ROOM, "{taken} KiB");
}
