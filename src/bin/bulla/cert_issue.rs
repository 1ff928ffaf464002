//! `bulla cert self-signed`, `request` and `issue`: new certificates, and what they are asked for with.
use std::path::PathBuf;

use bulla::x509::{Authority, Certificate, EmailAddress, Issue, Name, Oid, Profile, Request};
use bulla::{PublicKey, Time, Verified};
use clap::ArgGroup;

use crate::credential::CredentialFlags;
use crate::failure::{Code, Done, Failure};
use crate::flow::{Input, Out};
use crate::objects::{Object, Source, chain_pem, public_key};
use crate::passphrase::{Given, PassphraseFlags};
use crate::private_key::OpenKey;
use crate::ui;
use crate::who::check_stdin;

/// Whom a certificate speaks for, and so what it is for.
#[derive(clap::Args)]
#[command(next_help_heading = "Whom it speaks for")]
#[command(group(ArgGroup::new("role").args(["email", "host", "client", "ocsp_responder", "ca"])))]
pub(crate) struct RoleFlags {
    /// Mail of this address; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<EmailAddress>,
    /// A server of TLS: a host, *.example.org or an address; may be given several times
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// A client of TLS, by its --name
    #[arg(long, requires = "name")]
    client: bool,
    /// One that answers about revocation for its issuer, by its --name
    #[arg(long, requires = "name")]
    ocsp_responder: bool,
    /// A certification authority, by its --name
    #[arg(long, requires = "name")]
    ca: bool,
    /// How many authorities may follow each other below it [default: 0, or any number below a root]
    #[arg(long, value_name = "N", requires = "ca")]
    path_length: Option<u32>,
    /// The subject's name, such as CN=Bob,O=Example
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
}

impl RoleFlags {
    /// What it is for; `None` if that is a CA, or not said.
    fn profile(&self) -> Done<Option<Profile>> {
        let profile = match &self.name {
            Some(name) if self.client => Profile::tls_client(name)?,
            Some(name) if self.ocsp_responder => Profile::ocsp_responder(name)?,
            _ if !self.email.is_empty() => Profile::email(&self.email)?,
            _ if !self.host.is_empty() => Profile::tls_server(&self.host)?,
            _ => return Ok(None),
        };
        Ok(Some(profile))
    }

    /// The name of a CA, if it is to be one.
    fn authority(&self) -> Option<&Name> {
        self.name.as_ref().filter(|_| self.ca)
    }
}

/// What else stands in a certificate.
#[derive(clap::Args)]
#[command(next_help_heading = "What else it says")]
pub(crate) struct TermFlags {
    /// Valid for so many days, from an hour ago on [default: 3650 a root, 1825 a CA, 730 mail, 365 a client, 90 a server]
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "until"])]
    days: Option<u32>,
    /// Valid from this time on: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", requires = "until")]
    from: Option<Time>,
    /// Valid until this time
    #[arg(long, value_name = "TIME", requires = "from")]
    until: Option<Time>,
    /// Where the issuer's CRL is to be had
    #[arg(long, value_name = "URI")]
    crl_at: Vec<String>,
    /// Where an OCSP responder is
    #[arg(long, value_name = "URI")]
    ocsp_at: Vec<String>,
    /// Where the issuer's certificate is to be had
    #[arg(long, value_name = "URI")]
    issuer_at: Vec<String>,
    /// A policy that it is issued under
    #[arg(long, value_name = "OID")]
    policy: Vec<Oid>,
}

impl TermFlags {
    fn is_given(&self) -> bool {
        let uris = [&self.crl_at, &self.ocsp_at, &self.issuer_at].iter().any(|uris| !uris.is_empty());
        uris || self.days.is_some() || self.from.is_some() || !self.policy.is_empty()
    }

    fn sign<Of>(&self, mut issue: Issue<'_, Of>) -> Done<Certificate> {
        if let Some(days) = self.days {
            issue = issue.days(days);
        }
        if let (Some(from), Some(until)) = (self.from, self.until) {
            issue = issue.validity(from, until);
        }
        issue = self.crl_at.iter().fold(issue, Issue::crl_at);
        issue = self.ocsp_at.iter().fold(issue, Issue::ocsp_at);
        issue = self.issuer_at.iter().fold(issue, Issue::issuer_at);
        issue = self.policy.iter().cloned().fold(issue, Issue::policy);
        Ok(issue.sign()?)
    }
}

#[derive(clap::Args)]
pub(crate) struct SelfSigned {
    #[command(flatten)]
    out: Out,
    /// The private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    #[command(flatten)]
    role: RoleFlags,
    // Last: the heading of its flags would hold for what follows.
    #[command(flatten)]
    terms: TermFlags,
}

impl SelfSigned {
    pub(crate) fn run(&self) -> Done<()> {
        self.out.check_free()?;
        let given = Given::new(&self.passphrase);
        let certificate = self.make(&OpenKey::read(Some(&self.key), &given)?)?;
        self.out.write(certificate.to_pem().as_bytes())?;
        told(&certificate);
        Ok(())
    }

    fn make(&self, open: &OpenKey) -> Done<Certificate> {
        if let Some(name) = self.role.authority() {
            let root = Issue::root(name, &open.key);
            return self.terms.sign(match self.role.path_length {
                Some(length) => root.path_length(length),
                None => root,
            });
        }
        match (self.role.profile()?, &self.role.name) {
            (Some(profile), name) => {
                let issue = Issue::self_signed_for(profile, &open.key)?;
                self.terms.sign(match name {
                    Some(name) => issue.subject(name),
                    None => issue,
                })
            }
            (None, Some(name)) if !self.terms.is_given() => Ok(Issue::self_signed(name, &open.key)?),
            (None, Some(_)) => Err(nobody("what it is for is not said, and so nothing else can be")),
            (None, None) => Err(nobody("it is not said whom it speaks for")),
        }
    }
}

