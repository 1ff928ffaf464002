//! `bulla smime`: mail signed, verified, encrypted, decrypted and shown.
use clap::Subcommand;

use crate::failure::Done;
use crate::smime_decrypt::Decrypt;
use crate::smime_encrypt::Encrypt;
use crate::smime_show::Show;
use crate::smime_sign::Sign;
use crate::smime_verify::Verify;

#[derive(Subcommand)]
pub(crate) enum SmimeCommand {
    /// Sign a mail, in two parts that everybody can read, or opaque
    #[command(after_help = "\
What is signed is the content; the fields of the message (From, Subject, …) stay outside, and are not signed.

Examples:
  bulla smime sign --with bob.p12 -o signed.eml letter.eml
  bulla smime sign --with bob.p12 < letter.eml | sendmail alice@example.org")]
    Sign(Box<Sign>),
    /// Verify a signed mail, and write what was signed: all of it, or nothing if it is not genuine
    #[command(after_help = "\
Somebody must be expected: a good signature of a stranger proves nothing about whom the mail claims to come from.
Exit codes: 0 genuine; 1 not genuine; 3 not signed, or not sound; 5 could not tell. With --legacy 0 says that old algorithms hold,
at the date that the mail says: that is no proof.

Examples:
  bulla smime verify --trust root.pem --from bob@example.org -o letter.eml signed.eml
  bulla smime verify --trust root.pem --from-header --json signed.eml
  bulla smime verify --trust root.pem --from-header --keep-fields < signed.eml | deliver-mail
  bulla smime verify --trust root.pem --any-signer --content report.pdf report.pdf.p7s > verified.pdf")]
    Verify(Box<Verify>),
    /// Encrypt a mail to the owners of certificates that are trusted for their addresses
    #[command(after_help = "\
Encrypted with authentication (AES-256-GCM), which OpenSSL from 3.0, BouncyCastle and bulla read. For Thunderbird, Outlook
and gpgsm take --compat: such mail must be signed first, for else nobody could see whether it was changed on the way.

Examples:
  bulla smime encrypt --to alice.pem --trust root.pem -o sealed.eml letter.eml
  bulla smime sign --with bob.p12 letter.eml |
      bulla smime encrypt --to alice.pem --address alice@example.org --trust root.pem --compat -o sealed.eml")]
    Encrypt(Box<Encrypt>),
    /// Decrypt a mail: all of it, or nothing if it may have been changed
    #[command(after_help = "\
That it decrypts says nothing about who sent it: see bulla smime verify for what is signed inside.

Examples:
  bulla smime decrypt --with alice.p12 -o letter.eml sealed.eml
  bulla smime decrypt --with alice.p12 sealed.eml | bulla smime verify --trust root.pem --from-header")]
    Decrypt(Box<Decrypt>),
    /// Show the layers of a mail as a tree, with what was proven about each
    #[command(after_help = "\
Exit code 0 says that it could be read, and not that anything holds: act on what bulla smime verify says.

Examples:
  bulla smime show mail.eml
  bulla smime show --with alice.p12 --trust root.pem --from-header mail.eml")]
    Show(Box<Show>),
}

impl SmimeCommand {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            SmimeCommand::Sign(sign) => sign.run(),
            SmimeCommand::Verify(verify) => verify.run(),
            SmimeCommand::Encrypt(encrypt) => encrypt.run(),
            SmimeCommand::Decrypt(decrypt) => decrypt.run(),
            SmimeCommand::Show(show) => show.run(),
        }
    }
}
