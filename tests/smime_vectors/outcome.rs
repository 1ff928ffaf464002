//! What comes of a mail, layer by layer, in one line that a table can have.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bulla::Error;
use bulla::smime::{Expect, Message, Opened, Opening, Signed, Signer, Trust, Verification};

/// Takes everything off that comes off: `signed by X, sealed, plain`.
pub(crate) fn of(mail: &[u8], trust: &Trust<'_>, opening: &Opening<'_>) -> String {
    let mut layers = Vec::new();
    let mut next = Message::parse(mail);
    // Mail of the vectors has three layers at most.
    for _ in 0..8 {
        next = match next {
            Err(error) => {
                layers.push(format!("refused: {}", why(&error)));
                break;
            }
            Ok(Message::Signed(signed)) => signed_layer(signed, trust, &mut layers),
            Ok(Message::Enveloped(sealed)) => match opening.bytes(sealed.as_bytes()) {
                Ok(Opened::Plain(entity)) => {
                    layers.push("sealed".to_owned());
                    Message::of(entity)
                }
                Ok(Opened::Signed(signed)) => {
                    layers.push("encrypted".to_owned());
                    signed_layer(signed, trust, &mut layers)
                }
                Ok(Opened::Malleable(bytes)) => {
                    layers.push("malleable".to_owned());
                    Message::parse(bytes.dangerous_into_bytes())
                }
                Err(error) => Err(error),
            },
            Ok(Message::Compressed(mail)) => mail.decompress().and_then(Message::of),
            Ok(Message::Certificates(bundle)) => {
                layers.push(format!("{} certificates", bundle.certificates_der().len()));
                break;
            }
            Ok(_) => {
                layers.push("plain".to_owned());
                break;
            }
        };
    }
    layers.join(", ")
}

fn signed_layer(signed: Signed, trust: &Trust<'_>, layers: &mut Vec<String>) -> bulla::Result<Message> {
    let verification = Verification::new(trust, Expect::AnyTrustedSigner);
    let mut out = Vec::new();
    match verification.stream(signed.as_bytes(), &mut out) {
        Ok(verified) => layers.push(format!("signed by {}", name_of(verified.by()))),
        Err(new) => {
            // Whether it is good as an old one is said, too.
            layers.push(format!("not signed ({})", why(&new)));
            let old = verification.legacy_stream(signed.as_bytes(), &mut out)?;
            layers.push(format!("of old by {}", name_of(old.by().dangerous_signer())));
        }
    }
    Message::parse(out)
}

fn name_of(signer: &Signer) -> String {
    let subject = signer.certificate().subject().to_string();
    let name = subject.split(',').find_map(|part| part.trim().strip_prefix("CN="));
    name.unwrap_or(&subject).to_owned()
}

/// What is wrong, without what to do.
pub(crate) fn why(error: &Error) -> String {
    let text = error.to_string();
    text.split(';').next().unwrap_or_default().replace('"', "'")
}

/// Asserts that a folder has these files, and that of each comes what the table says.
pub(crate) fn check(folder: &Path, table: &[(&str, &str)], outcome: impl Fn(&str, &[u8]) -> String) {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() {
            found.insert(name.clone(), outcome(&name, &fs::read(&path).unwrap()));
        }
    }
    let lines = |all: &mut dyn Iterator<Item = (&str, &str)>| {
        all.map(|(name, outcome)| format!("(\"{name}\", \"{outcome}\"),\n")).collect::<String>()
    };
    let mut sorted = table.to_vec();
    sorted.sort_unstable();
    let found = lines(&mut found.iter().map(|(name, outcome)| (name.as_str(), outcome.as_str())));
    assert!(found == lines(&mut sorted.into_iter()), "found:\n{found}");
}