fn nobody(why: &str) -> Failure {
    Failure::usage("certificate", why, "name them: --email, --host, or --name with --client or --ca")
}

fn told(certificate: &Certificate) {
    ui::note(format_args!("{}, serial {}", certificate.subject(), certificate.serial()));
}

#[derive(clap::Args)]
pub(crate) struct Ask {
    #[command(flatten)]
    out: Out,
    /// The private key that the certificate is to be for
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// The subject's name, such as CN=Bob,O=Example; else the first address or host
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    /// An e-mail address to ask for; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<EmailAddress>,
    /// A host to ask for; may be given several times
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
}

impl Ask {
    pub(crate) fn run(&self) -> Done<()> {
        self.out.check_free()?;
        let open = OpenKey::read(Some(&self.key), &Given::new(&self.passphrase))?;
        let mut builder = Request::builder(&open.key);
        if let Some(name) = &self.name {
            builder = builder.subject(name);
        }
        for address in &self.email {
            builder = builder.email(address);
        }
        for host in &self.host {
            builder = builder.host(host);
        }
        self.out.write(builder.sign()?.to_pem().as_bytes())
    }
}

#[derive(clap::Args)]
pub(crate) struct Certify {
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    issuer: CredentialFlags,
    /// The request, of which the key is taken; it proves that its maker has the private one
    #[arg(long, value_name = "FILE", conflicts_with = "public_key", required_unless_present = "public_key")]
    request: Option<PathBuf>,
    /// The public key, or a certificate with it, instead of a request
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Take the names of the request, too, mail or hosts: you have found out that they are true
    #[arg(long, conflicts_with_all = ["public_key", "role"])]
    as_requested: bool,
    /// Write the issuer's chain after the certificate, without a root
    #[arg(long)]
    chain: bool,
    #[command(flatten)]
    role: RoleFlags,
    // Last: the heading of its flags would hold for what follows.
    #[command(flatten)]
    terms: TermFlags,
}

/// What is to be certified.
enum Subject {
    Asked(Box<Verified<Request, PublicKey>>),
    Key(PublicKey),
}

impl Certify {
    pub(crate) fn run(&self) -> Done<()> {
        self.out.check_free()?;
        let file = self.request.as_deref().or(self.public_key.as_deref());
        check_stdin(Input::of(file).is_stdin(), self.issuer.takes_stdin())?;
        let subject = self.subject()?;
        let authority =
            Authority::new(self.issuer.load()?).map_err(|error| Failure::of(self.issuer.name(), error))?;
        let certificate = self.make(&authority, &subject)?;
        let mut chain = vec![certificate.clone()];
        if self.chain {
            let above = authority.credential().chain().iter();
            chain.extend(above.filter(|certificate| !certificate.is_self_issued()).cloned());
        }
        self.out.write(chain_pem(&chain).as_bytes())?;
        told(&certificate);
        Ok(())
    }

    fn subject(&self) -> Done<Subject> {
        if let Some(path) = &self.request {
            let source = Source::read(Some(path))?;
            let proven = source.request()?.verify().map_err(|error| Failure::of(&source.name, error))?;
            return Ok(Subject::Asked(Box::new(proven)));
        }
        let source = Source::read(self.public_key.as_deref())?;
        let found = source.objects()?.into_iter().find_map(|object| match object {
            Object::PublicKey(form) => Some(public_key(form)),
            Object::Certificate(certificate) => Some(certificate.public_key()),
            _ => None,
        });
        match found {
            Some(key) => Ok(Subject::Key(key.map_err(|error| Failure::of(&source.name, error))?)),
            None => {
                let why = "there is no public key in it";
                Err(Failure::new(Code::Input, &source.name, why, "see bulla key convert --public"))
            }
        }
    }

    fn make(&self, authority: &Authority, subject: &Subject) -> Done<Certificate> {
        let key = match subject {
            Subject::Asked(request) => request.by(),
            Subject::Key(key) => key,
        };
        if let Some(name) = self.role.authority() {
            let length = self.role.path_length.unwrap_or(0);
            return self.terms.sign(authority.intermediate(name, key, length)?);
        }
        let profile = match (self.role.profile()?, subject) {
            (Some(profile), _) => profile,
            (None, Subject::Asked(request)) if self.as_requested => asked(request.get())?,
            (None, _) => return Err(nobody("it is not said whom it speaks for").but("or --as-requested")),
        };
        let issue = match subject {
            Subject::Asked(request) => authority.from_request(profile, request)?,
            Subject::Key(key) => authority.issue(profile, key)?,
        };
        let own = match subject {
            Subject::Asked(request) if self.as_requested => {
                Some(request.get().subject()).filter(|name| !name.is_empty())
            }
            _ => None,
        };
        self.terms.sign(match self.role.name.clone().or(own) {
            Some(name) => issue.subject(&name),
            None => issue,
        })
    }
}

/// What a request asks for: mail or a server, and not both.
fn asked(request: &Request) -> Done<Profile> {
    let (addresses, hosts) = (request.email_addresses()?, request.hosts()?);
    match (addresses.is_empty(), hosts.is_empty()) {
        (false, true) => Ok(Profile::email(&addresses)?),
        (true, false) => Ok(Profile::tls_server(&hosts)?),
        (true, true) => Err(nobody("the request asks for no address and no host")),
        (false, false) => Err(nobody("the request asks for addresses and hosts, which are two purposes")),
    }
}
