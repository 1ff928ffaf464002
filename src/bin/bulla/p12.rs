//! `bulla p12`: PKCS #12 files made of PEM, and PEM made of PKCS #12 files.
use std::path::{Path, PathBuf};

use bulla::x509::{Certificate, Credential, Pkcs12, Pkcs12Builder};
use bulla::{KdfCost, Passphrase};
use clap::Subcommand;
use zeroize::Zeroizing;

use crate::credential::{open_pkcs12, pkcs12};
use crate::failure::{Code, Done, Failure};
use crate::flow::{Input, Out, check_not_terminal};
use crate::objects::{Object, Source, chain_pem};
use crate::passphrase::{Given, NewPassphraseFlags, PassphraseFlags};
use crate::private_key::{OpenKey, SealFlags, passphrase, to_pem};
use crate::ui;
use crate::who::check_stdin;

#[derive(Subcommand)]
pub(crate) enum P12Command {
    /// Put a private key, its certificate and chain into a PKCS #12 file, under a passphrase
    #[command(after_help = "\
The key may be in one file with the certificates or in another, PEM or DER. Without a key, the certificates alone go in.
A key that is sealed hands its passphrase on to the file, unless a new one is named.

Examples:
  bulla p12 export -o bob.p12 bob.key bob.pem ca.pem
  bulla p12 export --new-passphrase-file p12.txt --name \"Bob's key\" -o bob.p12 bob.key bob.pem")]
    Export(Export),
    /// Turn a PKCS #12 file into PEM: the private keys, sealed under a passphrase, and the certificates
    #[command(after_help = "\
The keys stay under the passphrase of the file, unless a new one is named.

Examples:
  bulla p12 import -o bob.pem bob.p12
  bulla p12 import --certificates -o chain.pem bob.p12
  bulla p12 import --legacy --new-passphrase -o old.pem old.p12")]
    Import(Import),
}

#[derive(clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    out: Out,
    /// The name that people will see: Java's alias, Windows' friendly name [default: the subject]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Authenticate it by PBMAC1 (RFC 9579), which old programs do not know
    #[arg(long)]
    pbmac1: bool,
    /// Without a key: mark the certificates as those of CAs that Java shall trust for everything
    #[arg(long)]
    trusted_by_java: bool,
    /// How much work each guess at the passphrase costs; .NET reads low ones only
    #[arg(long, value_enum, value_name = "COST", default_value = "standard")]
    kdf_cost: Iterations,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    #[command(flatten)]
    new: NewPassphraseFlags,
    /// A private key and certificates, in one file or several
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Iterations of PBKDF2-HMAC-SHA-256, and as many of the MAC's derivation.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Iterations {
    /// 100 000 iterations of PBKDF2-HMAC-SHA-256
    Low,
    /// 600 000
    Standard,
    /// 1 500 000
    High,
}

impl From<Iterations> for KdfCost {
    fn from(iterations: Iterations) -> Self {
        match iterations {
            Iterations::Low => KdfCost::Low,
            Iterations::Standard => KdfCost::Standard,
            Iterations::High => KdfCost::High,
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct Import {
    #[command(flatten)]
    out: Out,
    /// Write the certificates alone
    #[arg(long, conflicts_with_all = ["plain", "new passphrase source"])]
    certificates: bool,
    /// Read old files, encrypted with RC2 or triple DES (whoever got hold of one may have read it), or with a MAC of SHA-1
    #[arg(long)]
    legacy: bool,
    /// Open a file that is under an empty passphrase or none, as stores of certificates often are
    #[arg(long, conflicts_with = "passphrase source")]
    no_passphrase: bool,
    #[command(flatten)]
    seal: SealFlags,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// The PKCS #12 file; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl P12Command {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            P12Command::Export(export) => export.run(),
            P12Command::Import(import) => import.run(),
        }
    }
}

impl Export {
    fn run(&self) -> Done<()> {
        self.out.check_free()?;
        if self.out.path().is_none() {
            check_not_terminal("name a file with -o, or pipe it on")?;
        }
        let stdin = self.files.iter().any(|path| Input::of(Some(path)).is_stdin());
        check_stdin(stdin, self.passphrase.takes_stdin())?;
        let given = Given::new(&self.passphrase);
        let (key, certificates) = self.read(&given)?;
        let opened = key.as_ref().and_then(|open| open.passphrase.clone());
        let mut builder = match key {
            Some(open) => self.with_key(open, certificates)?,
            None => self.without_key(&certificates),
        };
        if self.pbmac1 {
            builder = builder.pbmac1();
        }
        let text = passphrase(&self.new, opened.as_ref(), &given)?;
        self.out.write(&builder.to_der(&Passphrase::new(&text)?.cost(self.kdf_cost.into()))?)
    }

