//! Mails of 4 KiB: the two sides in turns, and what their times are to each other.
use std::hint::black_box;
use std::time::{Duration, Instant};

use bulla::smime::{Addressees, Entity, Expect, Message, Opened, Opening, Signing, Trust};
use bulla::x509::{Credential, Revocation, TrustAnchors};
use openssl::x509::X509;

use crate::{Result, lab, peer};

/// How long one side works before the other has its turn.
const TURN: Duration = Duration::from_millis(40);

/// A letter of 4 KiB, in lines of 7 bits.
fn letter() -> Vec<u8> {
    let mut mail = b"Content-Type: text/plain; charset=us-ascii\r\n\r\n".to_vec();
    while mail.len() < 4096 - 66 {
        mail.extend(b"Of the many lines that a mail may have, this is one more of them.\r\n");
    }
    mail
}

/// Does the work until the turn is over; gives seconds a piece.
fn turn(work: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
    let (start, mut done) = (Instant::now(), 0_u32);
    loop {
        work()?;
        done += 1;
        let took = start.elapsed();
        if took >= TURN {
            return Ok(took.as_secs_f64() / f64::from(done));
        }
    }
}

fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// One row: medians of the two sides, and the median, least and largest of the ratios of neighbouring turns. Where OpenSSL cannot
/// do it, the row says so.
fn row(
    name: &str,
    rounds: usize,
    ours: &mut dyn FnMut() -> Result<()>,
    theirs: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    turn(ours)?;
    if let Err(error) = turn(theirs) {
        let mut own = (0..rounds).map(|_| Ok(turn(ours)? * 1e6)).collect::<Result<Vec<f64>>>()?;
        println!("| {name} | {:.0} | cannot | |", median(&mut own));
        eprintln!("{name}: {error}");
        return Ok(());
    }
    let mut pairs = Vec::new();
    for _ in 0..rounds {
        pairs.push((turn(ours)?, turn(theirs)?));
    }
    let mut own: Vec<f64> = pairs.iter().map(|pair| pair.0 * 1e6).collect();
    let mut other: Vec<f64> = pairs.iter().map(|pair| pair.1 * 1e6).collect();
    let mut ratios: Vec<f64> = pairs.iter().map(|pair| pair.1 / pair.0).collect();
    println!(
        "| {name} | {:.0} | {:.0} | {:.2} ({:.2}–{:.2}) |",
        median(&mut own),
        median(&mut other),
        median(&mut ratios),
        ratios.iter().copied().fold(f64::INFINITY, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
    );
    Ok(())
}

/// A kind of key, with what both sides need of it.
struct Bench {
    name: &'static str,
    rounds: usize,
    ours: Credential,
    anchors: TrustAnchors,
    theirs: peer::Owner,
    others: Vec<(Credential, X509)>,
}

impl Bench {
    fn new(name: &'static str, rounds: usize, others: usize) -> Result<Self> {
        let authority = lab::authority(name)?;
        let ours = lab::owner(&authority, name)?;
        let theirs = peer::Owner::read(
            lab::pem(authority.certificate()).as_bytes(),
            lab::pem(ours.certificate()).as_bytes(),
            ours.key().expose_pem()?.as_bytes(),
        )?;
        let others = (0..others).map(|_| {
            let owner = lab::owner(&authority, name)?;
            let theirs = X509::from_pem(lab::pem(owner.certificate()).as_bytes())?;
            Ok((owner, theirs))
        });
        let others = others.collect::<Result<_>>()?;
        Ok(Bench {
            name,
            rounds,
            ours,
            anchors: TrustAnchors::new([authority.certificate().clone()])?,
            theirs,
            others,
        })
    }

    fn sign_and_verify(&self) -> Result<()> {
        let (mail, trust) = (letter(), Trust::new(&self.anchors, Revocation::IfGiven));
        let entity = Entity::parse(mail.clone())?;
        let signing = Signing::by(&self.ours);
        row(
            &format!("sign, {}", self.name),
            self.rounds,
            &mut || Ok(drop(black_box(signing.entity(&entity)?))),
            &mut || Ok(drop(black_box(self.theirs.sign(&mail)?))),
        )?;
        let (signed, signature) = (signing.entity(&entity)?.into_bytes(), self.theirs.sign(&mail)?);
        row(
            &format!("verify, {}", self.name),
            self.rounds,
            &mut || {
                let Message::Signed(signed) = Message::parse(signed.clone())? else {
                    return Err("unsigned".into());
                };
                let content = signed.verify(&trust, Expect::Address(&lab::address()))?;
                Ok(assert!(content.get().as_bytes() == mail))
            },
            &mut || Ok(assert!(self.theirs.verify(&signature, &mail)? == mail)),
        )
    }

    /// To the others and, last of all, to the owner.
    fn encrypt_and_open(&self) -> Result<()> {
        let (mail, trust) = (letter(), Trust::new(&self.anchors, Revocation::IfGiven));
        let entity = Entity::parse(mail.clone())?;
        let address = lab::address();
        let checked = || -> Result<Addressees<'_>> {
            let mut all = None;
            for owner in self.others.iter().map(|(owner, _)| owner).chain([&self.ours]) {
                let one = Addressees::one(owner.certificate(), &address, &trust)?;
                all = Some(match all {
                    None => one,
                    Some(others) => Addressees::and(others, one)?,
                });
            }
            Ok(all.ok_or("nobody")?.modern())
        };
        let (addressees, number) = (checked()?, self.others.len() + 1);
        let certificates: Vec<&X509> =
            self.others.iter().map(|(_, theirs)| theirs).chain([self.theirs.certificate()]).collect();
        row(
            &format!("encrypt to {number}, {}", self.name),
            self.rounds,
            &mut || Ok(drop(black_box(entity.encrypt(&addressees)?))),
            &mut || Ok(drop(black_box(peer::encrypt(&certificates, &mail)?))),
        )?;
        row(
            &format!("check {} and encrypt, {}", certificates_of(number), self.name),
            self.rounds,
            &mut || Ok(drop(black_box(entity.encrypt(&checked()?)?))),
            &mut || {
                certificates.iter().try_for_each(|certificate| self.theirs.check(certificate))?;
                Ok(drop(black_box(peer::encrypt(&certificates, &mail)?)))
            },
        )?;
        let (ours, theirs) =
            (entity.encrypt(&addressees)?.into_bytes(), peer::encrypt(&certificates, &mail).ok());
        let opening = Opening::with(&self.ours);
        row(
            &format!("open, 1 of {number}, {}", self.name),
            self.rounds,
            &mut || {
                let Opened::Plain(content) = opening.bytes(&ours)? else { return Err("not plain".into()) };
                Ok(assert!(content.as_bytes() == mail))
            },
            &mut || Ok(assert!(self.theirs.open(theirs.as_ref().ok_or("nothing to open")?)? == mail)),
        )
    }
}

/// All rows, or those of one kind of key, on standard output.
pub(crate) fn table(rounds: usize, kind: Option<&str>) -> Result<()> {
    let wanted = |name: &&str| kind.is_none_or(|kind| kind == *name);
    println!("OpenSSL in process: {}. Engine of the curves: {}.\n", openssl::version::version(), engine());
    println!("| 4 KiB mail | bulla, µs | OpenSSL, µs | OpenSSL's time / bulla's |");
    println!("|---|---:|---:|---:|");
    for name in ["P-256", "P-384", "P-521", "Ed25519", "RSA-2048"].into_iter().filter(wanted) {
        Bench::new(name, rounds, 0)?.sign_and_verify()?;
    }
    for name in ["P-256", "P-384", "P-521", "X25519", "RSA-2048"].into_iter().filter(wanted) {
        for others in [0, 99] {
            Bench::new(name, rounds, others)?.encrypt_and_open()?;
        }
    }
    Ok(())
}

fn certificates_of(number: usize) -> String {
    if number == 1 { "a certificate".to_owned() } else { format!("{number} certificates") }
}

fn engine() -> &'static str {
    if cfg!(feature = "aws-lc") { "AWS-LC" } else { "RustCrypto" }
}
