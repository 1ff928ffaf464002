//! What `bulla tls probe` has found: as text, as JSON, and as a list of what is wrong, the worst first.
use std::fmt::Write as _;

use bulla::x509::{Certificate, ServerName};
use serde_json::{Value, json};

use crate::cert_report::summary;
use crate::failure::one_line;
use crate::tls_probe_chain::{Finding, Judge};
use crate::tls_probe_hello::{Chosen, SSL3, TLS10, TLS11, TLS12, TLS13};
use crate::tls_probe_names::{POST_QUANTUM, Severity, group_name, suite_name, wrong_with};

#[derive(Default)]
pub(crate) struct Report {
    /// The newest first.
    pub(crate) versions: Vec<u16>,
    pub(crate) suites_tls13: Vec<u16>,
    /// What it has chosen in the newest version before TLS 1.3.
    pub(crate) old: Option<Chosen>,
    /// Suites of that version, in the server's order.
    pub(crate) suites: Vec<u16>,
    pub(crate) groups: Vec<u16>,
    pub(crate) protocols: Vec<&'static str>,
    pub(crate) resumption: Vec<(u16, Resumption)>,
    pub(crate) chain: Vec<Certificate>,
    /// Certificates that cannot be read.
    pub(crate) unreadable: usize,
    pub(crate) staple: Vec<u8>,
    pub(crate) findings: Vec<Finding>,
}

/// Whether a server knows again who comes a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumption {
    Known,
    Never,
    /// No connection could be made.
    NotSeen,
}

impl Resumption {
    fn word(self) -> &'static str {
        match self {
            Resumption::Known => "known again",
            Resumption::Never => "not known again",
            Resumption::NotSeen => "not seen",
        }
    }
}

fn version_name(version: u16) -> &'static str {
    match version {
        TLS13 => "TLS 1.3",
        TLS12 => "TLS 1.2",
        TLS11 => "TLS 1.1",
        TLS10 => "TLS 1.0",
        SSL3 => "SSL 3.0",
        _ => "unknown",
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Serious => "serious",
        Severity::Weak => "weak",
        Severity::Note => "note",
    }
}

impl Report {
    pub(crate) fn has(&self, version: u16) -> bool {
        self.versions.contains(&version)
    }

    /// Finds what is wrong, the worst first.
    pub(crate) fn judge(&mut self, judge: &Judge<'_>) {
        let mut found = judge.findings(&self.chain, &self.staple);
        if self.unreadable > 0 {
            found.push((Severity::Serious, "a certificate of the chain cannot be read".to_owned()));
        }
        if self.chain.is_empty() && self.unreadable == 0 {
            let why = "its certificates were not seen: bulla makes no connection of what it offers";
            found.push((Severity::Weak, why.to_owned()));
        }
        self.judge_versions(&mut found);
        for suite in &self.suites {
            let name = suite_name(*suite);
            if let Some((severity, why)) = wrong_with(&name) {
                found.push((severity, format!("{name}: {why}")));
            }
        }
        self.judge_hello(&mut found);
        if self.has(TLS13) && !self.groups.iter().any(|group| POST_QUANTUM.contains(group)) {
            let why = "no post-quantum group: what is recorded today may be read one day";
            found.push((Severity::Note, why.to_owned()));
        }
        if self.resumption.iter().any(|(_, resumption)| *resumption == Resumption::Never) {
            let why = "whoever comes again is not known: each connection costs a whole handshake";
            found.push((Severity::Note, why.to_owned()));
        }
        found.sort_by_key(|(severity, _)| *severity);
        self.findings = found;
    }

    fn judge_versions(&self, found: &mut Vec<Finding>) {
        for (version, severity, why) in [
            (SSL3, Severity::Serious, "it is broken (RFC 7568)"),
            (TLS10, Severity::Weak, "it is not to be used (RFC 8996)"),
            (TLS11, Severity::Weak, "it is not to be used (RFC 8996)"),
        ] {
            if self.has(version) {
                found.push((severity, format!("{} is offered: {why}", version_name(version))));
            }
        }
        if !self.has(TLS13) {
            let (severity, why) = match self.has(TLS12) {
                true => (Severity::Weak, "there is no TLS 1.3"),
                false => (Severity::Serious, "there is neither TLS 1.3 nor TLS 1.2: browsers refuse it"),
            };
            found.push((severity, why.to_owned()));
        }
    }

    /// What shows in the hello of versions before TLS 1.3.
    fn judge_hello(&self, found: &mut Vec<Finding>) {
        let Some(old) = &self.old else { return };
        let name = version_name(old.version);
        if old.compresses {
            found
                .push((Severity::Serious, format!("{name} compresses, which tells secrets (CVE-2012-4929)")));
        }
        if !old.renegotiates_soundly {
            let why = "renegotiation is not bound to what came before (RFC 5746; CVE-2009-3555)";
            found.push((Severity::Serious, format!("{name}: {why}")));
        }
        if !old.extended_master_secret {
            let why = "no extended master secret (RFC 7627): keys are not bound to the handshake";
            found.push((Severity::Weak, format!("{name}: {why}")));
        }
    }

    /// How much is wrong; notes are not.
    pub(crate) fn wrong(&self) -> usize {
        self.findings.iter().filter(|(severity, _)| *severity != Severity::Note).count()
    }

