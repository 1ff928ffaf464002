//! `bulla smime show`: the layers of a mail, and what was proven about each.
use std::path::PathBuf;

use bulla::smime::{Examination, LayerKind, Report};
use serde_json::{Value, json};

use crate::failure::{Done, Failure, mail_reason, one_line};
use crate::flow::Input;
use crate::lists::{CRL, List, ListFlags, Lists, OCSP, TRUST, UNTRUSTED};
use crate::smime_decrypt::OpenFlags;
use crate::smime_mail::Mail;
use crate::smime_trust::{Sender, SenderFlags, TrustFlags, evidence};
use crate::ui;
use crate::who::check_stdin;

#[derive(clap::Args)]
pub(crate) struct Show {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// What a bare signature signs, as it was sent
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// Let old algorithms count, which can be forged today, at the date that the mail says
    #[arg(long)]
    legacy: bool,
    #[command(flatten)]
    keys: OpenFlags,
    #[command(flatten)]
    sender: SenderFlags,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    lists: Lists<Known>,
}

struct Known;

impl ListFlags for Known {
    const ALL: &'static [List] = &[List { required: false, ..TRUST }, UNTRUSTED, CRL, OCSP];
    const FILE: (&'static str, &'static str) =
        ("MAIL", "The mail, or a CMS object in DER, BER, PEM or base64; `-` or nothing is standard input");
}

impl Show {
    pub(crate) fn run(&self) -> Done<()> {
        let input = Input::of(self.lists.file()?);
        check_stdin(input.is_stdin(), self.keys.takes_stdin())?;
        let evidence = evidence(&self.lists)?;
        if evidence.is_none() {
            self.check_untrusting()?;
        }
        let keys = self.keys.load(self.legacy)?;
        let opening = keys.opening(self.legacy);
        let trust = evidence.as_ref().map(|evidence| self.trust.trust(evidence));
        let mut mail = Mail::open(&input)?;
        let sender = if trust.is_some() { self.sender.sender(&mail)? } else { Sender::Anyone };
        let mut examination = Examination::new();
        if let Some(opening) = &opening {
            examination = examination.opening(opening);
        }
        if let Some(trust) = &trust {
            examination = examination.trust(trust, sender.expect());
        }
        if self.legacy {
            examination = examination.legacy();
        }
        let name = mail.name.clone();
        let report = match self.content.as_deref().map(|path| mail.open_content(path)).transpose()? {
            Some(content) => examination.detached_stream(mail.reader(), content),
            None => examination.stream(mail.reader()),
        };
        let report = report.map_err(|error| Failure::of(&name, error))?;
        if self.json {
            return ui::print_json(&in_json(&report));
        }
        ui::print(format_args!("{}\n{report}", one_line(&name)))
    }

    /// Without anybody to trust, whether signatures hold is looked at, and not whose they are.
    fn check_untrusting(&self) -> Done<()> {
        if self.sender.is_given() {
            let hint = "say whom you trust with --trust, or leave out --from, --from-header and --any-signer";
            return Err(Failure::usage("--from", "nobody would look at it without --trust", hint));
        }
        self.trust.check_unused(&self.lists)
    }
}

fn in_json(report: &Report) -> Value {
    let layers = report.layers().iter().map(|layer| {
        let findings = layer.findings().iter();
        let findings = findings.map(|one| {
            let reason = one.reason().and_then(mail_reason);
            json!({"outcome": one.outcome().to_string(), "reason": reason, "text": one.text()})
        });
        json!({"kind": kind(layer.kind()), "findings": findings.collect::<Vec<_>>()})
    });
    json!({"worst": report.worst().to_string(), "layers": layers.collect::<Vec<_>>()})
}

fn kind(kind: LayerKind) -> &'static str {
    match kind {
        LayerKind::SignedInTwoParts => "signed",
        LayerKind::SignedOpaque => "signed-opaque",
        LayerKind::EncryptedAuthenticated => "encrypted-authenticated",
        LayerKind::Encrypted => "encrypted",
        LayerKind::Compressed => "compressed",
        LayerKind::Certificates => "certificates",
        LayerKind::Content => "content",
        _ => "unreadable",
    }
}
