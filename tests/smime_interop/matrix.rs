//! Everything that two programs both have, both ways, and what became of it as one table.
use std::collections::BTreeMap;
use std::fmt::Write;

use super::cells::{Cell, all};
use super::peer::Peer;

/// What one made and the other read, or did not.
pub(crate) struct Tried {
    pub(crate) cell: Cell,
    pub(crate) maker: &'static str,
    pub(crate) taker: &'static str,
    pub(crate) failed: Option<String>,
}

/// A MIME entity in canonical form; each fifth is longer than one piece of anybody's streaming.
pub(crate) fn content(at: usize) -> Vec<u8> {
    // BouncyCastle adds the second field where it is missing.
    let mut mail = String::from(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nDear Bob,\r\n\r\n",
    );
    let lines = if at.is_multiple_of(5) { 3000 } else { 3 };
    for line in 0..lines {
        write!(mail, "mail {at}, line {line}: the quick brown fox, and so on\r\n").unwrap();
    }
    mail.into_bytes()
}

/// What `maker` makes of all that both have, read by `taker`.
pub(crate) fn one_way(maker: &mut dyn Peer, taker: &mut dyn Peer) -> Vec<Tried> {
    let cells = all().into_iter().enumerate();
    let both: Vec<_> = cells.filter(|(_, cell)| maker.makes(*cell) && taker.takes(*cell)).collect();
    let tried = both.into_iter().map(|(at, cell)| {
        let failed = pass(maker, taker, cell, &content(at)).err();
        Tried { cell, maker: maker.name(), taker: taker.name(), failed }
    });
    tried.collect()
}

fn pass(maker: &mut dyn Peer, taker: &mut dyn Peer, cell: Cell, content: &[u8]) -> Result<(), String> {
    let mail = maker.make(cell, content)?;
    let mut taken = taker.take(cell, &mail)?;
    if let Some((scheme, form)) = maker.signs_inside(cell) {
        taken = taker.verify(scheme, form, &taken)?;
    }
    if taken == content {
        return Ok(());
    }
    let start = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    Err(format!("{} bytes came back as {} others: {:?}", content.len(), taken.len(), start(&taken)))
}

/// A row for each cell, a column for each peer of `of`: `<` it read what the peer made, `>` the peer read its, `!` failed.
pub(crate) fn table(of: &str, tried: &[Tried]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    let mut marks: BTreeMap<(usize, &str), String> = BTreeMap::new();
    for one in tried {
        let (peer, mark) = if one.taker == of { (one.maker, "<") } else { (one.taker, ">") };
        if !columns.contains(&peer) {
            columns.push(peer);
        }
        let row = all().iter().position(|cell| *cell == one.cell).unwrap();
        marks.entry((row, peer)).or_default().push_str(if one.failed.is_none() { mark } else { "!" });
    }
    let mut table =
        format!("{:36}{}\n", of, columns.iter().map(|name| format!("{name:>14}")).collect::<String>());
    for (row, cell) in all().iter().enumerate() {
        let cells: Vec<&str> =
            columns.iter().map(|peer| marks.get(&(row, *peer)).map_or("", String::as_str)).collect();
        if cells.iter().any(|mark| !mark.is_empty()) {
            let cells: String = cells.iter().map(|mark| format!("{mark:>14}")).collect();
            writeln!(table, "{:36}{cells}", cell.to_string()).unwrap();
        }
    }
    let counts = columns
        .iter()
        .map(|peer| tried.iter().filter(|one| one.maker == *peer || one.taker == *peer).count());
    let counts: String = counts.map(|count| format!("{count:>14}")).collect();
    writeln!(table, "{:36}{counts}", format!("{} cells", tried.len())).unwrap();
    table
}

/// Those that failed, one a line.
pub(crate) fn failures(tried: &[Tried]) -> String {
    let failed = tried.iter().filter_map(|one| {
        let why = one.failed.as_ref()?;
        Some(format!("{} by {}, read by {}: {why}\n", one.cell, one.maker, one.taker))
    });
    failed.collect()
}
