//! What was found out about a mail, layer by layer: to be shown to a reader.
use std::fmt;

use crate::encoding::plain::one_line;
use crate::error::{Error, ErrorKind};

/// What was found out about a mail: its layers from the outside in, and for each what held and what did not.
///
/// It is for showing, and proves nothing by itself: what may be gone by is a [`Verified`](crate::Verified) entity.
/// [`Examination`](super::Examination) makes it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(super) layers: Vec<Layer>,
}

/// A layer of a mail.
#[derive(Clone, Debug)]
pub struct Layer {
    pub(super) kind: LayerKind,
    pub(super) findings: Vec<Finding>,
}

/// What a layer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LayerKind {
    /// multipart/signed.
    SignedInTwoParts,
    /// SignedData with the content in it.
    SignedOpaque,
    /// AuthEnvelopedData.
    EncryptedAuthenticated,
    /// EnvelopedData, which does not show changes.
    Encrypted,
    /// CompressedData.
    Compressed,
    /// Certificates alone.
    Certificates,
    /// The content: no layer of S/MIME.
    Content,
    /// Something that could not be read.
    Unreadable,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    outcome: Outcome,
    reason: Option<ErrorKind>,
    text: String,
}

/// How it came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It was checked, and holds.
    Holds,
    /// It was checked, and does not hold.
    Fails,
    /// Nobody can tell: what would decide it was not given, or is missing.
    Unknown,
    /// It is what the mail says, and nothing to be checked.
    Said,
}

impl Report {
    /// The layers, from the outside in.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The worst that was found: [`Fails`](Outcome::Fails) before [`Unknown`](Outcome::Unknown) before the others.
    #[must_use]
    pub fn worst(&self) -> Outcome {
        let all = || self.layers.iter().flat_map(|layer| &layer.findings).map(|finding| finding.outcome);
        let worst = [Outcome::Fails, Outcome::Unknown, Outcome::Holds];
        worst.into_iter().find(|one| all().any(|outcome| outcome == *one)).unwrap_or(Outcome::Said)
    }

    pub(super) fn push(&mut self, layer: Layer) {
        self.layers.push(layer);
    }
}

impl Layer {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> LayerKind {
        self.kind
    }

    /// What was looked at.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(super) fn new(kind: LayerKind) -> Self {
        Layer { kind, findings: Vec::new() }
    }

    pub(super) fn add(&mut self, outcome: Outcome, text: impl Into<String>) {
        self.findings.push(Finding { outcome, reason: None, text: text.into() });
    }

    /// What does not hold, and why; or what nobody can tell, where what would decide is missing.
    pub(super) fn add_error(&mut self, what: &str, error: &Error) {
        let is_missing = matches!(error.kind(), ErrorKind::Undetermined | ErrorKind::NoKeyFits);
        let outcome = if is_missing { Outcome::Unknown } else { Outcome::Fails };
        self.findings.push(Finding { outcome, reason: Some(error.kind()), text: format!("{what}{error}") });
    }
}

impl Finding {
    /// How it came out.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why it does not hold, or cannot be told, for programs. `None` where there is no error.
    #[must_use]
    pub fn reason(&self) -> Option<ErrorKind> {
        self.reason
    }

    /// What it is about, in one line without control characters.
    #[must_use]
    pub fn text(&self) -> String {
        one_line(&self.text)
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LayerKind::SignedInTwoParts => "signed, in two parts",
            LayerKind::SignedOpaque => "signed, opaque",
            LayerKind::EncryptedAuthenticated => "encrypted, authenticated",
            LayerKind::Encrypted => "encrypted, not authenticated",
            LayerKind::Compressed => "compressed",
            LayerKind::Certificates => "certificates",
            LayerKind::Content => "content",
            LayerKind::Unreadable => "unreadable",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Holds => "holds",
            Outcome::Fails => "fails",
            Outcome::Unknown => "unknown",
            Outcome::Said => "said",
        })
    }
}

/// As a tree: each layer under the one that it was in.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, layer) in self.layers.iter().enumerate() {
            let indent = "   ".repeat(depth.saturating_sub(1));
            let branch = if depth == 0 { "" } else { "└─ " };
            writeln!(f, "{indent}{branch}{}", layer.kind)?;
            let below = if depth == 0 { String::new() } else { format!("{indent}   ") };
            let line = if depth.saturating_add(1) < self.layers.len() { "│ " } else { "  " };
            for finding in &layer.findings {
                let mark = match finding.outcome {
                    Outcome::Holds => "holds:   ",
                    Outcome::Fails => "FAILS:   ",
                    Outcome::Unknown => "unknown: ",
                    Outcome::Said => "says:    ",
                };
                writeln!(f, "{below}{line}{mark}{}", finding.text())?;
            }
        }
        Ok(())
    }
}
