//! `bulla cert`: certificates shown, judged, made and put together.
use std::path::PathBuf;

use bulla::x509::{Bundle, Certificate};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::{Code, Done, Failure, one_line};
use crate::flow::Out;
use crate::objects::{Object, Source, chain_pem, or_unreadable};
use crate::{cert_issue, cert_report, cert_verify, test_ca, ui};

#[derive(Subcommand)]
pub(crate) enum CertCommand {
    /// Show certificates, requests, PKCS #7 bundles and CRLs: all that is in them, nothing of it checked
    Show(Show),
    /// Judge a certificate: whether a path leads from it to somebody trusted, for a purpose and a name
    #[command(after_help = "\
The first certificate of FILE is judged; others in it are as if given with --untrusted. Each list takes one file or several,
and FILE comes last: who leaves it out has the last file of the list judged. Write - for standard input.

Exit codes: 0 trusted; 1 not trusted, expired, revoked or somebody else's; 5 revocation could not be told.

Examples:
  bulla cert verify --trust root.pem --purpose email --name bob@example.org bob.pem
  bulla cert verify --trust root.pem --untrusted ca.pem --crl ca.crl root.crl --revocation require \\
      --purpose tls-server --name www.example.org www.pem
  bulla cert verify --trust root.pem --purpose any --at 2020-01-31T12:00:00Z --legacy old.pem")]
    Verify(Box<cert_verify::Verify>),
    /// Make a certificate that its own key signs: for tests, for pinning, or a root
    #[command(after_help = "\
Examples:
  bulla cert self-signed --key server.key --host localhost --host 127.0.0.1 -o server.pem
  bulla cert self-signed --key root.key --ca --name 'CN=Example Root,O=Example' -o root.pem
  bulla cert self-signed --key me.key --name CN=Bob -o me.pem            for a year, for nothing in particular")]
    SelfSigned(Box<cert_issue::SelfSigned>),
    /// Ask for a certificate: PKCS #10, signed with the key that it is to be for
    #[command(after_help = "\
Examples:
  bulla cert request --key bob.key --email bob@example.org -o bob.csr
  bulla cert request --key www.key --host www.example.org --name 'CN=www.example.org,O=Example' -o www.csr")]
    Request(Box<cert_issue::Ask>),
    /// Issue a certificate with a CA's key: for whom you say, and not for whom the request says
    #[command(after_help = "\
Of a request the key alone is taken: whoever made it has the private one, and may have written any name into it.

Examples:
  bulla cert issue --with ca.p12 --request bob.csr --email bob@example.org -o bob.pem
  bulla cert issue --with ca.pem --key ca.key --request www.csr --host www.example.org --days 90 --chain -o www.pem
  bulla cert issue --with root.pem --key root.key --public-key ca.pub --ca --name 'CN=Example Mail CA' -o ca.pem")]
    Issue(Box<cert_issue::Certify>),
    /// Make a root, an intermediate, mail and TLS certificates with keys, expired and revoked ones: for tests
    #[command(after_help = "\
The keys are in plain, and no secret. README.txt in the directory says what is there and how to use it.

Example:
  bulla cert test-ca test-ca")]
    TestCa(test_ca::TestCa),
    /// Put certificates of several files into one: PEM, or PKCS #7
    #[command(after_help = "\
Examples:
  bulla cert bundle -o chain.pem bob.pem ca.pem
  bulla cert bundle --p7b -o chain.p7b bob.pem ca.pem
  bulla cert bundle chain.p7b > chain.pem")]
    Bundle(Combine),
}

