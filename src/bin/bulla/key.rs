//! `bulla key`: key pairs for certificates, mail and connections: made, shown, converted, checked.
use std::path::PathBuf;

use bulla::{ErrorKind, KeyKind, PrivateKey, PublicKey};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::failure::{Code, Done, Failure, one_line};
use crate::flow::{Input, Out};
use crate::objects::{Object, Source, public_key};
use crate::passphrase::{Given, PassphraseFlags};
use crate::private_key::{OpenKey, SealFlags, to_der, to_pem};
use crate::ui;
use crate::who::check_stdin;

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key pair: PKCS #8 in PEM, sealed under a passphrase
    #[command(after_help = "\
Examples:
  bulla key generate --kind p256 -o me.key                  asks for a passphrase, twice
  bulla key generate --kind ml-dsa-65 --passphrase-file pass.txt -o me.key
  bulla key generate --kind ed25519 --plain -o server.key   not sealed: for a server that starts alone")]
    Generate(Generate),
    /// Say what a key is: kind, size and fingerprint; of a private one, a public one, or that of a certificate
    Show(Look),
    /// Turn a key into PKCS #8, sealed under a passphrase, or into its public half
    #[command(after_help = "\
Reads PKCS #8 (plain or sealed), PKCS #1, SEC 1 and SubjectPublicKeyInfo, in PEM or DER; with --public also
certificates and requests. What was sealed stays under its passphrase, unless a new one is named.

Examples:
  bulla key convert old-rsa.pem -o new.pem                  asks for a passphrase to seal it under
  bulla key convert --passphrase-file old.txt --new-passphrase-file new.txt -o new.pem old.pem
  bulla key convert --public --der -o me.pub.der me.key")]
    Convert(Convert),
    /// Check that the parts of a key agree, and a private one works
    Check(Look),
}

#[derive(clap::Args)]
pub(crate) struct Generate {
    /// The kind of key
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Kind,
    #[command(flatten)]
    out: Out,
    /// Do not encrypt the private key: whoever reads the file has it
    #[arg(long, conflicts_with = "passphrase source")]
    plain: bool,
    #[command(flatten)]
    passphrase: PassphraseFlags,
}

/// The kinds that can be made.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// RSA of 2048 bits, the least there is
    #[value(name = "rsa2048")]
    Rsa2048,
    #[value(name = "rsa3072")]
    Rsa3072,
    #[value(name = "rsa4096")]
    Rsa4096,
    /// NIST P-256: signs and agrees; old mail programs know RSA alone
    P256,
    P384,
    P521,
    /// Signs
    Ed25519,
    /// Agrees, and so receives
    X25519,
    /// Receives, post-quantum
    #[value(name = "ml-kem-512")]
    MlKem512,
    #[value(name = "ml-kem-768")]
    MlKem768,
    #[value(name = "ml-kem-1024")]
    MlKem1024,
    /// Signs, post-quantum
    #[value(name = "ml-dsa-44")]
    MlDsa44,
    #[value(name = "ml-dsa-65")]
    MlDsa65,
    #[value(name = "ml-dsa-87")]
    MlDsa87,
}

impl From<Kind> for KeyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Rsa2048 => KeyKind::rsa(2048),
            Kind::Rsa3072 => KeyKind::RSA_3072,
            Kind::Rsa4096 => KeyKind::RSA_4096,
            Kind::P256 => KeyKind::P256,
            Kind::P384 => KeyKind::P384,
            Kind::P521 => KeyKind::P521,
            Kind::Ed25519 => KeyKind::Ed25519,
            Kind::X25519 => KeyKind::X25519,
            Kind::MlKem512 => KeyKind::MlKem512,
            Kind::MlKem768 => KeyKind::MlKem768,
            Kind::MlKem1024 => KeyKind::MlKem1024,
            Kind::MlDsa44 => KeyKind::MlDsa44,
            Kind::MlDsa65 => KeyKind::MlDsa65,
            Kind::MlDsa87 => KeyKind::MlDsa87,
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct Look {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// The key; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Convert {
    #[command(flatten)]
    out: Out,
    /// Write DER instead of PEM
    #[arg(long, conflicts_with = "pem")]
    der: bool,
    /// Write PEM, as it does in any case
    #[arg(long)]
    pem: bool,
    /// Write the public half (SubjectPublicKeyInfo)
    #[arg(long, conflicts_with_all = ["plain", "new passphrase source"])]
    public: bool,
    #[command(flatten)]
    seal: SealFlags,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// The key; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A key of a file.
enum Found {
    Private(OpenKey),
    Public(PublicKey),
}

impl KeyCommand {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            KeyCommand::Generate(generate) => generate.run(),
            KeyCommand::Show(look) => look.show(),
            KeyCommand::Convert(convert) => convert.run(),
            KeyCommand::Check(look) => look.check(),
        }
    }
}

