//! `bulla tls selftest`: client and server of this very build, over loopback, through everything that docs/tls.md promises.
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::failure::{Code, Done, Failure, one_line};
use crate::tls_selftest_lab::{Ground, Outcome, Row};
use crate::{tls_selftest_refused, tls_selftest_who, tls_selftest_wire, ui};

#[derive(clap::Args)]
pub(crate) struct SelfTest {
    /// Report in JSON
    #[arg(long)]
    json: bool,
}

/// What came of the rows.
struct Table(Vec<(String, Outcome)>);

impl Table {
    fn of(rows: Vec<Row>, ground: &Ground) -> Self {
        Table(rows.into_iter().map(|row| (row.what, (row.work)(ground))).collect())
    }

    fn failed(&self) -> usize {
        self.0.iter().filter(|(_, outcome)| outcome.is_err()).count()
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (what, outcome) in &self.0 {
            let _ = match outcome {
                Ok(()) => writeln!(text, "ok      {what}"),
                Err(why) => writeln!(text, "failed  {what}: {}", one_line(why)),
            };
        }
        let _ = writeln!(text, "{} of {} hold", self.0.len().saturating_sub(self.failed()), self.0.len());
        text
    }

    fn json(&self) -> Value {
        let row = |(what, outcome): &(String, Outcome)| json!({ "what": what, "ok": outcome.is_ok(), "reason": outcome.as_ref().err() });
        json!({ "ok": self.failed() == 0, "rows": self.0.iter().map(row).collect::<Vec<_>>() })
    }

    /// An error if one does not hold, or nothing was looked at.
    fn verdict(&self) -> Done<()> {
        if self.failed() == 0 && !self.0.is_empty() {
            return Ok(());
        }
        let why = format!("{} of {} do not hold", self.failed(), self.0.len());
        Err(Failure::new(Code::Refused, "self-test", why, "do not use this build for connections; report it"))
    }
}

impl SelfTest {
    pub(crate) fn run(&self) -> Done<()> {
        let ground = Ground::new()?;
        let rows = [tls_selftest_who::rows(), tls_selftest_refused::rows(), tls_selftest_wire::rows()];
        let table = Table::of(rows.into_iter().flatten().collect(), &ground);
        match self.json {
            true => ui::print_json(&table.json())?,
            false => ui::answer(table.text())?,
        }
        table.verdict()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]
    use bulla::ErrorKind;

    use super::*;
    use crate::tls_selftest_lab::{Version, meet};

    #[test]
    fn one_row_that_fails_fails_the_whole_and_says_why() {
        let ground = Ground::new().unwrap_or_else(|failure| panic!("{failure}"));
        let good = || Row::new("one and one are two", |_: &Ground| Ok(()));
        let bad = || Row::new("one and one are three", |_: &Ground| Err("they are\ntwo".to_owned()));
        let table = Table::of(vec![good(), bad(), good()], &ground);
        assert_eq!(
            table.text(),
            "ok      one and one are two\nfailed  one and one are three: they are\\ntwo\nok      one and one are two\n2 of 3 hold\n"
        );
        assert_eq!(table.json()["ok"], false);
        assert_eq!(table.json()["rows"][1]["reason"], "they are\ntwo");
        assert_eq!(table.verdict().unwrap_err().code(), 1);
        assert!(Table::of(vec![good()], &ground).verdict().is_ok());
        // Nor is nothing at all a success.
        assert!(Table::of(Vec::new(), &ground).verdict().is_err());
    }

    #[test]
    fn what_should_have_been_refused_or_known_and_was_not_fails() {
        use bulla::tls::{Client, Server};
        let ground = Ground::new().unwrap_or_else(|failure| panic!("{failure}"));
        let client = Client::builder(ground.trust().unwrap()).anonymous().unwrap();
        let server = Server::builder(&ground.of_server().unwrap()).anyone().unwrap();
        let met = || meet(&client, &server).unwrap();
        let error = met().refused(ErrorKind::Untrusted).unwrap_err();
        assert_eq!(error, "it was not refused");
        assert!(met().made(Version::Tls13, false).unwrap_err().contains("was known"));
        assert!(met().made(Version::Tls12, true).unwrap_err().contains("instead of TLS 1.2"));
        met().made(Version::Tls13, true).unwrap();
        let other = Ground::new().unwrap_or_else(|failure| panic!("{failure}"));
        let stranger = || Client::builder(other.trust().unwrap()).anonymous().unwrap();
        let met = || meet(&stranger(), &server).unwrap();
        met().refused(ErrorKind::Untrusted).unwrap();
        assert!(met().refused(ErrorKind::Revoked).unwrap_err().contains("for another reason"));
        assert!(met().made(Version::Tls13, false).unwrap_err().starts_with("the client: "));
    }
}
