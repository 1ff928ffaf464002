//! Targets: there already, the source itself, in a folder that is gone, on a disk that is full.
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use bulla::file::{Decryption, Encryption, Rewrap, write_identity, write_keyring};
use bulla::{ErrorKind, Identity, Key, Keyring};

use super::ground::{Ground, skip};

const LARGE: usize = 2_000_000;

/// A plain and a sealed file, large enough for several batches, and a sealed directory.
fn ground() -> (Ground, Key) {
    let (ground, key) = (Ground::new(), Key::generate());
    let plain = ground.file("plain", vec![5; LARGE]);
    Encryption::to(&key).name("n").file(&plain, ground.at("sealed")).unwrap();
    fs::create_dir_all(ground.at("folder/inner")).unwrap();
    fs::write(ground.at("folder/inner/file"), vec![6; LARGE]).unwrap();
    Encryption::to(&key).directory(ground.at("folder"), ground.at("sealed folder")).unwrap();
    (ground, key)
}

/// Every call that makes a target, with the kind of failure that a target of that name must bring about.
#[track_caller]
fn all_refuse(ground: &Ground, key: &Key, target: &Path, overwrite: bool, kind: ErrorKind) {
    let (seal, open) = (Encryption::to(key).overwrite(overwrite), Decryption::with(key).overwrite(overwrite));
    ground.refuses(kind, || seal.file(ground.at("plain"), target));
    ground.refuses(kind, || seal.clone().armor(true).file(ground.at("plain"), target));
    ground.refuses(kind, || seal.directory(ground.at("folder"), target));
    ground.refuses(kind, || open.file(ground.at("sealed"), target));
    ground.refuses(kind, || open.restore(ground.at("sealed"), target));
}

#[test]
fn a_target_that_exists_is_refused_and_stays_as_it_is() {
    let (ground, key) = ground();
    let old = ground.file("old", "old content");
    let empty = ground.file("empty", "");
    for target in [&old, &empty, &ground.at("folder"), &ground.at("folder/inner")] {
        all_refuse(&ground, &key, target, false, ErrorKind::Exists);
        ground.refuses(ErrorKind::Exists, || {
            Decryption::with(&key).directory(ground.at("sealed folder"), target)
        });
        ground.refuses(ErrorKind::Exists, || {
            Decryption::with(&key).restore(ground.at("sealed folder"), target)
        });
        ground.refuses(ErrorKind::Exists, || write_identity(&Identity::generate(), target, None));
        ground.refuses(ErrorKind::Exists, || write_keyring(&Keyring::generate(), &key, target, false));
    }
    // A directory is never replaced, not by a file and not by a directory.
    all_refuse(&ground, &key, &ground.at("folder"), true, ErrorKind::Usage);
    let open = Decryption::with(&key).overwrite(true);
    ground.refuses(ErrorKind::Exists, || open.directory(ground.at("sealed folder"), ground.at("folder")));
}

