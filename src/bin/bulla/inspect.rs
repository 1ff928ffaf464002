//! `bulla inspect`: what a file says about itself, without a key.
use std::fmt::Write;
use std::path::PathBuf;

use bulla::file::{self, Inspection, StanzaInfo};
use serde_json::{Value, json};

use crate::decrypt::format_name;
use crate::failure::{Done, one_line};
use crate::flow::{Input, stdin};
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct Inspect {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// What to look at; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Inspect {
    pub(crate) fn run(&self) -> Done<()> {
        let input = Input::of(self.file.as_deref());
        input.check_sealed()?;
        let (name, inspection) = match input {
            Input::Path(path) => (path.display().to_string(), file::inspect_file(&path)?),
            Input::Stdin => ("standard input".to_owned(), file::inspect(stdin())?),
        };
        if self.json { ui::print_json(&report(&inspection)) } else { ui::print(in_words(&name, &inspection)) }
    }
}

fn in_words(name: &str, inspection: &Inspection) -> String {
    let mut text = format!("{}: {}", one_line(name), format_name(inspection.format()));
    text.push_str(if inspection.is_armored() { ", in armor\n" } else { "\n" });
    for (number, stanza) in (1..).zip(inspection.stanzas()) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "stanza {number}: {stanza}");
    }
    let _ = writeln!(text, "header: {} bytes", inspection.header_length());
    let _ = writeln!(text, "payload: {} bytes", inspection.payload_length());
    let _ = match inspection.plaintext_length() {
        Some(length) => writeln!(text, "plaintext: {length} bytes, padding included"),
        None => writeln!(text, "plaintext: none; the file is cut short or damaged"),
    };
    text.push_str(
        "Nothing of this is authenticated: anybody could have written it. To check the file: bulla verify\n",
    );
    text
}

fn report(inspection: &Inspection) -> Value {
    let stanzas: Vec<Value> = (1..).zip(inspection.stanzas()).map(stanza).collect();
    json!({
        "authenticated": false,
        "format": format_name(inspection.format()),
        "armored": inspection.is_armored(),
        "stanzas": stanzas,
        "header_length": inspection.header_length(),
        "payload_length": inspection.payload_length(),
        "plaintext_length": inspection.plaintext_length(),
    })
}

fn stanza((number, info): (u64, &StanzaInfo)) -> Value {
    match info {
        StanzaInfo::Passphrase { kdf, alone, .. } => {
            json!({"number": number, "type": "passphrase", "kdf": kdf, "alone": alone})
        }
        StanzaInfo::Key { alone, .. } => json!({"number": number, "type": "key", "alone": alone}),
        StanzaInfo::Recipient { post_quantum, .. } => {
            json!({"number": number, "type": "recipient", "post_quantum": post_quantum})
        }
        StanzaInfo::Ssh { kind, tag, .. } => {
            json!({"number": number, "type": "ssh", "kind": kind, "tag": tag, "post_quantum": false})
        }
        StanzaInfo::Metadata => json!({"number": number, "type": "metadata"}),
        StanzaInfo::Unknown { kind, .. } => json!({"number": number, "type": "unknown", "kind": kind}),
        // A sort that this command does not know by name yet.
        other => json!({"number": number, "type": "other", "text": other.to_string()}),
    }
}
