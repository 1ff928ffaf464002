//! `bulla crl`: lists of revoked certificates made, shown and checked.
use std::path::{Path, PathBuf};
use std::time::Duration;

use bulla::Time;
use bulla::x509::{Certificate, CrlIssue, RevocationReason, Revoked};
use clap::Subcommand;
use serde_json::json;

use crate::cert_report::{self, summary};
use crate::credential::CredentialFlags;
use crate::failure::{Code, Done, Failure, one_line};
use crate::flow::{Input, Out};
use crate::objects::Source;
use crate::private_key::to_der;
use crate::ui;
use crate::who::check_stdin;

#[derive(Subcommand)]
pub(crate) enum CrlCommand {
    /// Make a CRL with a CA's key, a new one or one that goes on from another
    #[command(after_help = "\
Examples:
  bulla crl make --with ca.p12 -o ca.crl                            nobody is revoked yet
  bulla crl make --with ca.p12 --update ca.crl --revoke bob.pem --reason keyCompromise --force -o ca.crl")]
    Make(Box<Make>),
    /// Show CRLs, nothing of them checked
    Show(Show),
    /// Check that an issuer signed a CRL and that it is the latest, and look certificates up
    #[command(after_help = "\
Exit codes: 0 the CRL is sound and lists none of the certificates; 1 it is not the issuer's, or lists one; 5 it is out of
date, or not about a certificate. Whether the issuer is to be trusted is another question: see bulla cert verify.

Example:
  bulla crl check --issuer ca.pem --certificate bob.pem ca.crl")]
    Check(Box<Check>),
}

#[derive(clap::Args)]
pub(crate) struct Make {
    #[command(flatten)]
    out: Out,
    /// Write DER instead of PEM
    #[arg(long)]
    der: bool,
    #[command(flatten)]
    issuer: CredentialFlags,
    /// Go on from this CRL: keep its entries, and number the new one higher; without it the list begins anew
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
    /// A certificate to list as revoked, the first of its file; may be given several times
    #[arg(long, value_name = "FILE")]
    revoke: Vec<PathBuf>,
    /// Why: keyCompromise, superseded, cessationOfOperation … (RFC 5280 section 5.3.1)
    #[arg(long, value_name = "REASON", requires = "revoke", default_value = "unspecified")]
    reason: RevocationReason,
    /// When: 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", requires = "revoke")]
    revoked_at: Option<Time>,
    /// For how many days the CRL is good [default: 7]
    #[arg(long, value_name = "N", conflicts_with = "next_update")]
    days: Option<u32>,
    /// Until when the CRL is good
    #[arg(long, value_name = "TIME")]
    next_update: Option<Time>,
    /// Its number [default: one more than that of --update, or the time]
    #[arg(long, value_name = "N")]
    number: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct Show {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// PEM or DER; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Check {
    /// The certificate of whoever should have signed it
    #[arg(long, value_name = "FILE")]
    issuer: PathBuf,
    /// A certificate to look up; may be given several times
    #[arg(long, value_name = "FILE")]
    certificate: Vec<PathBuf>,
    /// Check at this time instead of now: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// The CRL; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl CrlCommand {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            CrlCommand::Make(make) => make.run(),
            CrlCommand::Show(show) => show.run(),
            CrlCommand::Check(check) => check.run(),
        }
    }
}

impl Make {
    fn run(&self) -> Done<()> {
        self.out.check_free()?;
        check_stdin(
            Input::of(self.update.as_deref()).is_stdin() && self.update.is_some(),
            self.issuer.takes_stdin(),
        )?;
        let credential = self.issuer.load()?;
        let (issuer, now) = (credential.certificate(), Time::now());
        let mut issue = CrlIssue::by(issuer, credential.key())?.this_update(now);
        if let Some(path) = &self.update {
            let source = Source::read(Some(path))?;
            let before = source.crl()?;
            issue = issue.update(&before).map_err(|error| {
                let hint = format!("give the last CRL of {}", issuer.subject());
                Failure::of(&source.name, error).into_usage().but(hint)
            })?;
        } else if let Some(path) = self.out.path() {
            check_nothing_lost(path, issuer)?;
        }
        for path in &self.revoke {
            let certificate = self.to_revoke(path, issuer)?;
            issue = issue.revoke(&certificate.serial(), self.revoked_at.unwrap_or(now), self.reason);
        }
        let days = self.days.map(|days| now + Duration::from_secs(u64::from(days) * 86_400));
        if let Some(next) = self.next_update.or(days) {
            issue = issue.next_update(next);
        }
        if let Some(number) = self.number {
            issue = issue.number(number);
        }
        let crl = issue.sign()?;
        let pem = crl.to_pem();
        let written = if self.der { self.out.write(&to_der(&pem)?) } else { self.out.write(pem.as_bytes()) };
        written?;
        let number = crl.number()?.map(|number| number.to_string()).unwrap_or_default();
        let next = crl.next_update()?.map(|next| next.to_string()).unwrap_or_default();
        ui::note(format_args!(
            "CRL {number} of {}: {} listed, next by {next}",
            crl.issuer(),
            crl.revoked().count()
        ));
        Ok(())
    }

