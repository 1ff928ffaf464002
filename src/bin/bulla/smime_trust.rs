//! Whom to trust with mail, and who is expected to have sent it, by flags.
use bulla::Time;
use bulla::smime::{Expect, Trust};
use bulla::x509::{EmailAddress, Revocation};

use crate::failure::{Done, Failure};
use crate::judging::{Evidence, RevocationName};
use crate::lists::{CRL, ListFlags, Lists, OCSP, TRUST, UNTRUSTED};
use crate::smime_mail::Mail;

#[derive(clap::Args)]
pub(crate) struct TrustFlags {
    /// What it means if nothing that was given says whether a certificate is revoked [default: if-given]
    #[arg(long, value_enum, value_name = "WHETHER")]
    revocation: Option<RevocationName>,
    /// Judge at this time instead of now: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Time>,
}

impl TrustFlags {
    pub(crate) fn revocation(&self) -> Revocation {
        self.revocation.map_or(Revocation::IfGiven, Revocation::from)
    }

    pub(crate) fn trust<'a>(&self, evidence: &'a Evidence) -> Trust<'a> {
        let trust = Trust::new(&evidence.anchors, self.revocation())
            .intermediates(evidence.untrusted.iter().cloned())
            .crls(evidence.crls.iter().cloned())
            .ocsp(evidence.ocsp.iter().cloned());
        match self.at {
            Some(time) => trust.at(time),
            None => trust,
        }
    }

    /// Refuses what only makes sense beside `--trust`.
    pub(crate) fn check_unused<F: ListFlags>(&self, lists: &Lists<F>) -> Done<()> {
        let unused = [&UNTRUSTED, &CRL, &OCSP].into_iter().find(|list| lists.is_given(list));
        let revocation = self.revocation.map(|_| "revocation");
        match unused.map(|list| list.name).or(revocation) {
            Some(name) => {
                let hint = "leave it out, or say whom you trust with --trust";
                Err(Failure::usage(format_args!("--{name}"), "nobody would look at it without --trust", hint))
            }
            None => Ok(()),
        }
    }
}

/// Reads all files of the lists, if anybody is trusted.
pub(crate) fn evidence<F: ListFlags>(lists: &Lists<F>) -> Done<Option<Evidence>> {
    if lists.is_given(&TRUST) { Evidence::read(lists).map(Some) } else { Ok(None) }
}

#[derive(clap::Args)]
#[group(id = "sender", multiple = false)]
pub(crate) struct SenderFlags {
    /// Who shall have signed it: the certificate must be for this address
    #[arg(long, value_name = "ADDRESS")]
    from: Option<EmailAddress>,
    /// Whoever the field From of the mail names shall have signed it
    #[arg(long)]
    from_header: bool,
    /// Anybody who is trusted may have signed it: who did is yours to look at
    #[arg(long)]
    any_signer: bool,
}

/// Who shall have signed.
pub(crate) enum Sender {
    Of(EmailAddress),
    Anyone,
}

impl SenderFlags {
    pub(crate) fn is_given(&self) -> bool {
        self.from.is_some() || self.from_header || self.any_signer
    }

    pub(crate) fn sender(&self, mail: &Mail) -> Done<Sender> {
        match &self.from {
            Some(address) => Ok(Sender::Of(address.clone())),
            None if self.from_header => mail.sender().map(Sender::Of),
            None => Ok(Sender::Anyone),
        }
    }
}

impl Sender {
    pub(crate) fn expect(&self) -> Expect<'_> {
        match self {
            Sender::Of(address) => Expect::Address(address),
            Sender::Anyone => Expect::AnyTrustedSigner,
        }
    }

    pub(crate) fn address(&self) -> Option<String> {
        match self {
            Sender::Of(address) => Some(address.to_string()),
            Sender::Anyone => None,
        }
    }
}
