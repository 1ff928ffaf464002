//! What a certificate shall be good for, and what that asks of the certificate itself.
use super::chain;
use super::fault::{Fault, Reason};
use super::names;
use crate::encoding::oid::KnownOid;
use crate::keys::KeyKind;
use crate::x509::address::{EmailAddress, ServerName};
use crate::x509::attribute::NameAttribute;
use crate::x509::certificate::Certificate;
use crate::x509::general_name::GeneralName;
use crate::x509::usage::{self, KeyUsage};

/// What a certificate shall be good for, and for whom.
///
/// ```
/// use bulla::x509::{Mailbox, Purpose, ServerName};
/// let bob = "bob@example.org".parse()?;
/// let signed_by_bob = Purpose::EmailSigner(Mailbox::Of(&bob));
/// let host: ServerName = "www.example.org".parse()?;
/// let is_the_server = Purpose::Server(&host);
/// # let _ = (signed_by_bob, is_the_server);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Purpose<'a> {
    /// Its key signed a mail of this mailbox (RFC 8550).
    EmailSigner(Mailbox<'a>),
    /// Mail to this mailbox may be encrypted to its key.
    EmailRecipient(Mailbox<'a>),
    /// A connection to this host leads to whom it says (RFC 9525).
    Server(&'a ServerName),
    /// A client that connects is whom the certificate says. Who may connect is for the caller to decide.
    Client,
    /// It may issue certificates.
    Issuer,
    /// Anything: the path holds, and nothing is said about what for. For tools that show paths.
    Any,
}

/// Whose mail.
///
/// # Security
/// With [`Anyone`](Mailbox::Anyone) the path says that somebody vouches for the certificate's addresses, and nothing of
/// whether they are those of the mail: compare them yourself.
#[derive(Clone, Copy, Debug)]
pub enum Mailbox<'a> {
    /// This address's alone.
    Of(&'a EmailAddress),
    /// Anybody's whom an anchor vouches for: the caller looks at the certificate's addresses.
    Anyone,
}

impl Purpose<'_> {
    /// The extended key usage that the certificates of the path must not lack (RFC 5280 section 4.2.1.12).
    pub(super) fn usage(&self) -> Option<&'static KnownOid> {
        match self {
            Purpose::EmailSigner(_) | Purpose::EmailRecipient(_) => Some(&usage::EMAIL_PROTECTION),
            Purpose::Server(_) => Some(&usage::SERVER_AUTH),
            Purpose::Client => Some(&usage::CLIENT_AUTH),
            Purpose::Issuer | Purpose::Any => None,
        }
    }

    /// What only the end of the path must fulfil. `pinned`: it is an anchor itself.
    pub(super) fn suits(&self, certificate: &Certificate, pinned: bool, legacy: bool) -> Result<(), Fault> {
        let unreadable = |error| Fault::unreadable(certificate, &error);
        if matches!(self, Purpose::Any) {
            return Ok(());
        }
        // Who takes the certificate on to another program relies on its key, too.
        let key = chain::key_of(certificate.public_key_info(), legacy)
            .map_err(|error| Fault::new(Reason::Weak, certificate, format!("its key: {}", error.why())))?;
        if matches!(self, Purpose::Issuer) {
            return chain::is_ca(certificate);
        }
        // A CA's key signs certificates and nothing else. Who made one to be pinned may have made it so, as openssl does.
        let constraints = certificate.basic_constraints().map_err(unreadable)?;
        if !pinned && constraints.is_some_and(|constraints| constraints.is_ca) {
            return Err(Fault::new(
                Reason::Purpose,
                certificate,
                "it is a CA's, which is for issuing certificates only",
            ));
        }
        let allowed = self.key_usage(key.kind()).ok_or_else(|| {
            let why = format!("a key of {} cannot do what it is wanted for", key.kind());
            Fault::new(Reason::Purpose, certificate, why)
        })?;
        if let Some(usage) = certificate.key_usage().map_err(unreadable)?
            && !usage.allows_one_of(allowed)
        {
            return Err(Fault::new(Reason::Purpose, certificate, format!("its key is for: {usage}")));
        }
        let names = certificate.alternative_names().map_err(unreadable)?;
        match self {
            Purpose::EmailSigner(Mailbox::Of(address)) | Purpose::EmailRecipient(Mailbox::Of(address)) => {
                let old = if legacy { subject_mailboxes(certificate) } else { Vec::new() };
                if !names::names_mailbox(&names, address) && !names::names_mailbox(&old, address) {
                    return Err(wrong_name(certificate, &names, &address.to_string()));
                }
            }
            Purpose::Server(host) if !names::names_host(&names, host) => {
                return Err(wrong_name(certificate, &names, &host.to_string()));
            }
            _ => {}
        }
        Ok(())
    }

    /// One of these the key must be allowed, if it says what it may (RFC 8550 section 4.4.2, RFC 8446 section 4.4.2.2).
    /// `None`: no key of this kind can do it.
    fn key_usage(&self, kind: KeyKind) -> Option<KeyUsage> {
        use KeyKind::{MlKem512, MlKem768, MlKem1024, P256, P384, P521, Rsa, X25519};
        match (self, kind) {
            // RFC 5480 section 3, RFC 8410 section 5.
            (Purpose::EmailRecipient(_), P256 | P384 | P521 | X25519) => Some(KeyUsage::KEY_AGREEMENT),
            // RFC 4055 section 1.2, RFC 9935 section 5.
            (Purpose::EmailRecipient(_), Rsa { .. } | MlKem512 | MlKem768 | MlKem1024) => {
                Some(KeyUsage::KEY_ENCIPHERMENT)
            }
            (Purpose::EmailRecipient(_), _) | (_, X25519 | MlKem512 | MlKem768 | MlKem1024) => None,
            (Purpose::EmailSigner(_), _) => Some(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::CONTENT_COMMITMENT),
            _ => Some(KeyUsage::DIGITAL_SIGNATURE),
        }
    }
}

/// E-mail addresses in the subject's name, where they were before there were alternative names.
fn subject_mailboxes(certificate: &Certificate) -> Vec<GeneralName> {
    let subject = certificate.subject();
    let emails = subject.attributes().filter(|attribute| *attribute.kind() == NameAttribute::EmailAddress);
    emails.filter_map(|attribute| attribute.text()).map(GeneralName::Email).collect()
}

fn wrong_name(certificate: &Certificate, names: &[GeneralName], wanted: &str) -> Fault {
    let shown: Vec<String> = names.iter().take(8).map(ToString::to_string).collect();
    let more = if names.len() > 8 { ", and others" } else { "" };
    let listed = if shown.is_empty() { "nobody".to_owned() } else { format!("{}{more}", shown.join(", ")) };
    // RFC 5321 section 2.4: whose box it is, with other capital letters, is for its host alone to say.
    let is_near = names
        .iter()
        .any(|name| matches!(name, GeneralName::Email(email) if email.eq_ignore_ascii_case(wanted)));
    let near = if is_near { " (capital letters before the @ count)" } else { "" };
    Fault::new(Reason::Name, certificate, format!("it is not for {wanted}, but for {listed}{near}"))
}
