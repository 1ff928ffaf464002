//! Encrypts for a team, and lets somebody join and somebody leave later: `cargo run --example team`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bulla::file::{self, Rewrap};
use bulla::{ErrorKind, Identity, Recipient, Recipients};

fn main() -> bulla::Result<()> {
    let folder = tempfile::tempdir()?;
    let (team, plan) = (folder.path().join("team.txt"), folder.path().join("plan.bulla"));
    let (ann, bob, eve) = (Identity::generate(), Identity::generate(), Identity::generate());

    // A recipients file: one on a line.
    std::fs::write(&team, format!("# Ann\n{}\n# Bob\n{}\n", ann.recipient(), bob.recipient()))?;
    let recipients = Recipient::read_file(&team)?;
    file::Encryption::to(&Recipients::all(&recipients)?).stream(&b"the plan"[..], &plan)?;
    assert_eq!(bulla::decrypt(&ann, &std::fs::read(&plan)?)?, b"the plan");
    assert_eq!(bulla::decrypt(&bob, &std::fs::read(&plan)?)?, b"the plan");

    // Eve joins: anybody who can open the file can let her in. The content is not touched.
    Rewrap::with(&ann).add(&eve.recipient()).file(&plan)?;
    assert_eq!(bulla::decrypt(&eve, &std::fs::read(&plan)?)?, b"the plan");
    for (number, stanza) in (1..).zip(file::inspect_file(&plan)?.stanzas()) {
        println!("{number}: {stanza}");
    }

    // Bob leaves. Which stanza is his is not to be seen from outside, so name all who stay.
    let who_stays = [ann.recipient(), eve.recipient()];
    file::rewrap(&ann, &Recipients::all(&who_stays)?, &plan)?;
    let bobs = bulla::decrypt(&bob, &std::fs::read(&plan)?);
    assert_eq!(bobs.map_err(|error| error.kind()), Err(ErrorKind::NoKeyFits));
    assert_eq!(bulla::decrypt(&eve, &std::fs::read(&plan)?)?, b"the plan");

    // He may have kept a copy of the plan that was. What is new must be encrypted anew:
    let news = bulla::encrypt(&Recipients::all(&who_stays)?, b"the new plan")?;
    assert!(bulla::decrypt(&bob, &news).is_err());
    println!("Bob is out");
    Ok(())
}
