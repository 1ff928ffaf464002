//! Age files (L3) to and from the commands age and rage, which take the same options.
use std::path::{Path, PathBuf};
use std::process::Command;

use bulla::file::{Decryption, Encryption};
use bulla::{Format, Identity, KdfCost, KdfLimits, Passphrase, Recipient, Recipients};

use super::holder::{Holder, Kind};
use crate::peers;
use crate::{AGE_SIZES, age_seal, assert_opened, assert_opens_age, content};

const PASSPHRASE: &str = "Käse, 3 × täglich";

struct Tool(PathBuf);

impl Tool {
    fn find(name: &str) -> Option<Self> {
        peers::find(name).map(Tool)
    }

    fn seal(&self, to: &[&Holder], armor: bool, content: &[u8]) -> Vec<u8> {
        let mut command = Command::new(&self.0);
        for holder in to {
            command.args(["-r", &holder.recipient]);
        }
        peers::run(command.args(armor.then_some("-a")), content).unwrap()
    }

    fn open(&self, identity: &Path, sealed: &[u8]) -> Result<Vec<u8>, String> {
        peers::run(Command::new(&self.0).arg("-d").arg("-i").arg(identity), sealed)
    }
}

#[derive(Clone, Copy)]
enum Way {
    /// The tool seals, bulla opens.
    In,
    /// bulla seals, the tool opens.
    Out,
}