    /// The first certificate of a file, which must be one of this issuer's: its number means nothing with another's.
    fn to_revoke(&self, path: &Path, issuer: &Certificate) -> Done<Certificate> {
        let source = Source::read(Some(path))?;
        let certificate = source.first_certificate()?;
        if certificate.issuer() == issuer.subject() {
            return Ok(certificate);
        }
        let why = format!("it was issued by {}, not by {}", certificate.issuer(), issuer.subject());
        Err(Failure::usage(&source.name, why, "give the CRL's own issuer with --with"))
    }
}

/// Refuses to write over a CRL of the same issuer that is not gone on from: whom it lists would be revoked no more.
fn check_nothing_lost(path: &Path, issuer: &Certificate) -> Done<()> {
    let Ok(there) = path.exists().then(|| Source::read(Some(path))).transpose() else { return Ok(()) };
    let Some(Ok(there)) = there.map(|source| source.crl()) else { return Ok(()) };
    if there.issuer() != issuer.subject() || there.revoked().next().is_none() {
        return Ok(());
    }
    let why = "it lists certificates of this issuer, which would be revoked no more";
    Err(Failure::usage(path.display(), why, "go on from it with --update, or write another file"))
}

impl Show {
    fn run(&self) -> Done<()> {
        let crls = Source::read(self.file.as_deref())?.crls()?;
        if self.json {
            let reports: Vec<_> = crls.iter().map(cert_report::crl).collect();
            return ui::print_json(&json!({"objects": reports}));
        }
        ui::print(crls.iter().map(|crl| format!("{crl}\n")).collect::<Vec<_>>().join("\n"))
    }
}

impl Check {
    fn run(&self) -> Done<()> {
        let source = Source::read(self.file.as_deref())?;
        let issuer = Source::read(Some(&self.issuer))?.first_certificate()?;
        let about = |error| Failure::of(&source.name, error);
        let verified = source.crl()?.verify(&issuer).map_err(about)?;
        let crl = verified.get();
        crl.check_current(self.at.unwrap_or_else(Time::now)).map_err(about)?;
        let mut certificates = Vec::new();
        for path in &self.certificate {
            let certificate = Source::read(Some(path))?.first_certificate()?;
            if let Some(entry) = verified.find_certificate(&certificate).map_err(about)? {
                return Err(listed(&certificate, &text_of_entry(&entry)));
            }
            certificates.push(certificate);
        }
        if self.json {
            return ui::print_json(&json!({
                "authentic": true,
                "issuer": crl.issuer().to_string(),
                "next_update": crl.next_update().ok().flatten().map(|time| time.to_string()),
                "not_listed": certificates.iter().map(summary).collect::<Vec<_>>(),
            }));
        }
        let mut said = format!("{}: signed by {}, and current\n", one_line(&source.name), crl.issuer());
        for certificate in &certificates {
            said.push_str(&format!(
                "  not listed: {}, serial {}\n",
                certificate.subject(),
                certificate.serial()
            ));
        }
        ui::answer(said)
    }
}

fn listed(certificate: &Certificate, when: &str) -> Failure {
    let what = format!("the certificate of {}", certificate.subject());
    Failure::new(Code::Refused, what, format!("it was revoked: {when}"), "do not trust it")
}

/// Number, time and reason.
fn text_of_entry(entry: &Revoked<'_>) -> String {
    let at = entry.at().map_or_else(|_| "(not sound)".to_owned(), |time| time.to_string());
    let reason = entry.reason().ok().flatten().map(|reason| format!(", {reason}")).unwrap_or_default();
    format!("{} at {at}{reason}", entry.serial())
}
