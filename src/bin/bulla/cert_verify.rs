//! `bulla cert verify`: whether a certificate is to be trusted, for what, and on which path.
use bulla::x509::{Certificate, EmailAddress, Mailbox, Oid, Path, Purpose, Revocation, ServerName};
use bulla::{ErrorKind, Verified};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cert_report::summary;
use crate::failure::{Done, Failure, one_line};
use crate::judging::{Evidence, Judging};
use crate::objects::Source;
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct Verify {
    /// What the certificate shall be good for
    #[arg(long, value_enum, value_name = "PURPOSE")]
    purpose: PurposeName,
    /// Whom it shall be for: an e-mail address, or a host
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Report in JSON
    #[arg(long)]
    json: bool,
    // Last: the heading of its flags would hold for what follows.
    #[command(flatten)]
    judging: Judging,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PurposeName {
    /// Signed mail, or mail encrypted to it; without --name: of anybody
    Email,
    /// A server of TLS, by --name
    TlsServer,
    /// A client of TLS
    TlsClient,
    /// Issuing certificates
    Issuer,
    /// Anything: the path holds, and nothing is said about what for
    Any,
}

/// Whom the certificate shall be for.
enum Whom {
    Anyone,
    Mailbox(EmailAddress),
    Host(ServerName),
}

/// What came out.
struct Judged {
    trusted: Verified<Certificate, Path>,
    /// With mail: what for.
    uses: Vec<&'static str>,
}

impl Verify {
    pub(crate) fn run(&self) -> Done<()> {
        let whom = self.whom()?;
        let source = Source::read(self.judging.file()?)?;
        let evidence = self.judging.load()?;
        let certificates = source.certificates()?;
        // What `certificates` gives is never empty.
        let Some((certificate, beside)) = certificates.split_first() else { return Ok(()) };
        let judged = self.judge(&whom, certificate, &evidence, beside);
        match (judged, self.json) {
            (Ok(judged), true) => ui::print_json(&self.report(&whom, &judged)),
            (Ok(judged), false) => ui::answer(self.in_words(&source.name, &whom, &judged)),
            (Err(failure), true) => {
                refusal(&failure).map_or(Ok(()), |report| ui::print_json(&report)).and(Err(failure))
            }
            (Err(failure), false) => Err(failure),
        }
    }

    /// A name where one is due, and none where nobody would look at it.
    fn whom(&self) -> Done<Whom> {
        let bad = |error: bulla::Error| Failure::from(error).about("--name").into_usage();
        match (self.purpose, &self.name) {
            (PurposeName::Email, Some(name)) => Ok(Whom::Mailbox(name.parse().map_err(bad)?)),
            (PurposeName::TlsServer, Some(name)) => Ok(Whom::Host(name.parse().map_err(bad)?)),
            (PurposeName::TlsServer, None) => {
                let why = "whoever has any certificate for some server would pass for all of them";
                Err(Failure::usage("--purpose tls-server", why, "name the host: --name www.example.org"))
            }
            (_, Some(_)) => {
                let why = "nobody would look at it for this purpose";
                Err(Failure::usage("--name", why, "leave it out, or take --purpose email or tls-server"))
            }
            (_, None) => Ok(Whom::Anyone),
        }
    }

    fn judge(
        &self,
        whom: &Whom,
        certificate: &Certificate,
        evidence: &Evidence,
        beside: &[Certificate],
    ) -> Done<Judged> {
        let validate = |purpose| {
            self.judging.validation(purpose, evidence, beside).validate(certificate, &evidence.anchors)
        };
        let once = |purpose| Ok(Judged { trusted: validate(purpose)?, uses: Vec::new() });
        match (self.purpose, whom) {
            (PurposeName::Email, whom) => {
                let mailbox =
                    if let Whom::Mailbox(address) = whom { Mailbox::Of(address) } else { Mailbox::Anyone };
                either(validate(Purpose::EmailSigner(mailbox)), validate(Purpose::EmailRecipient(mailbox)))
            }
            (_, Whom::Host(host)) => once(Purpose::Server(host)),
            (PurposeName::TlsClient, _) => once(Purpose::Client),
            (PurposeName::Issuer, _) => once(Purpose::Issuer),
            _ => once(Purpose::Any),
        }
    }

    /// For what, and for whom.
    fn purpose(&self, whom: &Whom) -> String {
        match (self.purpose, whom) {
            (_, Whom::Mailbox(address)) => format!("mail of {address}"),
            (_, Whom::Host(host)) => format!("the server {host}"),
            (PurposeName::Email, _) => "mail of anyone: its addresses are for you to compare".to_owned(),
            (PurposeName::TlsClient, _) => "a client: who may connect is for you to decide".to_owned(),
            (PurposeName::Issuer, _) => "issuing certificates".to_owned(),
            _ => "any purpose: nothing is said about what for, or whom".to_owned(),
        }
    }

    fn in_words(&self, name: &str, whom: &Whom, judged: &Judged) -> String {
        let path = judged.trusted.by();
        let mut text = format!("{}: trusted for {}", one_line(name), self.purpose(whom));
        if !judged.uses.is_empty() {
            text.push_str(&format!("; good for {}", judged.uses.join(" and ")));
        }
        text.push('\n');
        for certificate in path.certificates() {
            let until = certificate.not_after().map_or_else(|_| "?".to_owned(), |time| time.to_string());
            let (subject, serial) = (certificate.subject(), certificate.serial());
            text.push_str(&format!("  {subject}\n    serial {serial}, valid until {until}\n"));
        }
        let anchor = path.anchor().map(|anchor| anchor.subject().to_string());
        text.push_str(&format!("  trusted: {}\n", anchor.unwrap_or_else(|| "itself".to_owned())));
        let policies: Vec<String> = path.policies().map(Oid::to_string).collect();
        if !policies.is_empty() {
            text.push_str(&format!("policies: {}\n", policies.join(", ")));
        }
        let revocation = match self.judging.revocation() {
            Revocation::Off => "not looked at",
            _ if path.revocation_known() => "known of every certificate: none is revoked",
            _ => "not known of every certificate: give CRLs or OCSP responses, and --revocation require",
        };
        text.push_str(&format!("revocation: {revocation}\nat: {}\n", path.at()));
        text
    }

    fn report(&self, whom: &Whom, judged: &Judged) -> Value {
        let path = judged.trusted.by();
        let name = match whom {
            Whom::Anyone => None,
            Whom::Mailbox(address) => Some(address.to_string()),
            Whom::Host(host) => Some(host.to_string()),
        };
        let value_name =
            |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
        json!({
            "trusted": true,
            "purpose": value_name(self.purpose.to_possible_value()),
            "name": name,
            "uses": judged.uses,
            "at": path.at().to_string(),
            "revocation": match self.judging.revocation() {
                Revocation::Off => "off",
                _ if path.revocation_known() => "known",
                _ => "unknown",
            },
            "chain": path.certificates().iter().map(summary).collect::<Vec<_>>(),
            "anchor": path.anchor().map(summary),
            "policies": path.policies().map(Oid::to_string).collect::<Vec<_>>(),
        })
    }
}

/// Why a certificate is not trusted, for machines. `None`: it could not be judged at all.
fn refusal(failure: &Failure) -> Option<Value> {
    let reason = failure.reason()?;
    Some(json!({"trusted": false, "reason": reason, "message": failure.to_string()}))
}

/// A certificate for mail is good if it is good to sign, or to be encrypted to.
fn either(
    signer: bulla::Result<Verified<Certificate, Path>>,
    recipient: bulla::Result<Verified<Certificate, Path>>,
) -> Done<Judged> {
    match (signer, recipient) {
        (Ok(trusted), Ok(_)) => Ok(Judged { trusted, uses: vec!["signatures", "encryption"] }),
        (Ok(trusted), Err(_)) => Ok(Judged { trusted, uses: vec!["signatures"] }),
        (Err(_), Ok(trusted)) => Ok(Judged { trusted, uses: vec!["encryption"] }),
        // Of the two reasons, the one that has not just to do with signing.
        (Err(signer), Err(recipient)) => {
            let other = signer.kind() == ErrorKind::Untrusted && recipient.kind() != ErrorKind::Untrusted;
            Err(if other { recipient } else { signer }.into())
        }
    }
}