    pub(crate) fn text(&self, address: &str, name: &ServerName) -> String {
        let mut text = format!("{}, asked for {name}\n", one_line(address));
        let mut line = |what: &str, words: &[String]| {
            let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
            let _ = writeln!(text, "  {what:<11} {words}");
        };
        let versions = self.versions.iter().map(|version| version_name(*version).to_owned());
        line("versions", &versions.collect::<Vec<_>>());
        line("TLS 1.3", &self.suites_tls13.iter().map(|suite| suite_name(*suite)).collect::<Vec<_>>());
        if let Some(old) = &self.old {
            line(
                version_name(old.version),
                &self.suites.iter().map(|suite| suite_name(*suite)).collect::<Vec<_>>(),
            );
        }
        line("groups", &self.groups.iter().map(|group| group_name(*group)).collect::<Vec<_>>());
        line("protocols", &self.protocols.iter().map(|protocol| (*protocol).to_owned()).collect::<Vec<_>>());
        let resumed = self
            .resumption
            .iter()
            .map(|(version, resumption)| format!("{}: {}", version_name(*version), resumption.word()));
        line("resumption", &resumed.collect::<Vec<_>>());
        line("stapled", &[if self.staple.is_empty() { "nothing" } else { "an OCSP response" }.to_owned()]);
        for (number, certificate) in self.chain.iter().enumerate() {
            let until = certificate.not_after().map_or_else(|_| "?".to_owned(), |time| time.to_string());
            let subject = one_line(&certificate.subject().to_string());
            line(if number == 0 { "chain" } else { "" }, &[format!("{number}: {subject}, until {until}")]);
        }
        text.push_str(if self.findings.is_empty() { "nothing is wrong\n" } else { "what is wrong:\n" });
        for (severity, why) in &self.findings {
            let _ = writeln!(text, "  {:<8} {}", severity_name(*severity), one_line(why));
        }
        text
    }

    pub(crate) fn json(&self, address: &str, name: &ServerName) -> Value {
        let versions = |all: &[u16]| all.iter().map(|version| version_name(*version)).collect::<Vec<_>>();
        let names = |all: &[u16]| all.iter().map(|suite| suite_name(*suite)).collect::<Vec<_>>();
        let mut suites = serde_json::Map::new();
        suites.insert("TLS 1.3".to_owned(), json!(names(&self.suites_tls13)));
        if let Some(old) = &self.old {
            suites.insert(version_name(old.version).to_owned(), json!(names(&self.suites)));
        }
        let resumption = self.resumption.iter().map(|(version, resumption)| {
            let known = match resumption {
                Resumption::Known => json!(true),
                Resumption::Never => json!(false),
                Resumption::NotSeen => Value::Null,
            };
            (version_name(*version).to_owned(), known)
        });
        let finding =
            |(severity, why): &Finding| json!({ "severity": severity_name(*severity), "message": why });
        json!({
            "address": address,
            "name": name.to_string(),
            "ok": self.wrong() == 0,
            "versions": versions(&self.versions),
            "suites": suites,
            "groups": self.groups.iter().map(|group| group_name(*group)).collect::<Vec<_>>(),
            "post_quantum": self.groups.iter().any(|group| POST_QUANTUM.contains(group)),
            "protocols": self.protocols,
            "resumption": resumption.collect::<serde_json::Map<_, _>>(),
            "stapled": !self.staple.is_empty(),
            "chain": self.chain.iter().map(summary).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use bulla::Time;

    use super::*;

    fn judged(mut report: Report) -> Report {
        let name = "a.example".parse().unwrap();
        report.judge(&Judge { name: &name, trusted: None, now: Time::from_unix(0) });
        report
    }

    fn finds(report: &Report, severity: Severity, words: &str) -> bool {
        report.findings.iter().any(|(is, why)| *is == severity && why.contains(words))
    }

    #[test]
    fn what_no_server_at_hand_does_any_more_is_found_too() {
        let old = Some(Chosen { version: SSL3, compresses: true, ..Chosen::default() });
        let report = judged(Report { versions: vec![SSL3], old, suites: vec![5, 3], ..Report::default() });
        for words in [
            "SSL 3.0 is offered",
            "neither TLS 1.3 nor TLS 1.2",
            "SSL 3.0 compresses",
            "renegotiation is not bound",
            "RC4 is broken",
            "its keys have 40 bits",
        ] {
            assert!(finds(&report, Severity::Serious, words), "{words}");
        }
        assert!(finds(&report, Severity::Weak, "no extended master secret"));
        assert!(finds(&report, Severity::Weak, "its certificates were not seen"));
        assert!(report.findings.is_sorted_by_key(|(severity, _)| *severity));
        assert_eq!(report.wrong(), report.findings.len());
    }

    #[test]
    fn a_note_is_no_fault() {
        let resumption = vec![(TLS13, Resumption::Never)];
        let mut report =
            judged(Report { versions: vec![TLS13], groups: vec![29], resumption, ..Report::default() });
        assert!(finds(&report, Severity::Note, "no post-quantum group"));
        assert!(finds(&report, Severity::Note, "is not known"));
        report.findings.retain(|(severity, _)| *severity == Severity::Note);
        assert_eq!((report.wrong(), report.findings.len()), (0, 2));
        let name = "a.example".parse().unwrap();
        assert_eq!(report.json("a.example:443", &name)["ok"], true);
        let text = report.text("a.example:443", &name);
        assert!(
            text.contains("  versions    TLS 1.3\n") && text.contains("  note     no post-quantum"),
            "{text}"
        );
    }
}