fn all_sizes(tool: &str, way: Way, kind: Kind, armor: bool) {
    let Some(tool) = Tool::find(tool) else { return };
    let Some(holder) = Holder::new(kind) else { return };
    for size in AGE_SIZES {
        let content = content(size);
        match way {
            Way::In => {
                let sealed = tool.seal(&[&holder], armor, &content);
                assert_eq!(sealed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"), armor);
                assert_opens_age(&holder.identity, &sealed, &content);
            }
            Way::Out => {
                let recipient: Recipient = holder.recipient.parse().unwrap();
                let sealed = age_seal(&recipient, armor, &content);
                assert_opened(tool.open(&holder.file, &sealed), &content);
            }
        }
    }
}

fn several(tool: &str, way: Way) {
    let Some(tool) = Tool::find(tool) else { return };
    let kinds = [Kind::X25519, Kind::SshEd25519, Kind::X25519, Kind::SshRsa];
    let Some(holders) = kinds.into_iter().map(Holder::new).collect::<Option<Vec<_>>>() else { return };
    let content = content(70_000);
    let sealed = match way {
        Way::In => tool.seal(&holders.iter().collect::<Vec<_>>(), false, &content),
        Way::Out => {
            let recipients: Vec<Recipient> =
                holders.iter().map(|one| one.recipient.parse().unwrap()).collect();
            age_seal(&Recipients::all(&recipients).unwrap(), false, &content)
        }
    };
    for holder in &holders {
        match way {
            Way::In => assert_opens_age(&holder.identity, &sealed, &content),
            Way::Out => assert_opened(tool.open(&holder.file, &sealed), &content),
        }
    }
}

/// From file to file, where bulla seals and opens many chunks at a time.
fn on_all_cores(tool: &str, way: Way) {
    let Some(tool) = Tool::find(tool) else { return };
    let holder = Holder::of(Identity::generate_x25519());
    let at = |name: &str| holder.folder.path().join(name);
    let content = content(5_000_000);
    match way {
        Way::In => {
            std::fs::write(at("sealed"), tool.seal(&[&holder], false, &content)).unwrap();
            bulla::decrypt_file(&holder.identity, at("sealed"), at("opened")).unwrap();
            assert!(std::fs::read(at("opened")).unwrap() == content);
        }
        Way::Out => {
            std::fs::write(at("plain"), &content).unwrap();
            let recipient = holder.identity.recipient();
            Encryption::to(&recipient).format(Format::Age).file(at("plain"), at("sealed")).unwrap();
            assert_opened(tool.open(&holder.file, &std::fs::read(at("sealed")).unwrap()), &content);
        }
    }
}

/// Both are older than post-quantum stanzas, and have to pass over them.
fn opens_beside_a_post_quantum_recipient(tool: &str) {
    let Some(tool) = Tool::find(tool) else { return };
    let holder = Holder::of(Identity::generate_x25519());
    let (quantum, classic) = (Identity::generate().recipient(), holder.identity.recipient());
    let both = Recipients::one(&quantum).and(&classic).allow_downgrade_mix();
    assert_opened(tool.open(&holder.file, &age_seal(&both, false, b"hello")), b"hello");
}

fn passphrase(tool: &str, way: Way) {
    passphrase_of(tool, way, PASSPHRASE);
}

fn passphrase_of(tool: &str, way: Way, text: &str) {
    let Some(program) = peers::find(tool) else { return };
    let Some(mut command) = peers::at_a_terminal(text, program) else { return };
    let passphrase = Passphrase::new(text).unwrap().cost(KdfCost::Low);
    let content = content(70_000);
    match way {
        Way::In => {
            let sealed = peers::run(command.args(["-p", "-a"]), &content).unwrap();
            // rage measures its machine, and may ask for more than the bound.
            let how = Decryption::with(&passphrase).kdf_limits(KdfLimits::memory_mib(4096));
            assert!(how.bytes(&sealed).unwrap().0 == content);
        }
        Way::Out => {
            let sealed = age_seal(&passphrase, true, &content);
            assert_opened(peers::run(command.arg("-d"), &sealed), &content);
        }
    }
}

#[test]
fn bulla_opens_what_age_seals_for_x25519() {
    all_sizes("age", Way::In, Kind::X25519, false);
}

#[test]
fn age_opens_what_bulla_seals_for_x25519() {
    all_sizes("age", Way::Out, Kind::X25519, false);
}

#[test]
fn bulla_opens_what_rage_seals_for_x25519() {
    all_sizes("rage", Way::In, Kind::X25519, false);
}

#[test]
fn rage_opens_what_bulla_seals_for_x25519() {
    all_sizes("rage", Way::Out, Kind::X25519, false);
}

#[test]
fn bulla_opens_what_age_armors() {
    all_sizes("age", Way::In, Kind::X25519, true);
}

#[test]
fn age_opens_what_bulla_armors() {
    all_sizes("age", Way::Out, Kind::X25519, true);
}

#[test]
fn bulla_opens_what_rage_armors() {
    all_sizes("rage", Way::In, Kind::X25519, true);
}

#[test]
fn rage_opens_what_bulla_armors() {
    all_sizes("rage", Way::Out, Kind::X25519, true);
}

#[test]
fn bulla_opens_what_age_seals_for_ssh_ed25519() {
    all_sizes("age", Way::In, Kind::SshEd25519, false);
}

#[test]
fn age_opens_what_bulla_seals_for_ssh_ed25519() {
    all_sizes("age", Way::Out, Kind::SshEd25519, false);
}

#[test]
fn bulla_opens_what_rage_seals_for_ssh_ed25519() {
    all_sizes("rage", Way::In, Kind::SshEd25519, false);
}

#[test]
fn rage_opens_what_bulla_seals_for_ssh_ed25519() {
    all_sizes("rage", Way::Out, Kind::SshEd25519, false);
}

#[test]
fn bulla_opens_what_age_seals_for_ssh_rsa() {
    all_sizes("age", Way::In, Kind::SshRsa, false);
}

#[test]
fn age_opens_what_bulla_seals_for_ssh_rsa() {
    all_sizes("age", Way::Out, Kind::SshRsa, false);
}

#[test]
fn bulla_opens_what_rage_seals_for_ssh_rsa() {
    all_sizes("rage", Way::In, Kind::SshRsa, false);
}

#[test]
fn rage_opens_what_bulla_seals_for_ssh_rsa() {
    all_sizes("rage", Way::Out, Kind::SshRsa, false);
}

#[test]
fn each_recipient_opens_with_bulla_what_age_seals_for_several() {
    several("age", Way::In);
}

#[test]
fn each_recipient_opens_with_age_what_bulla_seals_for_several() {
    several("age", Way::Out);
}

#[test]
fn each_recipient_opens_with_bulla_what_rage_seals_for_several() {
    several("rage", Way::In);
}

#[test]
fn each_recipient_opens_with_rage_what_bulla_seals_for_several() {
    several("rage", Way::Out);
}

#[test]
fn bulla_opens_what_age_seals_under_a_passphrase() {
    passphrase("age", Way::In);
}

#[test]
fn age_opens_what_bulla_seals_under_a_passphrase() {
    passphrase("age", Way::Out);
}

#[test]
fn bulla_opens_what_age_seals_under_a_decomposed_passphrase() {
    passphrase_of("age", Way::In, "Ka\u{308}se");
}

#[test]
fn age_opens_what_bulla_seals_under_a_decomposed_passphrase() {
    passphrase_of("age", Way::Out, "Ka\u{308}se");
}

#[test]
fn bulla_opens_what_rage_seals_under_a_passphrase() {
    passphrase("rage", Way::In);
}

#[test]
fn rage_opens_what_bulla_seals_under_a_passphrase() {
    passphrase("rage", Way::Out);
}

#[test]
fn bulla_opens_on_all_cores_a_file_that_age_seals() {
    on_all_cores("age", Way::In);
}

#[test]
fn age_opens_a_file_that_bulla_seals_on_all_cores() {
    on_all_cores("age", Way::Out);
}

#[test]
fn age_opens_what_bulla_seals_for_it_beside_a_post_quantum_recipient() {
    opens_beside_a_post_quantum_recipient("age");
}

#[test]
fn bulla_opens_on_all_cores_a_file_that_rage_seals() {
    on_all_cores("rage", Way::In);
}

#[test]
fn rage_opens_a_file_that_bulla_seals_on_all_cores() {
    on_all_cores("rage", Way::Out);
}

#[test]
fn rage_opens_what_bulla_seals_for_it_beside_a_post_quantum_recipient() {
    opens_beside_a_post_quantum_recipient("rage");
}
