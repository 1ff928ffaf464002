//! Directories: what may not be in one that is encrypted, and sealed ones that were changed.
use std::fs;

use bulla::file::{Decryption, Encryption};
use bulla::{ErrorKind, Key};

use super::ground::Ground;

#[test]
fn a_sealed_directory_that_was_changed_anywhere_is_refused_whole() {
    let (ground, key) = (Ground::new(), Key::generate());
    fs::create_dir_all(ground.at("folder/inner")).unwrap();
    for name in ["a", "inner/b", "inner/c", &"n".repeat(150)] {
        fs::write(ground.at("folder").join(name), vec![7; 20_000]).unwrap();
    }
    let sealed = ground.at("sealed");
    Encryption::to(&key).directory(ground.at("folder"), &sealed).unwrap();
    let good = fs::read(&sealed).unwrap();
    let open = Decryption::with(&key);
    for place in (0..good.len()).rev().step_by(2999).filter(|place| *place > 2000) {
        let mut forged = good.clone();
        forged[place] ^= 0x40;
        fs::write(&sealed, &forged).unwrap();
        ground.refuses(ErrorKind::Unauthentic, || open.directory(&sealed, ground.at("again")));
        ground.refuses(ErrorKind::Unauthentic, || open.restore(&sealed, ground.at("again")));
        fs::write(&sealed, &good[..place]).unwrap();
        ground.refuses(ErrorKind::Unauthentic, || open.directory(&sealed, ground.at("again")));
    }
    fs::write(&sealed, &good).unwrap();
    open.directory(&sealed, ground.at("again")).unwrap();
    assert_eq!(fs::read(ground.at("again/inner/c")).unwrap(), vec![7; 20_000]);
}

#[test]
#[cfg(unix)]
fn a_directory_with_a_link_or_a_socket_in_it_is_refused_by_name() {
    let (ground, key) = (Ground::new(), Key::generate());
    fs::create_dir_all(ground.at("folder/inner")).unwrap();
    fs::write(ground.at("folder/a"), "content").unwrap();
    let odd = ground.at("folder/inner/odd");
    let seal = || Encryption::to(&key).directory(ground.at("folder"), ground.at("sealed"));
    let makers: [&dyn Fn(); 3] = [
        &|| std::os::unix::fs::symlink("/etc/passwd", &odd).unwrap(),
        &|| std::os::unix::fs::symlink("../a", &odd).unwrap(),
        &|| drop(std::os::unix::net::UnixListener::bind(&odd).unwrap()),
    ];
    for make in makers {
        make();
        let error = seal().unwrap_err();
        assert!(error.to_string().contains("odd"), "{error}");
        ground.refuses(ErrorKind::Usage, seal);
        fs::remove_file(&odd).unwrap();
    }
    seal().unwrap();
}
