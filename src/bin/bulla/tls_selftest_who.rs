//! Rows of `bulla tls selftest`: each way in which the two sides know each other, and that they know each other again.
use std::sync::Arc;

#[cfg(feature = "opaque")]
use bulla::Passphrase;
use bulla::tls::{ByKey, ByKeys, Client, Credentials, KnownKeys, Server, SharedKey, SharedKeys};
#[cfg(feature = "opaque")]
use bulla::tls::{ByPassword, ByPasswords, MemoryUsers, Users};

use crate::tls_selftest_lab::{Ground, How, Outcome, Row, Version, meet, told};

type Pair<C, S> = bulla::Result<(Client<C>, Server<S>)>;

pub(crate) fn rows() -> Vec<Row> {
    let both = &Version::ALL;
    let one = &[Version::Tls13];
    let mut rows = Vec::new();
    add(&mut rows, "a server with a certificate, and anybody", both, |ground, how| {
        Ok((
            Client::builder(ground.trust()?).settings(how.client()).anonymous()?,
            how.server(&ground.of_server()?)?.anyone()?,
        ))
    });
    add(&mut rows, "certificates on both sides", both, |ground, how| {
        Ok((
            Client::builder(ground.trust()?).settings(how.client()).with(&ground.of_client()?)?,
            how.server(&ground.of_server()?)?.require_clients(ground.trust()?)?,
        ))
    });
    add(&mut rows, "a certificate with a pinned key", both, |ground, how| {
        let trust = ground.trust()?.pin([ground.server.key().public().fingerprint()]);
        Ok((
            Client::builder(trust).settings(how.client()).anonymous()?,
            how.server(&ground.of_server()?)?.anyone()?,
        ))
    });
    add(&mut rows, "known keys in certificates", both, |ground, how| {
        let server = KnownKeys::in_certificates([ground.server.key().public().fingerprint()])?;
        let client = KnownKeys::in_certificates([ground.client.key().public().fingerprint()])?;
        Ok((
            Client::builder(server).settings(how.client()).with(&ground.of_client()?)?,
            how.server(&ground.of_server()?)?.require_clients(client)?,
        ))
    });
    add(&mut rows, "bare keys (RFC 7250)", one, |ground, how| {
        let server = KnownKeys::bare([ground.server_key.public().fingerprint()])?;
        let client = KnownKeys::bare([ground.client_key.public().fingerprint()])?;
        Ok((
            Client::builder(server)
                .settings(how.client())
                .with(&Credentials::bare(Arc::clone(&ground.client_key))?)?,
            how.server(&Credentials::bare(Arc::clone(&ground.server_key))?)?.require_clients(client)?,
        ))
    });
    add(&mut rows, "a shared key", one, |ground, how| {
        let bytes = *b"both sides have these 32 bytes..";
        let mut keys = SharedKeys::new();
        keys.add("client", SharedKey::from_bytes(&bytes)?)?;
        let whom = ByKey::new("client", SharedKey::from_bytes(&bytes)?)?;
        Ok((
            Client::builder(whom).settings(how.client()).anonymous()?,
            how.server(&ground.of_server()?)?.require_clients(ByKeys::new(keys))?,
        ))
    });
    #[cfg(feature = "opaque")]
    add(&mut rows, "a password", one, |ground, how| {
        let password = || Passphrase::new("correct horse battery staple");
        let users = Users::new(MemoryUsers::new())?;
        users.add("client", &password()?)?;
        Ok((
            Client::builder(ByPassword::new("client", password()?)?).settings(how.client()).anonymous()?,
            how.server(&ground.of_server()?)?.require_clients(ByPasswords::new(&users))?,
        ))
    });
    rows
}

/// What comes after the first connection.
#[derive(Clone, Copy)]
enum Then {
    Nothing,
    SameServer,
    Restart,
    OtherRules,
}

/// A way to know each other: it works, and whoever comes again is known, as long as the server's rules are the same.
fn add<C: Send + 'static, S: Send + 'static>(
    rows: &mut Vec<Row>,
    what: &str,
    versions: &[Version],
    make: fn(&Ground, &How) -> Pair<C, S>,
) {
    for version in versions.iter().copied() {
        let (name, again) = (version.name(), ", again");
        for (said, then) in [
            (String::new(), Then::Nothing),
            (format!("{again}: known"), Then::SameServer),
            (format!("{again} after a restart: known"), Then::Restart),
            (format!("{again} after the rules have changed: not known"), Then::OtherRules),
        ] {
            let what = format!("{name}, {what}{said}");
            rows.push(Row::new(what, move |ground| come(ground, version, make, then)));
        }
    }
}

fn come<C: Send + 'static, S: Send + 'static>(
    ground: &Ground,
    version: Version,
    make: fn(&Ground, &How) -> Pair<C, S>,
    then: Then,
) -> Outcome {
    let mut how = How::new(version).map_err(told)?;
    let (client, server) = make(ground, &how).map_err(told)?;
    meet(&client, &server).map_err(told)?.made(version, false)?;
    let server = match then {
        Then::Nothing => return Ok(()),
        Then::SameServer => server,
        Then::Restart => make(ground, &how).map_err(told)?.1,
        Then::OtherRules => {
            how.changed = true;
            make(ground, &how).map_err(told)?.1
        }
    };
    meet(&client, &server).map_err(told)?.made(version, !how.changed)
}
