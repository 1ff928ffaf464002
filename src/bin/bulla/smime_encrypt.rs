//! `bulla smime encrypt`: to owners of certificates, holders of keys, and who knows a passphrase.
use std::fs::File;
use std::path::{Path, PathBuf};

use bulla::smime::{Addressees, Encryption, Examination, LayerKind};
use bulla::x509::{Certificate, EmailAddress};
use bulla::{ErrorKind, Passphrase};
use serde_json::{Value, json};

use crate::cert_report::summary;
use crate::failure::{Code, Done, Failure, one_line};
use crate::flow::{Input, Out};
use crate::judging::Evidence;
use crate::lists::{CRL, List, ListFlags, Lists, OCSP, TRUST, UNTRUSTED};
use crate::objects::Source;
use crate::passphrase::PassphraseFlags;
use crate::smime_decrypt::shared_keys;
use crate::smime_mail::Mail;
use crate::smime_trust::{TrustFlags, evidence};
use crate::ui;
use crate::who::check_stdin;

#[derive(clap::Args)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    out: Out,
    /// Report in JSON on standard output; the mail then goes to -o
    #[arg(long)]
    json: bool,
    /// Trust the certificates as they are: you know in another way whose they are
    #[arg(long)]
    trust_given: bool,
    /// For old programs (Thunderbird, Outlook, gpgsm): AES-256-CBC, and only what is signed
    #[arg(long)]
    compat: bool,
    /// Who has this raw key, too; may be given several times
    #[arg(long, value_name = "FILE")]
    shared_key: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    lists: Lists<Known>,
}

struct Known;

const TO: List = List {
    name: "to",
    value: "CERTIFICATE",
    help: "Certificates of those who are to read it: the first of each file, others lead to whom you trust",
    required: false,
};
const ADDRESS: List = List {
    name: "address",
    value: "ADDRESS",
    help: "Their addresses: each certificate must be for one, and each address have a certificate",
    required: false,
};

impl ListFlags for Known {
    const ALL: &'static [List] = &[TO, ADDRESS, List { required: false, ..TRUST }, UNTRUSTED, CRL, OCSP];
    const FILE: (&'static str, &'static str) = ("MAIL", "The mail; `-` or nothing is standard input");
}

/// A certificate that was given, and those that came with it.
struct Given {
    name: String,
    certificate: Certificate,
    beside: Vec<Certificate>,
}

/// A certificate, and the address that it was checked for.
type Checked = (EmailAddress, Certificate);

impl Encrypt {
    pub(crate) fn run(&self) -> Done<()> {
        let input = Input::of(self.lists.file()?);
        self.check_trust()?;
        if self.json {
            self.out.path_beside_report()?;
        }
        self.out.check_free()?;
        self.out.check_other(&input)?;
        check_stdin(input.is_stdin(), self.passphrase.takes_stdin())?;
        let keys = shared_keys(&self.shared_key)?;
        let (owners, certificates) = self.owners()?;
        let passphrase = self.passphrase.choose()?.map(|text| Passphrase::new(&text)).transpose()?;
        let others = keys.iter().map(Addressees::key).chain(passphrase.iter().map(Addressees::passphrase));
        let addressees = all(owners, others)?;
        let mut mail = Mail::open(&input)?;
        self.write(&addressees, &mut mail)?;
        if !self.lists.is_given(&ADDRESS) && !certificates.is_empty() {
            // Mail to the wrong Bob cannot be called back: who chose him by a file sees his address.
            let names: Vec<String> = certificates.iter().map(|(address, _)| address.to_string()).collect();
            ui::note(one_line(&format!("bulla: encrypted for {}", names.join(", "))));
        }
        if self.json { ui::print_json(&self.report(&certificates)?) } else { Ok(()) }
    }

    /// What was written, and for whom.
    fn report(&self, certificates: &[Checked]) -> Done<Value> {
        let path = self.out.path_beside_report()?;
        let written = File::open(path).map_err(|error| Failure::io(path.display(), &error))?;
        let examined =
            Examination::new().stream(written).map_err(|error| Failure::of(path.display(), error))?;
        let outermost = examined.layers().first().map(bulla::smime::Layer::kind);
        let recipients = certificates
            .iter()
            .map(|(address, owner)| json!({"address": address.to_string(), "certificate": summary(owner)}));
        Ok(json!({
            "encrypted": true,
            "authenticated": outermost == Some(LayerKind::EncryptedAuthenticated),
            "recipients": recipients.collect::<Vec<_>>(),
            "shared_keys": self.shared_key.len(),
            "passphrase": self.passphrase.is_given(),
        }))
    }

    fn write(&self, addressees: &Addressees<'_>, mail: &mut Mail) -> Done<()> {
        let mut encryption = Encryption::to(addressees);
        if self.compat {
            encryption = encryption.compat();
        }
        self.out.stream(false, |into| {
            encryption.stream(mail.reader(), into).map_err(|error| match error.kind() {
                ErrorKind::Usage if self.compat => {
                    let why =
                        "no signature in it holds, and nobody could see whether it was changed on the way";
                    let hint = "sign it first (bulla smime sign), or leave out --compat";
                    Failure::usage(&mail.name, why, hint)
                }
                _ => mail.failure(error),
            })
        })
    }