#[derive(clap::Args)]
pub(crate) struct Show {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// PEM or DER, one thing or many; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Combine {
    #[command(flatten)]
    out: Out,
    /// Make a PKCS #7 bundle (PEM)
    #[arg(long)]
    p7b: bool,
    /// Make DER of the bundle
    #[arg(long, requires = "p7b")]
    der: bool,
    /// Certificates or bundles, PEM or DER
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

impl CertCommand {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            CertCommand::Show(show) => show.run(),
            CertCommand::Verify(verify) => verify.run(),
            CertCommand::SelfSigned(make) => make.run(),
            CertCommand::Request(ask) => ask.run(),
            CertCommand::Issue(certify) => certify.run(),
            CertCommand::TestCa(test_ca) => test_ca.run(),
            CertCommand::Bundle(combine) => combine.run(),
        }
    }
}

impl Show {
    fn run(&self) -> Done<()> {
        let source = Source::read(self.file.as_deref())?;
        let objects = unpacked(&source)?;
        if let [Object::Unreadable(error)] = objects.as_slice() {
            return Err(Failure::new(Code::Input, &source.name, error, "give another file"));
        }
        if self.json {
            return ui::print_json(&json!({"objects": objects.iter().map(report).collect::<Vec<_>>()}));
        }
        ui::print(objects.iter().map(text).collect::<Vec<_>>().join("\n"))
    }
}

/// What is in a file, and of bundles what is in them.
fn unpacked(source: &Source) -> Done<Vec<Object<'_>>> {
    let mut all = Vec::new();
    for object in source.shown()? {
        match object {
            Object::Bundle(bundle) => {
                all.extend(bundle.certificates().map(|one| or_unreadable(one.map(Object::Certificate))));
                all.extend(bundle.crls().map(|one| or_unreadable(one.map(Object::Crl))));
            }
            Object::Pkcs12(_) => {
                let why = "it is a PKCS #12 file, which opens with a passphrase";
                return Err(Failure::usage(&source.name, why, "see bulla p12 import"));
            }
            object => all.push(object),
        }
    }
    Ok(all)
}

/// In words, with a newline at the end.
fn text(object: &Object<'_>) -> String {
    match object {
        Object::Certificate(certificate) => format!("{certificate}\n"),
        Object::Request(request) => {
            let holds = request.clone().verify();
            let proof = holds.map_or_else(|error| format!("NO: {error}"), |_| "yes".to_owned());
            format!("{request}\n    Signed with its own key: {proof}\n")
        }
        Object::Crl(crl) => format!("{crl}\n"),
        Object::PublicKey(_) => "Public key: see bulla key show\n".to_owned(),
        Object::PrivateKey(_) => "Private key: not shown\n".to_owned(),
        Object::Other(label) => format!("{}: not known to bulla\n", label.escape_debug()),
        Object::Unreadable(error) => format!("Not readable: {}\n", one_line(&error.to_string())),
        Object::Bundle(_) | Object::Pkcs12(_) => String::new(),
    }
}

fn report(object: &Object<'_>) -> Value {
    match object {
        Object::Certificate(certificate) => cert_report::certificate(certificate),
        Object::Request(request) => cert_report::request(request),
        Object::Crl(crl) => cert_report::crl(crl),
        Object::PublicKey(_) => json!({"type": "public key"}),
        Object::PrivateKey(_) => json!({"type": "private key"}),
        Object::Other(label) => json!({"type": "unknown", "label": label}),
        Object::Unreadable(error) => json!({"type": "unreadable", "error": one_line(&error.to_string())}),
        Object::Bundle(_) | Object::Pkcs12(_) => Value::Null,
    }
}

impl Combine {
    fn run(&self) -> Done<()> {
        self.out.check_free()?;
        let mut all: Vec<Certificate> = Vec::new();
        for file in &self.files {
            for certificate in Source::read(Some(file))?.certificates()? {
                if !all.contains(&certificate) {
                    all.push(certificate);
                }
            }
        }
        if !self.p7b {
            return self.out.write(chain_pem(&all).as_bytes());
        }
        let bundle = all.iter().fold(Bundle::new(), Bundle::with);
        if self.der { self.out.write(&bundle.to_der()) } else { self.out.write(bundle.to_pem().as_bytes()) }
    }
}
