//! Rows of `bulla tls selftest`: who must not be let in, for which reason, and who must not be known again.
use bulla::tls::{ByKey, ByKeys, Client, Credentials, KnownKeys, SharedKey, SharedKeys, Trust};
use bulla::x509::{CrlIssue, RevocationReason, TrustAnchors};
use bulla::{ErrorKind, Time};

use crate::tls_selftest_lab::{Ground, HOST, How, Met, Row, Version, authority, issued, meet, told};

type Work = fn(&Ground, &How) -> bulla::Result<Met>;

pub(crate) fn rows() -> Vec<Row> {
    let refused: [(&str, ErrorKind, Work); 9] = [
        ("a server of an authority that nobody trusts", ErrorKind::Untrusted, |ground, how| {
            let other = authority("CN=Mallory")?;
            server_shown(ground, how, &Credentials::new([issued(&other, HOST, |issue| issue)?])?)
        }),
        ("a server of another name", ErrorKind::WrongName, |ground, how| {
            let other = issued(&ground.root, "other.example", |issue| issue)?;
            server_shown(ground, how, &Credentials::new([other])?)
        }),
        ("a server whose certificate has expired", ErrorKind::Expired, |ground, how| {
            // So that its authority was there already.
            let later = Time::now().unix().saturating_add(30 * 86_400);
            let short = issued(&ground.root, HOST, |issue| issue.days(7))?;
            let client =
                Client::builder(ground.trust()?).settings(how.client().clock(move || Time::from_unix(later)));
            meet(&client.anonymous()?, &how.server(&Credentials::new([short])?)?.anyone()?)
        }),
        ("a server whose certificate is revoked", ErrorKind::Revoked, |ground, how| {
            let trust = revoking(ground, ground.server.certificate())?;
            let client = Client::builder(trust).settings(how.client()).anonymous()?;
            meet(&client, &how.server(&ground.of_server()?)?.anyone()?)
        }),
        ("a server with another key than the pinned one", ErrorKind::NotAllowed, |ground, how| {
            let trust = ground.trust()?.pin([ground.server_key.public().fingerprint()]);
            let client = Client::builder(trust).settings(how.client()).anonymous()?;
            meet(&client, &how.server(&ground.of_server()?)?.anyone()?)
        }),
        ("a server with a key that is not known", ErrorKind::Untrusted, |ground, how| {
            let known = KnownKeys::in_certificates([ground.server_key.public().fingerprint()])?;
            let client = Client::builder(known).settings(how.client()).anonymous()?;
            meet(&client, &how.server(&ground.of_server()?)?.anyone()?)
        }),
        ("a client without a certificate", ErrorKind::Untrusted, |ground, how| {
            let client = Client::builder(ground.trust()?).settings(how.client()).anonymous()?;
            meet(&client, &how.server(&ground.of_server()?)?.require_clients(ground.trust()?)?)
        }),
        ("a client with the certificate of a server", ErrorKind::Untrusted, |ground, how| {
            let client =
                Client::builder(ground.trust()?).settings(how.client()).with(&ground.of_server()?)?;
            meet(&client, &how.server(&ground.of_server()?)?.require_clients(ground.trust()?)?)
        }),
        ("a client of an authority that nobody trusts", ErrorKind::Untrusted, |ground, how| {
            let others = TrustAnchors::new([authority("CN=Others")?.certificate().clone()])?;
            let client =
                Client::builder(ground.trust()?).settings(how.client()).with(&ground.of_client()?)?;
            meet(&client, &how.server(&ground.of_server()?)?.require_clients(Trust::new(others))?)
        }),
    ];
    let mut rows = Vec::new();
    for version in Version::ALL {
        for (what, kind, work) in refused {
            rows.push(row(version, format!("{what}: refused"), work, move |met| met.refused(kind)));
        }
        let known = "a client that is revoked since it was here: refused".to_owned();
        rows.push(row(version, known, revoked_since, |met| met.refused(ErrorKind::Revoked)));
        let unasked = "a client that was asked nothing before: not known where it is asked".to_owned();
        rows.push(row(version, unasked, asked_since, move |met| met.made(version, false)));
    }
    let shared = "a client with another shared key: refused".to_owned();
    rows.push(row(Version::Tls13, shared, other_shared_key, |met| met.refused(ErrorKind::Unauthentic)));
    rows
}

fn row(
    version: Version,
    what: String,
    work: Work,
    judge: impl Fn(Met) -> crate::tls_selftest_lab::Outcome + 'static,
) -> Row {
    Row::new(format!("{}, {what}", version.name()), move |ground| {
        let how = How::new(version).map_err(told)?;
        judge(work(ground, &how).map_err(told)?)
    })
}

/// A client that trusts the root meets a server that shows this.
fn server_shown(ground: &Ground, how: &How, shown: &Credentials) -> bulla::Result<Met> {
    let client = Client::builder(ground.trust()?).settings(how.client()).anonymous()?;
    meet(&client, &how.server(shown)?.anyone()?)
}

/// Trust in the root, which has revoked this certificate.
fn revoking(ground: &Ground, certificate: &bulla::x509::Certificate) -> bulla::Result<Trust> {
    let crl = CrlIssue::by(ground.root.certificate(), ground.root.credential().key())?
        .revoke(&certificate.serial(), Time::now(), RevocationReason::KeyCompromise)
        .sign()?;
    Ok(ground.trust()?.crls([crl]))
}

/// It has a ticket of one host, and comes to another that has the same keys and a CRL.
fn revoked_since(ground: &Ground, how: &How) -> bulla::Result<Met> {
    let client = Client::builder(ground.trust()?).settings(how.client()).with(&ground.of_client()?)?;
    meet(&client, &how.server(&ground.of_server()?)?.require_clients(ground.trust()?)?)?;
    let trust = revoking(ground, ground.client.certificate())?;
    meet(&client, &how.server(&ground.of_server()?)?.require_clients(trust)?)
}

/// It has a ticket of a host that asks nobody, and comes to one that does, with the same keys.
fn asked_since(ground: &Ground, how: &How) -> bulla::Result<Met> {
    let client = Client::builder(ground.trust()?).settings(how.client()).with(&ground.of_client()?)?;
    meet(&client, &how.server(&ground.of_server()?)?.anyone()?)?;
    meet(&client, &how.server(&ground.of_server()?)?.require_clients(ground.trust()?)?)
}

fn other_shared_key(ground: &Ground, how: &How) -> bulla::Result<Met> {
    let mut keys = SharedKeys::new();
    keys.add("client", SharedKey::generate())?;
    let client = Client::builder(ByKey::new("client", SharedKey::generate())?).settings(how.client());
    meet(&client.anonymous()?, &how.server(&ground.of_server()?)?.require_clients(ByKeys::new(keys))?)
}