    /// Flags that fit each other: whose word counts that a certificate is its owner's.
    fn check_trust(&self) -> Done<()> {
        let (to, trust) = (self.lists.is_given(&TO), self.lists.is_given(&TRUST));
        if !to && self.shared_key.is_empty() && !self.passphrase.is_given() {
            let hint = "name them: --to alice.pem, --shared-key FILE or -p";
            return Err(Failure::usage("--to", "it is not said who is to read it", hint));
        }
        let unused = if trust && !to {
            Some("--trust")
        } else if self.trust_given && !to {
            Some("--trust-given")
        } else if self.lists.is_given(&ADDRESS) && !to {
            Some("--address")
        } else {
            None
        };
        if let Some(flag) = unused {
            return Err(Failure::usage(flag, "there is no certificate to look at", "give one with --to"));
        }
        match (trust, self.trust_given) {
            (true, true) => {
                let hint = "leave one of them out";
                Err(Failure::usage(
                    "--trust-given",
                    "with --trust it is not clear which of them counts",
                    hint,
                ))
            }
            (false, false) if to => {
                let hint =
                    "give the authority with --trust FILE, or --trust-given if you know the owner's key";
                Err(Failure::usage("--trust", "it is not said who vouches for the certificates", hint))
            }
            (true, false) => Ok(()),
            _ => self.trust.check_unused(&self.lists),
        }
    }

    /// The owners of the certificates, each checked for an address, and these.
    fn owners(&self) -> Done<(Option<Addressees<'static>>, Vec<Checked>)> {
        let addresses: Vec<EmailAddress> = self
            .lists
            .texts(&ADDRESS)
            .iter()
            .map(|text| {
                let address: bulla::Result<EmailAddress> = text.parse();
                address.map_err(|error| Failure::of(format_args!("--address {text}"), error).into_usage())
            })
            .collect::<Done<_>>()?;
        let given: Vec<Given> =
            self.lists.paths(&TO).iter().map(|path| Given::read(path)).collect::<Done<_>>()?;
        let evidence = evidence(&self.lists)?;
        let mut owners: Option<Addressees<'static>> = None;
        let mut found = Vec::new();
        for one in &given {
            let (address, owner) = self.owner(one, &addresses, evidence.as_ref())?;
            found.push((address, one.certificate.clone()));
            owners = Some(match owners {
                Some(owners) => owners.and(owner)?,
                None => owner,
            });
        }
        if let Some(missing) = addresses.iter().find(|address| found.iter().all(|(one, _)| one != *address)) {
            let hint = "give it with --to, or leave the address out";
            let why = "none of the certificates is for it";
            return Err(Failure::new(Code::Refused, format_args!("--address {missing}"), why, hint));
        }
        Ok((owners, found))
    }

    /// The owner of a certificate, by the first address that it is good for.
    fn owner(
        &self,
        given: &Given,
        addresses: &[EmailAddress],
        evidence: Option<&Evidence>,
    ) -> Done<(EmailAddress, Addressees<'static>)> {
        let own;
        let addresses = if addresses.is_empty() {
            own = [given.address()?];
            &own
        } else {
            addresses
        };
        let mut wrong = None;
        for address in addresses {
            match self.checked(given, address, evidence) {
                Ok(owner) => return Ok((address.clone(), owner)),
                Err(error) if error.kind() == ErrorKind::WrongName => wrong = wrong.or(Some(error)),
                Err(error) => return Err(Failure::of(&given.name, error)),
            }
        }
        match wrong {
            Some(error) if addresses.len() == 1 => Err(Failure::of(&given.name, error)),
            _ => {
                let why = "it is for none of the addresses";
                let hint = "give the certificate of whom you mean, or add its address with --address";
                Err(Failure::new(Code::Refused, &given.name, why, hint))
            }
        }
    }

    fn checked(
        &self,
        given: &Given,
        address: &EmailAddress,
        evidence: Option<&Evidence>,
    ) -> bulla::Result<Addressees<'static>> {
        match (evidence, self.trust.at) {
            (Some(evidence), _) => {
                let trust = self.trust.trust(evidence).intermediates(given.beside.iter().cloned());
                Addressees::one(&given.certificate, address, &trust)
            }
            (None, Some(at)) => Addressees::as_given_at(&given.certificate, address, at),
            (None, None) => Addressees::as_given(&given.certificate, address),
        }
    }
}

impl Given {
    fn read(path: &Path) -> Done<Self> {
        let source = Source::read(Some(path))?;
        let mut all = source.certificates()?.into_iter();
        // What `certificates` gives is never empty.
        let certificate = all.next().ok_or_else(|| {
            Failure::new(Code::Input, &source.name, "there is no certificate in it", "give another file")
        })?;
        Ok(Given { certificate, beside: all.collect(), name: source.name })
    }

    /// The first address that the certificate names.
    fn address(&self) -> Done<EmailAddress> {
        let named = self.certificate.email_addresses().map_err(|error| Failure::of(&self.name, error))?;
        named.into_iter().next().ok_or_else(|| {
            let why = "its certificate names no address, and so nobody's mail";
            Failure::new(Code::Refused, &self.name, why, "give a certificate for mail")
        })
    }
}

/// All who are to read it, who are said to have programs of today; old ones are what `--compat` is for.
fn all<'a>(
    owners: Option<Addressees<'a>>,
    others: impl Iterator<Item = Addressees<'a>>,
) -> Done<Addressees<'a>> {
    let mut all = owners;
    for other in others {
        all = Some(match all {
            Some(all) => all.and(other)?,
            None => other,
        });
    }
    let nobody = || Failure::usage("--to", "it is not said who is to read it", "name them");
    Ok(all.ok_or_else(nobody)?.modern())
}
