//! What an authority may certify: how deep, which names, for what; and never more than the one above it.
use super::certificate::Certificate;
use super::extension::{self, Extension};
use super::issue_rules;
use super::name_constraints::NameConstraints;
use super::usage::{ANY_PURPOSE, BasicConstraints, ExtendedKeyUsage, KeyUsage};
use crate::encoding::oid::KnownOid;
use crate::error::{Error, Result};

#[derive(Default)]
pub(super) struct Bounds {
    pub(super) path_length: Option<u32>,
    pub(super) names: NameConstraints,
    /// None: all.
    pub(super) purposes: Vec<KnownOid>,
}

impl Bounds {
    /// Whether an issuer of this certificate may have such an authority below itself. Names are looked at when the
    /// whole path is.
    pub(super) fn check_below(&self, issuer: &Certificate) -> Result<()> {
        // RFC 5280 section 4.2.1.9. One that does not say would be allowed any number.
        let own = issuer.basic_constraints()?.and_then(|constraints| constraints.path_length);
        if let Some(own) = own.filter(|own| self.path_length.is_none_or(|length| length >= *own)) {
            let why = format!("the issuer's own path length is {own}");
            let hint = "choose a smaller path length, or issue only leaves here";
            return Err(Error::usage("certificate", why, hint));
        }
        match issuer.extended_key_usage()? {
            Some(own) => self.purposes.iter().try_for_each(|purpose| check_purpose(&own, purpose)),
            None => Ok(()),
        }
    }

    pub(super) fn extensions(&self) -> Result<Vec<Extension>> {
        let basic = BasicConstraints::new(true, self.path_length);
        let usage = KeyUsage::CERTIFICATE_SIGN | KeyUsage::CRL_SIGN;
        let mut all = vec![
            Extension::known(&extension::BASIC_CONSTRAINTS, true, basic.write()),
            Extension::known(&extension::KEY_USAGE, true, usage.write()),
        ];
        if !self.purposes.is_empty() {
            let purposes = ExtendedKeyUsage::of(&self.purposes);
            all.push(Extension::known(&extension::EXTENDED_KEY_USAGE, false, purposes.write()));
        }
        if self.names != NameConstraints::default() {
            let mut names = self.names.permitted.iter().chain(&self.names.excluded);
            names.try_for_each(issue_rules::check_subtree)?;
            all.push(Extension::known(&extension::NAME_CONSTRAINTS, true, self.names.write()));
        }
        Ok(all)
    }
}

/// Whether an authority whose certificate names these purposes may certify for this one. Not in RFC 5280; but everybody
/// takes it so (CA/Browser Forum: "technically constrained").
pub(super) fn check_purpose(own: &ExtendedKeyUsage, purpose: &KnownOid) -> Result<()> {
    if own.has(purpose) || own.has(&ANY_PURPOSE) {
        return Ok(());
    }
    let why = format!("the issuer's own certificate is only for: {own}");
    Err(Error::usage("certificate", why, "take another authority"))
}
