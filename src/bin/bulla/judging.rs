//! What certificates are judged by, from the command line: whom to trust, what was revoked, when, by which policies.
use std::path::{Path, PathBuf};

use bulla::Time;
use bulla::x509::{
    Certificate, Crl, OcspResponse, Oid, PolicyRules, Purpose, Revocation, TrustAnchors, Validation,
};
use clap::ValueEnum;

use crate::failure::{Done, Failure};
use crate::lists::{CRL, List, ListFlags, Lists, OCSP, TRUST, UNTRUSTED};
use crate::objects::Source;

/// The flags of everything that judges certificates.
#[derive(clap::Args)]
#[command(next_help_heading = "What it is judged by")]
pub(crate) struct Judging {
    /// What it means if nothing that was given says whether a certificate is revoked
    #[arg(long, value_enum, value_name = "WHETHER", default_value = "if-given")]
    revocation: RevocationName,
    /// Judge at this time instead of now: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    /// The path must have a policy, one of --policy if that is given
    #[arg(long)]
    require_policy: bool,
    /// Do not let CAs map policies to others
    #[arg(long)]
    no_policy_mapping: bool,
    /// Do not let the policy that stands for any count
    #[arg(long)]
    no_any_policy: bool,
    /// Let old algorithms count, which can be forged today: for what is old, with --at
    #[arg(long)]
    legacy: bool,
    #[command(flatten)]
    lists: Lists<Known>,
}

/// The lists of everything that judges certificates.
struct Known;

const POLICY: List = List {
    name: "policy",
    value: "OID",
    help: "Certificate policies that are accepted, where the path must have one",
    required: false,
};

impl ListFlags for Known {
    const ALL: &'static [List] = &[TRUST, UNTRUSTED, CRL, OCSP, POLICY];
    const FILE: (&'static str, &'static str) = ("FILE", "What is judged; `-` or nothing is standard input");
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RevocationName {
    /// It must be known of every certificate that it stands; else exit code 5
    Require,
    /// What was given counts, and where nothing was given nothing is asked
    IfGiven,
    /// Nobody looks
    Off,
}

impl From<RevocationName> for Revocation {
    fn from(name: RevocationName) -> Self {
        match name {
            RevocationName::Require => Revocation::Require,
            RevocationName::IfGiven => Revocation::IfGiven,
            RevocationName::Off => Revocation::Off,
        }
    }
}

/// All that was read.
pub(crate) struct Evidence {
    pub(crate) anchors: TrustAnchors,
    pub(crate) untrusted: Vec<Certificate>,
    pub(crate) crls: Vec<Crl>,
    pub(crate) ocsp: Vec<OcspResponse>,
    policies: PolicyRules,
}

impl Evidence {
    /// Reads all files of the lists; any policy is good.
    pub(crate) fn read<F: ListFlags>(lists: &Lists<F>) -> Done<Self> {
        let sources = |list| -> Done<Vec<Source>> {
            lists.paths(list).iter().map(|path| Source::read(Some(path))).collect()
        };
        let untrusted = sources(&UNTRUSTED)?.iter().map(Source::certificates).collect::<Done<Vec<_>>>()?;
        let crls = sources(&CRL)?.iter().map(Source::crls).collect::<Done<Vec<_>>>()?;
        Ok(Evidence {
            anchors: anchors(&lists.paths(&TRUST))?,
            untrusted: untrusted.concat(),
            crls: crls.concat(),
            ocsp: sources(&OCSP)?.iter().map(response).collect::<Done<_>>()?,
            policies: PolicyRules::any(),
        })
    }
}

/// Whom a list names to be trusted, and the CRLs.
#[cfg(feature = "tls")]
pub(crate) fn trusted<F: ListFlags>(lists: &Lists<F>, whom: &List) -> Done<(TrustAnchors, Vec<Crl>)> {
    let files = lists.paths(&CRL);
    let crls = files.iter().map(|path| Source::read(Some(path))?.crls()).collect::<Done<Vec<_>>>()?;
    Ok((anchors(&lists.paths(whom))?, crls.concat()))
}

fn anchors(paths: &[PathBuf]) -> Done<TrustAnchors> {
    let (folders, files): (Vec<_>, Vec<_>) = paths.iter().partition(|path| path.is_dir());
    let mut all = Vec::new();
    for file in files {
        all.extend(Source::read(Some(file))?.certificates()?);
    }
    let mut anchors = if all.is_empty() { None } else { Some(TrustAnchors::new(all)?) };
    for folder in folders {
        let more = TrustAnchors::from_directory(folder);
        let more = more.map_err(|error| Failure::of(folder.display(), error))?;
        anchors = Some(match anchors {
            Some(anchors) => anchors.and(&more)?,
            None => more,
        });
    }
    anchors
        .ok_or_else(|| Failure::usage("--trust", "there is nobody to trust", "name a file of certificates"))
}

impl Judging {
    /// What is to be judged; `None` is standard input.
    pub(crate) fn file(&self) -> Done<Option<&Path>> {
        self.lists.file()
    }

    pub(crate) fn revocation(&self) -> Revocation {
        self.revocation.into()
    }

    /// Reads all files of the flags.
    pub(crate) fn load(&self) -> Done<Evidence> {
        Ok(Evidence { policies: self.policies()?, ..Evidence::read(&self.lists)? })
    }

    fn policies(&self) -> Done<PolicyRules> {
        let mut rules = PolicyRules::any();
        let named = self.lists.texts(&POLICY);
        if !named.is_empty() {
            let parse = |text: &String| {
                let id: bulla::Result<Oid> = text.parse();
                id.map_err(|error| Failure::of(format_args!("--policy {text}"), error).into_usage())
            };
            rules = rules.accept(&named.iter().map(parse).collect::<Done<Vec<_>>>()?);
        }
        if self.require_policy {
            rules = rules.explicit();
        }
        if self.no_policy_mapping {
            rules = rules.without_mapping();
        }
        Ok(if self.no_any_policy { rules.without_any() } else { rules })
    }

    /// A judge for a purpose, who knows all of the evidence and these certificates beside.
    pub(crate) fn validation<'a>(
        &self,
        purpose: Purpose<'a>,
        evidence: &Evidence,
        beside: &[Certificate],
    ) -> Validation<'a> {
        let mut validation = Validation::new(purpose, self.revocation())
            .intermediates(evidence.untrusted.iter().chain(beside).cloned())
            .crls(evidence.crls.iter().cloned())
            .ocsp(evidence.ocsp.iter().cloned())
            .policies(evidence.policies.clone());
        if let Some(at) = self.at {
            validation = validation.at(at);
        }
        if self.legacy { validation.legacy() } else { validation }
    }
}

fn response(source: &Source) -> Done<OcspResponse> {
    OcspResponse::from_der(source.binary()?).map_err(|error| Failure::of(&source.name, error))
}