    fn with_key(&self, open: OpenKey, certificates: Vec<Certificate>) -> Done<Pkcs12Builder> {
        if self.trusted_by_java {
            let why = "with a key the file is no store of those who are trusted";
            return Err(Failure::usage("--trusted-by-java", why, "leave it out, or give certificates alone"));
        }
        let credential = Credential::new(open.key, certificates)?;
        let name = self.name.clone().unwrap_or_else(|| credential.certificate().subject().to_string());
        Ok(Pkcs12::builder().credential(&name, &credential)?)
    }

    fn without_key(&self, certificates: &[Certificate]) -> Pkcs12Builder {
        ui::note("bulla: there is no private key among the files: the certificates alone are put in");
        certificates.iter().fold(Pkcs12::builder(), |builder, certificate| {
            let name = self.name.clone().unwrap_or_else(|| certificate.subject().to_string());
            if self.trusted_by_java {
                builder.trusted_by_java(&name, certificate)
            } else {
                builder.certificate_named(&name, certificate)
            }
        })
    }

    /// The private key of all files, if there is one, and all certificates.
    fn read(&self, given: &Given<'_>) -> Done<(Option<OpenKey>, Vec<Certificate>)> {
        let mut key = None;
        let mut certificates = Vec::new();
        for path in &self.files {
            let source = Source::read(Some(path))?;
            let objects = source.objects()?;
            let has_key = objects.iter().any(|object| matches!(object, Object::PrivateKey(_)));
            if has_key && key.is_some() {
                let why = "there is a second private key in it";
                return Err(Failure::usage(&source.name, why, "make a file for each"));
            }
            if has_key {
                key = Some(OpenKey::of(source.private_key()?, &source.name, given)?);
            }
            let others = |object: &Object<'_>| matches!(object, Object::Certificate(_) | Object::Bundle(_));
            if objects.iter().any(others) {
                certificates.extend(source.certificates()?);
            } else if !has_key {
                let why = "there is no private key and no certificate in it";
                return Err(Failure::new(Code::Input, &source.name, why, "leave it out"));
            }
        }
        Ok((key, certificates))
    }
}

impl Import {
    fn run(&self) -> Done<()> {
        self.out.check_free()?;
        let path = self.file.as_deref();
        check_stdin(Input::of(path).is_stdin(), self.passphrase.takes_stdin())?;
        let source = Source::read(path)?;
        let given = Given::new(&self.passphrase);
        let not_one =
            || Failure::new(Code::Input, &source.name, "it is no PKCS #12 file", "give a .p12 or .pfx file");
        let bytes = pkcs12(&source)?.ok_or_else(not_one)?;
        let text =
            if self.no_passphrase { None } else { Some(given.text_for_key_file(Path::new(&source.name))?) };
        let file = open_pkcs12(bytes, &source.name, self.legacy, text.as_ref())?;
        let about = |error| Failure::of(&source.name, error);
        let mut pem = Zeroizing::new(String::with_capacity(1 << 16));
        if !self.certificates && !file.keys().is_empty() {
            let passphrase = self.seal.passphrase(text.as_ref(), &given)?;
            for entry in file.keys() {
                pem.push_str(&to_pem(&entry.key().map_err(about)?, passphrase.as_ref())?);
            }
        }
        let certificates = file.certificates().iter().map(|entry| entry.certificate());
        pem.push_str(&chain_pem(&certificates.collect::<bulla::Result<Vec<_>>>().map_err(about)?));
        if pem.is_empty() {
            let why = "there is nothing of what is wanted in it";
            return Err(Failure::new(
                Code::Input,
                &source.name,
                why,
                "leave out --certificates, or give another file",
            ));
        }
        if file.others() > 0 {
            ui::note(format_args!("bulla: {} other things in the file are left out", file.others()));
        }
        self.out.write(pem.as_bytes())
    }
}