#[test]
fn a_failure_leaves_the_old_target_even_where_it_may_be_replaced() {
    let (ground, key) = ground();
    let old = ground.file("old", "old content");
    let open = Decryption::with(&key).overwrite(true);
    let mut bytes = fs::read(ground.at("sealed")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let forged = ground.file("forged at its end", &bytes);
    bytes[last] ^= 1;
    bytes[LARGE / 2] ^= 1;
    let middle = ground.file("forged in its middle", &bytes);
    for forged in [&forged, &middle] {
        ground.refuses(ErrorKind::Unauthentic, || open.file(forged, &old));
    }
    let missing = ground.at("missing");
    ground.refuses(ErrorKind::Io, || open.file(&missing, &old));
    ground.refuses(ErrorKind::Io, || Encryption::to(&key).overwrite(true).file(&missing, &old));
    let stop = |_| ControlFlow::Break(());
    ground.refuses(ErrorKind::Cancelled, || open.clone().progress(&stop).file(ground.at("sealed"), &old));
    let seal = Encryption::to(&key).overwrite(true).progress(&stop);
    ground.refuses(ErrorKind::Cancelled, || seal.file(ground.at("plain"), &old));
    ground.refuses(ErrorKind::Cancelled, || seal.directory(ground.at("folder"), &old));
    let stranger = Decryption::with(&Key::generate()).overwrite(true).file(ground.at("sealed"), &old);
    assert_eq!(stranger.unwrap_err().kind(), ErrorKind::NoKeyFits);
    open.file(ground.at("sealed"), &old).unwrap();
    assert_eq!(fs::read(&old).unwrap(), vec![5; LARGE]);
}

#[test]
fn a_target_that_is_the_source_is_refused_under_every_name() {
    let (ground, key) = ground();
    fs::hard_link(ground.at("plain"), ground.at("plain hard")).unwrap();
    fs::hard_link(ground.at("sealed"), ground.at("sealed hard")).unwrap();
    let detour = ground.at("folder/../plain");
    for overwrite in [false, true] {
        let (seal, open) =
            (Encryption::to(&key).overwrite(overwrite), Decryption::with(&key).overwrite(overwrite));
        for target in [ground.at("plain"), ground.at("plain hard"), detour.clone()] {
            ground.refuses(ErrorKind::Usage, || seal.file(ground.at("plain"), &target));
            ground.refuses(ErrorKind::Usage, || seal.file(&target, ground.at("plain")));
        }
        for target in [ground.at("sealed"), ground.at("sealed hard")] {
            ground.refuses(ErrorKind::Usage, || open.file(ground.at("sealed"), &target));
            ground.refuses(ErrorKind::Usage, || open.restore(ground.at("sealed"), &target));
        }
    }
}

#[test]
fn a_target_inside_the_directory_that_is_encrypted_is_refused() {
    let (ground, key) = ground();
    for target in ["folder/sealed", "folder/inner/sealed", "folder/../folder/sealed"] {
        ground.refuses(ErrorKind::Usage, || {
            Encryption::to(&key).directory(ground.at("folder"), ground.at(target))
        });
    }
}

#[test]
#[cfg(unix)]
fn a_target_that_is_a_link_or_a_device_is_not_followed_or_replaced() {
    let (ground, key) = ground();
    std::os::unix::fs::symlink(ground.at("victim"), ground.at("link")).unwrap();
    std::os::unix::fs::symlink(ground.at("plain"), ground.at("link to source")).unwrap();
    all_refuse(&ground, &key, &ground.at("link"), false, ErrorKind::Exists);
    all_refuse(&ground, &key, &ground.at("link"), true, ErrorKind::Usage);
    all_refuse(&ground, &key, Path::new("/dev/null"), true, ErrorKind::Usage);
    for overwrite in [false, true] {
        let seal = Encryption::to(&key).overwrite(overwrite);
        ground.refuses(ErrorKind::Usage, || seal.file(ground.at("plain"), ground.at("link to source")));
    }
}

#[test]
fn a_target_in_a_folder_that_is_not_there_is_refused() {
    let (ground, key) = ground();
    for target in [ground.at("nowhere/target"), ground.at("plain/target")] {
        all_refuse(&ground, &key, &target, false, ErrorKind::Io);
        ground
            .refuses(ErrorKind::Io, || Decryption::with(&key).directory(ground.at("sealed folder"), &target));
    }
    all_refuse(&ground, &key, &ground.at(&"x".repeat(300)), false, ErrorKind::Io);
}

#[test]
fn a_folder_that_vanishes_meanwhile_is_an_error_and_nothing_is_left() {
    let (ground, key) = ground();
    let gone = ground.at("gone");
    let target = gone.join("target");
    let vanish = |_| {
        let _ = fs::remove_dir_all(&gone);
        ControlFlow::Continue(())
    };
    let (seal, open) = (Encryption::to(&key).progress(&vanish), Decryption::with(&key).progress(&vanish));
    let before = ground.state();
    let calls: [&dyn Fn() -> bulla::Result<()>; 5] = [
        &|| seal.file(ground.at("plain"), &target),
        &|| seal.clone().armor(true).file(ground.at("plain"), &target),
        &|| seal.directory(ground.at("folder"), &target),
        &|| open.file(ground.at("sealed"), &target).map(drop),
        &|| open.directory(ground.at("sealed folder"), &target).map(drop),
    ];
    for call in calls {
        fs::create_dir(&gone).unwrap();
        assert_eq!(call().unwrap_err().kind(), ErrorKind::Io);
        assert!(ground.state() == before);
    }
}

#[test]
fn a_target_that_appears_meanwhile_is_not_replaced() {
    let (ground, key) = ground();
    let target = ground.at("target");
    let appear = |_| {
        if !target.exists() {
            fs::write(&target, "somebody else's").unwrap();
        }
        ControlFlow::Continue(())
    };
    let (seal, open) = (Encryption::to(&key).progress(&appear), Decryption::with(&key).progress(&appear));
    let calls: [&dyn Fn() -> bulla::Result<()>; 4] = [
        &|| seal.file(ground.at("plain"), &target),
        &|| seal.directory(ground.at("folder"), &target),
        &|| open.file(ground.at("sealed"), &target).map(drop),
        &|| open.directory(ground.at("sealed folder"), &target).map(drop),
    ];
    for call in calls {
        let before = ground.state().len();
        assert_eq!(call().unwrap_err().kind(), ErrorKind::Exists);
        assert_eq!(fs::read(&target).unwrap(), b"somebody else's");
        assert_eq!(ground.state().len(), before + 1);
        fs::remove_file(&target).unwrap();
    }
}

/// A disk of 256 KiB; it is taken off at the end.
struct SmallDisk(Ground);

impl SmallDisk {
    fn new() -> Option<Self> {
        let disk = SmallDisk(Ground::new());
        fs::create_dir(disk.0.at("disk")).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(disk.0.at("disk"))
            .output();
        mount.is_ok_and(|output| output.status.success()).then_some(disk)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.at("disk")).output();
    }
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_left() {
    let (ground, key) = ground();
    let Some(disk) = SmallDisk::new() else {
        return skip("a full disk", "no small disk can be mounted here");
    };
    let at = |name: &str| disk.0.at("disk").join(name);
    let old = disk.0.file("disk/old", "old content");
    let overwrite = Encryption::to(&key).overwrite(true);
    disk.0.refuses(ErrorKind::Io, || bulla::encrypt_file(&key, ground.at("plain"), at("target")));
    disk.0.refuses(ErrorKind::Io, || overwrite.file(ground.at("plain"), &old));
    disk.0.refuses(ErrorKind::Io, || overwrite.clone().armor(true).file(ground.at("plain"), &old));
    disk.0.refuses(ErrorKind::Io, || overwrite.directory(ground.at("folder"), &old));
    disk.0.refuses(ErrorKind::Io, || bulla::decrypt_file(&key, ground.at("sealed"), at("target")));
    disk.0.refuses(ErrorKind::Io, || {
        Decryption::with(&key).directory(ground.at("sealed folder"), at("target"))
    });
    // Changing who may open a file needs room for it twice.
    let sealed = at("sealed");
    Encryption::to(&key).name("n").file(disk.0.file("half", vec![1; 160_000]), &sealed).unwrap();
    let other = Key::generate();
    disk.0.refuses(ErrorKind::Io, || Rewrap::with(&key).to(&other).file(&sealed));
    assert!(bulla::file::verify(&key, &sealed).is_ok());
}

#[test]
#[cfg(unix)]
fn a_full_device_is_an_error_of_the_writer() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        return skip("a full device", "no /dev/full");
    };
    let key = Key::generate();
    for armor in [false, true] {
        let mut writer = Encryption::to(&key).armor(armor).writer(&full).unwrap();
        let written = std::io::Write::write_all(&mut writer, &[0; 1_000_000]);
        assert_eq!(bulla::Error::from(written.unwrap_err()).kind(), ErrorKind::Io);
        // What failed once must not look whole later.
        assert_eq!(writer.finish().err().unwrap().kind(), ErrorKind::Io);
        let writer = Encryption::to(&key).armor(armor).writer(&full).unwrap();
        assert_eq!(writer.finish().err().unwrap().kind(), ErrorKind::Io);
    }
}

#[test]
fn a_failed_rewrap_leaves_the_file_as_it_was() {
    let (ground, key) = ground();
    let sealed = ground.at("sealed");
    let (stranger, other) = (Key::generate(), Key::generate());
    ground.refuses(ErrorKind::NoKeyFits, || Rewrap::with(&stranger).to(&other).file(&sealed));
    ground.refuses(ErrorKind::Usage, || Rewrap::with(&key).remove(2).file(&sealed));
    ground.refuses(ErrorKind::Usage, || Rewrap::with(&key).remove(1).add(&other).file(&sealed));
    ground.refuses(ErrorKind::Usage, || {
        Rewrap::with(&key).add(&Identity::generate().recipient()).file(&sealed)
    });
    ground.refuses(ErrorKind::Usage, || Rewrap::with(&key).remove(0).file(&sealed));
    ground.refuses(ErrorKind::Usage, || Rewrap::with(&key).remove(usize::MAX).file(&sealed));
    ground.refuses(ErrorKind::Io, || Rewrap::with(&key).to(&other).file(ground.at("missing")));
    ground.refuses(ErrorKind::Usage, || Rewrap::with(&key).to(&other).file(ground.at("folder")));
}
