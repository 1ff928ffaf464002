//! `bulla smime sign`.
use std::path::PathBuf;

use bulla::smime::Signing;
use bulla::x509::Credential;
use bulla::{ErrorKind, Time};
use serde_json::{Value, json};

use crate::cert_report::summary;
use crate::credential::CredentialsFlags;
use crate::failure::{Done, Failure, one_line};
use crate::flow::{Input, Out};
use crate::passphrase::{Given, PassphraseFlags};
use crate::smime_mail::Mail;
use crate::ui;
use crate::who::check_stdin;

#[derive(clap::Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    out: Out,
    /// Report in JSON on standard output; the mail then goes to -o
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    by: CredentialsFlags,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// Sign in one object: nothing on the way changes it by mistake, and programs without S/MIME cannot show it
    #[arg(long)]
    opaque: bool,
    /// For readers of today: RSA keys sign by PSS
    #[arg(long)]
    modern: bool,
    /// Say this time of signing instead of now; the certificate must be good then: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    /// The mail, with or without fields of the message; `-` or nothing is standard input
    #[arg(value_name = "MAIL")]
    mail: Option<PathBuf>,
}

impl Sign {
    pub(crate) fn run(&self) -> Done<()> {
        let input = Input::of(self.mail.as_deref());
        if self.json {
            self.out.path_beside_report()?;
        }
        self.out.check_free()?;
        self.out.check_other(&input)?;
        check_stdin(input.is_stdin(), self.passphrase.takes_stdin())?;
        let credentials = self.by.load(&Given::new(&self.passphrase), false)?;
        let signing = self.signing(&credentials)?;
        let mut mail = Mail::open(&input)?;
        self.out.stream(false, |into| {
            let signed = signing.stream(mail.reader(), into);
            signed.map_err(|error| match error.kind() {
                // It is the credential that is not good.
                ErrorKind::Untrusted | ErrorKind::Expired | ErrorKind::WrongName => {
                    Failure::of("--with", error)
                }
                _ => mail.failure(error),
            })
        })?;
        tell_other_sender(&mail, &credentials);
        if self.json { ui::print_json(&self.report(&credentials)) } else { Ok(()) }
    }

    fn report(&self, credentials: &[Credential]) -> Value {
        let signers = credentials.iter().map(|credential| {
            let certificate = credential.certificate();
            let addresses = certificate.email_addresses().unwrap_or_default();
            json!({
                "addresses": addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "key": credential.key().kind().to_string(),
                "certificate": summary(certificate),
            })
        });
        json!({
            "signed": true,
            "opaque": self.opaque,
            "at": self.at.map(|time| time.to_string()),
            "signers": signers.collect::<Vec<_>>(),
        })
    }

    fn signing<'c>(&self, credentials: &'c [Credential]) -> Done<Signing<'c>> {
        let Some((first, others)) = credentials.split_first() else {
            let hint = "name a credential: --with bob.p12";
            return Err(Failure::usage("--with", "it is not said who signs", hint));
        };
        let mut signing = others.iter().fold(Signing::by(first), Signing::and);
        if self.opaque {
            signing = signing.opaque();
        }
        if self.modern {
            signing = signing.modern();
        }
        Ok(match self.at {
            Some(time) => signing.at(time),
            None => signing,
        })
    }
}

/// Says if the mail is from somebody else than who signed it: whoever compares them will take it for forged.
fn tell_other_sender(mail: &Mail, credentials: &[Credential]) {
    let Ok(sender) = mail.sender() else { return };
    let named = credentials.iter().filter_map(|credential| credential.certificate().email_addresses().ok());
    let named = named.flatten().collect::<Vec<_>>();
    if !named.contains(&sender) {
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        let named = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
        ui::note(one_line(&format!(
            "bulla: the mail is from {sender}, and the certificate for {named}: its readers may take it for forged"
        )));
    }
}
