//! CRLs as text for people: in the order and words of `openssl crl -text`.
use std::fmt;

use super::crl::Crl;
use super::crl_extensions::{
    CRL_NUMBER, CrlNumber, DELTA_INDICATOR, ISSUING_POINT, IssuingDistributionPoint,
};
use super::display::key;
use super::display::sheet::Sheet;
use super::extension::Extension;
use super::general_name::GeneralName;
use super::revoked::{CERTIFICATE_ISSUER, INVALIDITY_DATE, REASON, Revoked};
use crate::error::Result;

/// Everything that is in it, in the order and words of `openssl crl -text`, moments as RFC 3339 writes them.
///
/// What is odd is said to be odd. Control characters are escaped, so that a CRL cannot draw on a terminal, nor forge a
/// line of this text.
impl fmt::Display for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(f);
        let [inner, outer] = self.raw_algorithms().map(key::algorithm);
        sheet.line("Certificate Revocation List (CRL):")?;
        sheet.inside(|sheet| {
            sheet.line(format_args!("Version: {}", self.version()))?;
            sheet.line(format_args!("Signature Algorithm: {inner}"))?;
            sheet.line(format_args!("Issuer: {}", self.issuer()))?;
            sheet.line(format_args!("Last Update: {}", sound(self.this_update())))?;
            let next = self.next_update().map(|next| or_none(next, "NONE"));
            sheet.line(format_args!("Next Update: {}", sound(next)))?;
            if !self.raw_extensions().is_empty() {
                sheet.line("CRL extensions:")?;
                sheet.inside(|sheet| self.extensions().try_for_each(|one| of_crl(sheet, &one)))?;
            }
            let mut entries = self.revoked().peekable();
            let none = entries.peek().is_none();
            sheet.line(if none { "No Revoked Certificates." } else { "Revoked Certificates:" })?;
            sheet.inside(|sheet| entries.try_for_each(|entry| of_entry(sheet, &entry)))?;
            key::signature(sheet, &outer, self.signature())
        })
    }
}

fn sound<T: fmt::Display>(value: Result<T>) -> String {
    value.map_or_else(|_| "(not sound)".to_owned(), |value| value.to_string())
}

fn or_none<T: fmt::Display>(value: Option<T>, none: &str) -> String {
    value.map_or_else(|| none.to_owned(), |value| value.to_string())
}

/// An extension whose sense is known here, and else as it shows itself.
fn of_crl(sheet: &mut Sheet<'_, '_>, extension: &Extension) -> fmt::Result {
    let shown = extension.to_string();
    let mut lines = shown.lines();
    let is_number = extension.id().is(&CRL_NUMBER) || extension.id().is(&DELTA_INDICATOR);
    match (CrlNumber::read(extension.value()), IssuingDistributionPoint::read(extension.value())) {
        (Ok(number), _) if is_number => {
            sheet.line(lines.next().unwrap_or_default())?;
            sheet.inside(|sheet| sheet.line(number))
        }
        (_, Ok(point)) if extension.id().is(&ISSUING_POINT) => {
            sheet.line(lines.next().unwrap_or_default())?;
            sheet.inside(|sheet| of_point(sheet, &point))
        }
        _ => lines.try_for_each(|line| sheet.line(line)),
    }
}

fn of_point(sheet: &mut Sheet<'_, '_>, point: &IssuingDistributionPoint) -> fmt::Result {
    if !point.names.is_empty() {
        sheet.line(format_args!("Full Name: {}", listed(&point.names)))?;
    }
    if let Some(relative) = &point.relative {
        sheet.line("Relative Name:")?;
        sheet.inside(|sheet| sheet.dump(relative, relative.len()))?;
    }
    for (there, text) in [
        (point.only_user_certificates, "Only User Certificates"),
        (point.only_ca_certificates, "Only CA Certificates"),
        (point.only_attribute_certificates, "Only Attribute Certificates"),
        (point.is_indirect, "Indirect CRL"),
    ] {
        if there {
            sheet.line(text)?;
        }
    }
    match &point.only_some_reasons {
        Some(reasons) => {
            let names: Vec<String> = reasons.iter().map(|reason| reason.to_string()).collect();
            sheet.line(format_args!("Only Some Reasons: {}", names.join(", ")))
        }
        None => Ok(()),
    }
}

fn listed(names: &[GeneralName]) -> String {
    names.iter().map(GeneralName::to_string).collect::<Vec<_>>().join(", ")
}

fn of_entry(sheet: &mut Sheet<'_, '_>, entry: &Revoked<'_>) -> fmt::Result {
    sheet.line(format_args!("Serial Number: {}", entry.serial()))?;
    sheet.inside(|sheet| {
        sheet.line(format_args!("Revocation Date: {}", sound(entry.at())))?;
        for extension in entry.extensions() {
            let critical = if extension.is_critical() { " critical" } else { "" };
            let (title, said) = match extension.id() {
                id if id.is(&REASON) => {
                    ("CRL Reason Code", sound(entry.reason().map(|reason| or_none(reason, "none"))))
                }
                id if id.is(&INVALIDITY_DATE) => {
                    ("Invalidity Date", sound(entry.invalidity_date().map(|since| or_none(since, "none"))))
                }
                id if id.is(&CERTIFICATE_ISSUER) => {
                    ("Certificate Issuer", sound(entry.certificate_issuer().map(|names| listed(&names))))
                }
                _ => {
                    extension.to_string().lines().try_for_each(|line| sheet.line(line))?;
                    continue;
                }
            };
            sheet.line(format_args!("{title}:{critical} {said}"))?;
        }
        Ok(())
    })
}
