//! What certificates are judged by, from the command line: whom to trust, what was revoked, when, by which policies.
use std::ffi::OsString;
use std::path::PathBuf;

use bulla::Time;
use bulla::x509::{
    Certificate, Crl, OcspResponse, Oid, PolicyRules, Purpose, Revocation, TrustAnchors, Validation,
};
use clap::{Arg, ArgMatches, Args, FromArgMatches, ValueEnum};

use crate::failure::{Done, Failure};
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
    lists: Lists,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RevocationName {
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
    untrusted: Vec<Certificate>,
    crls: Vec<Crl>,
    ocsp: Vec<OcspResponse>,
    policies: PolicyRules,
}

impl Judging {
    /// What is to be judged; `None` is standard input.
    pub(crate) fn file(&self) -> Done<Option<&PathBuf>> {
        if self.lists.unclear {
            let why = "it is not clear whether a list of files ends in the one that is to be judged";
            return Err(Failure::usage("arguments", why, "name that FILE last, or - for standard input"));
        }
        Ok(self.lists.file.as_ref())
    }

    pub(crate) fn revocation(&self) -> Revocation {
        self.revocation.into()
    }

    /// Reads all files of the flags.
    pub(crate) fn load(&self) -> Done<Evidence> {
        let read = |path: &PathBuf| Source::read(Some(path));
        let certificates = |paths: &[PathBuf]| -> Done<Vec<Certificate>> {
            Ok(paths.iter().map(|path| read(path)?.certificates()).collect::<Done<Vec<_>>>()?.concat())
        };
        let crls = self.lists.crl.iter().map(|path| read(path)?.crls()).collect::<Done<Vec<_>>>()?;
        let ocsp = self.lists.ocsp.iter().map(|path| response(&read(path)?)).collect::<Done<Vec<_>>>()?;
        Ok(Evidence {
            anchors: self.anchors()?,
            untrusted: certificates(&self.lists.untrusted)?,
            crls: crls.concat(),
            ocsp,
            policies: self.policies()?,
        })
    }

    fn anchors(&self) -> Done<TrustAnchors> {
        let (folders, files): (Vec<_>, Vec<_>) = self.lists.trust.iter().partition(|path| path.is_dir());
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
        anchors.ok_or_else(|| {
            Failure::usage("--trust", "there is nobody to trust", "name a file of certificates")
        })
    }

    fn policies(&self) -> Done<PolicyRules> {
        let mut rules = PolicyRules::any();
        if !self.lists.policy.is_empty() {
            let parse = |text: &String| {
                let id: bulla::Result<Oid> = text.parse();
                id.map_err(|error| Failure::of(format_args!("--policy {text}"), error).into_usage())
            };
            rules = rules.accept(&self.lists.policy.iter().map(parse).collect::<Done<Vec<_>>>()?);
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

/// Flags that take one file or several, each of them any number of times, and FILE.
///
/// Who writes `--trust a.pem b.pem` may mean two who are trusted, or one and FILE. Where FILE is missing, the last word of
/// the command line is FILE, as it would be if each flag took one file; anywhere else it is unclear, and refused.
struct Lists {
    trust: Vec<PathBuf>,
    untrusted: Vec<PathBuf>,
    crl: Vec<PathBuf>,
    ocsp: Vec<PathBuf>,
    policy: Vec<String>,
    file: Option<PathBuf>,
    unclear: bool,
}

const LISTS: [(&str, &str, &str); 5] = [
    ("trust", "FILE", "Certificates of those who are trusted, or a directory of such files"),
    ("untrusted", "FILE", "Certificates that the path may lead through"),
    ("crl", "FILE", "CRLs"),
    ("ocsp", "FILE", "OCSP responses, in DER"),
    ("policy", "OID", "Certificate policies that are accepted, where the path must have one"),
];

impl Args for Lists {
    fn augment_args(command: clap::Command) -> clap::Command {
        let flag = |(name, value, help): (&'static str, &'static str, &'static str)| {
            let flag = Arg::new(name).long(name).value_name(value).help(help);
            flag.num_args(1..)
                .action(clap::ArgAction::Append)
                .required(name == "trust")
                .value_parser(clap::value_parser!(OsString))
        };
        let file = Arg::new("file").value_name("FILE").value_parser(clap::value_parser!(PathBuf));
        let file = file.help("What is judged; `-` or nothing is standard input");
        command.args(LISTS.map(flag)).arg(file)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Lists {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut file = matches.get_one::<PathBuf>("file").cloned();
        let last = std::env::args_os().next_back();
        let mut unclear = false;
        let mut lists = LISTS.map(|(name, ..)| {
            let mut all: Vec<OsString> = Vec::new();
            for occurrence in matches.get_occurrences::<OsString>(name).into_iter().flatten() {
                all.extend(occurrence.cloned());
            }
            all
        });
        if file.is_none() {
            let several = |name: &str| {
                let mut occurrences = matches.get_occurrences::<OsString>(name).into_iter().flatten();
                occurrences.any(|mut occurrence| occurrence.nth(1).is_some())
            };
            let ending = LISTS.iter().zip(&mut lists).find(|((name, ..), list)| {
                let last_of = matches.get_occurrences::<OsString>(name).and_then(Iterator::last);
                last_of.is_some_and(|occurrence| occurrence.len() > 1) && list.last() == last.as_ref()
            });
            match ending {
                Some((_, list)) => file = list.pop().map(PathBuf::from),
                None => unclear = LISTS.iter().any(|(name, ..)| several(name)),
            }
        }
        let [trust, untrusted, crl, ocsp, policy] = lists;
        let paths = |list: Vec<OsString>| list.into_iter().map(PathBuf::from).collect::<Vec<_>>();
        let policy = policy.into_iter().map(|text| text.to_string_lossy().into_owned()).collect();
        let (trust, untrusted, crl, ocsp) = (paths(trust), paths(untrusted), paths(crl), paths(ocsp));
        Ok(Lists { trust, untrusted, crl, ocsp, policy, file, unclear })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
