//! `bulla smime verify`: what was signed by whom one expects, or nothing.
use std::io::{self, Write};
use std::path::PathBuf;

use bulla::smime::{LegacySigner, Signer, Verification};
use bulla::x509::Revocation;
use bulla::{ErrorKind, Verified};
use serde_json::{Value, json};

use crate::cert_report::summary;
use crate::failure::{Done, Failure, mail_reason, one_line};
use crate::flow::{Input, Out};
use crate::judging::Evidence;
use crate::lists::{CRL, List, ListFlags, Lists, OCSP, TRUST, UNTRUSTED};
use crate::smime_mail::{Mail, Refielded};
use crate::smime_trust::{Sender, SenderFlags, TrustFlags};
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    out: Out,
    /// Report in JSON on standard output; what was signed then goes to -o alone
    #[arg(long)]
    json: bool,
    /// What a bare signature signs, as it was sent
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// Let old algorithms count, which can be forged today, at the date that the mail says: what comes out is not proven
    #[arg(long)]
    legacy: bool,
    /// Write the fields of the message, too (From, Subject, …), before what was signed: nobody signed them
    #[arg(long, conflicts_with = "content")]
    keep_fields: bool,
    #[command(flatten)]
    sender: SenderFlags,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    lists: Lists<Known>,
}

struct Known;

impl ListFlags for Known {
    const ALL: &'static [List] = &[TRUST, UNTRUSTED, CRL, OCSP];
    const FILE: (&'static str, &'static str) =
        ("MAIL", "The mail, or a CMS object in DER, BER, PEM or base64; `-` or nothing is standard input");
}

/// What came out.
struct Found {
    signer: Signer,
    length: u64,
}

impl Found {
    fn of(verified: Verified<u64, Signer>) -> Self {
        Found { length: *verified.get(), signer: verified.by().clone() }
    }

    fn of_legacy(verified: Verified<u64, LegacySigner>) -> Self {
        Found { length: *verified.get(), signer: verified.by().dangerous_signer().clone() }
    }
}

impl Verify {
    pub(crate) fn run(&self) -> Done<()> {
        let input = Input::of(self.lists.file()?);
        if !self.sender.is_given() {
            let why = "it is not said who shall have signed it";
            let hint =
                "name them with --from ADDRESS or --from-header; or take --any-signer, and look who it was";
            return Err(Failure::usage("--from", why, hint));
        }
        self.out.check_free()?;
        self.out.check_other(&input)?;
        let evidence = Evidence::read(&self.lists)?;
        let mut mail = Mail::open(&input)?;
        let verified = self.sender.sender(&mail).and_then(|sender| {
            let found = self.verify(&mut mail, &evidence, &sender)?;
            Ok((found, sender))
        });
        match verified {
            Ok((found, sender)) if self.json => ui::print_json(&self.report(&found, &sender)),
            Ok((found, _)) => {
                ui::note(self.in_words(&mail.name, &found));
                Ok(())
            }
            Err(failure) if self.json => not_genuine("genuine", failure),
            Err(failure) => Err(failure),
        }
    }

    fn verify(&self, mail: &mut Mail, evidence: &Evidence, sender: &Sender) -> Done<Found> {
        let trust = self.trust.trust(evidence);
        let verification = Verification::new(&trust, sender.expect());
        if self.json && self.out.path().is_none() {
            return self.write(mail, &verification, &mut io::sink());
        }
        self.out.stream(true, |into| {
            if !self.keep_fields {
                return self.write(mail, &verification, into);
            }
            let mut into = Refielded::new(into, mail.fields());
            let found = self.write(mail, &verification, &mut into)?;
            into.finish().map_err(|error| Failure::from(bulla::Error::from(error)))?;
            Ok(found)
        })
    }

    fn write(&self, mail: &mut Mail, verification: &Verification<'_>, into: &mut dyn Write) -> Done<Found> {
        let content = self.content.as_deref().map(|path| mail.open_content(path)).transpose()?;
        let name = mail.name.clone();
        let from = mail.reader();
        let found = match (content, self.legacy) {
            (None, false) => verification.stream(from, into).map(Found::of),
            (Some(content), false) => verification.detached_stream(from, content, into).map(Found::of),
            (None, true) => verification.legacy_stream(from, into).map(Found::of_legacy),
            (Some(content), true) => {
                verification.legacy_detached_stream(from, content, into).map(Found::of_legacy)
            }
        };
        found.map_err(|error| match error.kind() {
            ErrorKind::Expired if self.trust.at.is_none() => Failure::of(name, error).but(
                "old mail is verified at a time by which something else proves that it was there: --at TIME",
            ),
            _ => Failure::of(name, error),
        })
    }

    fn in_words(&self, name: &str, found: &Found) -> String {
        let signer = &found.signer;
        let addresses: Vec<String> = signer.addresses().iter().map(ToString::to_string).collect();
        let who = if addresses.is_empty() {
            signer.certificate().subject().to_string()
        } else {
            addresses.join(", ")
        };
        let when = signer.signing_time().map(|time| format!(", at {time} as it says"));
        let how = if self.legacy {
            "not proven; signed, if old algorithms and the date that it says are to be believed,"
        } else {
            "genuine, signed"
        };
        let text = format!("bulla: {name}: {how} by {who}{}", when.unwrap_or_default());
        one_line(&text)
    }

    fn report(&self, found: &Found, sender: &Sender) -> Value {
        let signer = &found.signer;
        let path = signer.path();
        json!({
            // What is judged by old algorithms, at its own date, is a likely story (`LegacySigner`).
            "genuine": (!self.legacy).then_some(true),
            "legacy": self.legacy,
            "expected": sender.address(),
            "length": found.length,
            "addresses": signer.addresses().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "signing_time": signer.signing_time().map(|time| time.to_string()),
            "algorithm": signer.algorithm().to_string(),
            "digest": signer.digest().to_string(),
            "capabilities": signer.capabilities().map(|all| all.names().collect::<Vec<_>>()),
            "at": path.at().to_string(),
            "revocation": match self.trust.revocation() {
                Revocation::Off => "off",
                _ if path.revocation_known() => "known",
                _ => "unknown",
            },
            "chain": path.certificates().iter().map(summary).collect::<Vec<_>>(),
            "anchor": path.anchor().map(summary),
        })
    }
}

/// Reports that something does not hold, and why; fails all the same.
pub(crate) fn not_genuine(what: &str, failure: Failure) -> Done<()> {
    // Filters ask whether there was anything to verify or to open.
    let reason = match failure.kind() {
        Some(ErrorKind::Unrecognised) if what == "genuine" => Some("not-signed"),
        Some(ErrorKind::Unrecognised) => Some("not-encrypted"),
        kind => kind.and_then(mail_reason),
    };
    let report =
        reason.map(|reason| json!({(what): false, "reason": reason, "message": failure.to_string()}));
    report.map_or(Ok(()), |report| ui::print_json(&report)).and(Err(failure))
}