impl Generate {
    fn run(&self) -> Done<()> {
        self.out.check_free()?;
        let given = Given::new(&self.passphrase);
        let or_plain = |failure: Failure| failure.but("or keep the private key in plain with --plain");
        let passphrase = if self.plain { None } else { Some(given.choose().map_err(or_plain)?) };
        let key = PrivateKey::generate(self.kind.into())?;
        self.out.write(to_pem(&key, passphrase.as_ref())?.as_bytes())?;
        ui::note(format_args!("{}, fingerprint {}", key.kind(), key.public().fingerprint()));
        Ok(())
    }
}

impl Look {
    fn show(&self) -> Done<()> {
        let source = source(self.file.as_ref(), &self.passphrase)?;
        let found = find(&source, &Given::new(&self.passphrase))?;
        if self.json {
            return ui::print_json(&found.report());
        }
        let (public, which) = (found.public(), found.which());
        ui::print(format_args!(
            "{}: {which} key, {}\nfor {}\nfingerprint {} (SHA-256 of the public key)\n",
            one_line(&source.name),
            public.kind(),
            uses(public.kind()).join(" and "),
            public.fingerprint()
        ))
    }

    fn check(&self) -> Done<()> {
        let source = source(self.file.as_ref(), &self.passphrase)?;
        let found = find(&source, &Given::new(&self.passphrase)).map_err(|failure| match failure.kind() {
            // It is a key in form, and none in fact: that is what was asked.
            Some(ErrorKind::Malformed) => failure.into_refusal(),
            _ => failure,
        })?;
        if let Found::Private(open) = &found {
            let checked = open.key.check();
            checked.map_err(|error| Failure::of(&source.name, error).into_refusal())?;
        }
        if self.json {
            return ui::print_json(&found.report());
        }
        let (which, kind) = (found.which(), found.public().kind());
        let how =
            if matches!(found, Found::Private(_)) { "its parts agree, and it works" } else { "it is sound" };
        ui::answer(format_args!("{}: {which} key, {kind}: {how}\n", one_line(&source.name)))
    }
}

impl Convert {
    fn run(&self) -> Done<()> {
        self.out.check_free()?;
        let source = source(self.file.as_ref(), &self.passphrase)?;
        let given = Given::new(&self.passphrase);
        let pem = match find(&source, &given)? {
            Found::Private(open) if !self.public => {
                let passphrase = self.seal.passphrase(open.passphrase.as_ref(), &given)?;
                to_pem(&open.key, passphrase.as_ref())?
            }
            _ if self.seal.is_given() => {
                let why = "it is a public key, and there is nothing to seal";
                return Err(Failure::usage(&source.name, why, "leave out --plain and new passphrases"));
            }
            found => found.public().to_pem().into(),
        };
        if self.der { self.out.write(&to_der(&pem)?) } else { self.out.write(pem.as_bytes()) }
    }
}

impl Found {
    fn public(&self) -> &PublicKey {
        match self {
            Found::Private(open) => open.key.public(),
            Found::Public(public) => public,
        }
    }

    fn which(&self) -> &'static str {
        if matches!(self, Found::Private(_)) { "private" } else { "public" }
    }

    fn report(&self) -> serde_json::Value {
        let public = self.public();
        let sealed = match self {
            Found::Private(open) => Some(open.passphrase.is_some()),
            Found::Public(_) => None,
        };
        let bits = if let KeyKind::Rsa { bits, .. } = public.kind() { Some(bits) } else { None };
        json!({
            "type": self.which(),
            "kind": public.kind().to_string(),
            "bits": bits,
            "uses": uses(public.kind()),
            "sealed": sealed,
            "fingerprint": public.fingerprint().to_string(),
        })
    }
}

fn source(file: Option<&PathBuf>, passphrase: &PassphraseFlags) -> Done<Source> {
    let path = file.map(PathBuf::as_path);
    check_stdin(Input::of(path).is_stdin(), passphrase.takes_stdin())?;
    Source::read(path)
}

/// What keys of a kind can do.
fn uses(kind: KeyKind) -> &'static [&'static str] {
    match kind {
        KeyKind::Rsa { .. } | KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => &["signatures", "encryption"],
        KeyKind::X25519 | KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024 => &["encryption"],
        _ => &["signatures"],
    }
}

/// The key of a file: a private one, or else a public one, or else that of a certificate or request.
fn find(source: &Source, given: &Given<'_>) -> Done<Found> {
    let objects = source.objects()?;
    if objects.iter().any(|object| matches!(object, Object::PrivateKey(_))) {
        return OpenKey::of(source.private_key()?, &source.name, given).map(Found::Private);
    }
    let public = objects.iter().find_map(|object| match object {
        Object::PublicKey(form) => Some(public_key(*form)),
        Object::Certificate(certificate) => Some(certificate.public_key()),
        Object::Request(request) => Some(request.public_key()),
        _ => None,
    });
    match public {
        Some(public) => public.map(Found::Public).map_err(|error| Failure::of(&source.name, error)),
        None => Err(Failure::new(Code::Input, &source.name, "there is no key in it", "give another file")),
    }
}
