//! OPAQUE (RFC 9807): passwords that a server checks and never sees, with 3DH over ristretto255 and SHA-512.
//!
//! It is the first configuration of RFC 9807 section 7 but for the figures of Argon2id: 2 GiB are more than many clients have, so it
//! is the second choice of RFC 9106 section 4, 64 MiB. They are fixed, and a server has no say in them.
//!
//! The keys that a login comes to are of no use here, where TLS has its own: it is the proof that counts.
//!
//! The crate is of the older generation of `RustCrypto`, and draws its chance and stretches its keys with what is here. It wipes its
//! states and private keys, but not all that it computes on the way.
use opaque_ke::errors::{InternalError, ProtocolError};
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;
use opaque_ke::rand::{self, CryptoRng, RngCore};
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialFinalization, CredentialRequest, CredentialResponse,
    Identifiers, RegistrationRequest, RegistrationResponse, RegistrationUpload, Ristretto255, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup, TripleDh,
};
use zeroize::Zeroize;

use super::{kdf, random};
use crate::secret::SecretVec;

/// Bytes of the messages (RFC 9807 sections 5.1, 6.1): both of registration and back, and those of a login.
pub(crate) const REGISTRATION_REQUEST: usize = 32;
pub(crate) const REGISTRATION_RESPONSE: usize = 64;
pub(crate) const RECORD: usize = 192;
pub(crate) const KE1: usize = 96;
pub(crate) const KE2: usize = 320;
pub(crate) const KE3: usize = 64;
/// Bytes of what a server keeps: the seed of the OPRF, its private key, and a public key of nobody.
pub(crate) const SETUP: usize = 128;

/// Argon2id's memory in KiB, passes and lanes: RFC 9106 section 4, second choice.
const STRETCH: [u32; 3] = [64 << 10, 3, 4];

/// Why one side does not go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is no message of the protocol.
    Message,
    /// The password is another, or what was said is not what was heard.
    Password,
    /// There is no memory to stretch it.
    Memory,
}

struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_010::Sha512>;
    type Ksf = Stretched;
}

/// Argon2id with a salt of zeros (RFC 9807 section 7): what is stretched is the OPRF's output, which is already salted by its key.
#[derive(Default)]
struct Stretched;

impl Ksf for Stretched {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let mut output = GenericArray::default();
        let done = kdf::argon2id_into(&input, &[0; 16], STRETCH, &mut output);
        done.map(|()| output).map_err(|_| InternalError::KsfError)
    }
}

/// [`random`] as the crate asks for it.
struct Chance;

impl RngCore for Chance {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(random::bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(random::bytes())
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        random::fill(into);
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rand::Error> {
        random::fill(into);
        Ok(())
    }
}

impl CryptoRng for Chance {}

/// Reads a message of one length: the crate takes more than there is, and leaves what is too much.
fn read<T>(
    bytes: &[u8],
    length: usize,
    of: impl FnOnce(&[u8]) -> Result<T, ProtocolError>,
) -> Result<T, Wrong> {
    if bytes.len() != length {
        return Err(Wrong::Message);
    }
    of(bytes).map_err(|_| Wrong::Message)
}

fn wrong(error: ProtocolError) -> Wrong {
    match error {
        ProtocolError::LibraryError(InternalError::KsfError) => Wrong::Memory,
        _ => Wrong::Password,
    }
}

/// The client is called by its name, the server by its public key.
fn called(user: &[u8]) -> Identifiers<'_> {
    Identifiers { client: Some(user), server: None }
}

/// What a server has of its own, without which the records of its users are of no use.
pub(crate) struct Setup {
    own: Box<ServerSetup<Suite>>,
    /// What is read where there is no record, so that it takes as long.
    nobodys: Vec<u8>,
}

/// A server that waits for the end of a login.
pub(crate) struct Answered(Box<ServerLogin<Suite>>);

impl Setup {
    pub(crate) fn generate() -> Self {
        Self::of(Box::new(ServerSetup::new(&mut Chance)))
    }

    /// `None` if it is none.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        read(bytes, SETUP, ServerSetup::deserialize).ok().map(|own| Self::of(Box::new(own)))
    }

    pub(crate) fn to_bytes(&self) -> SecretVec {
        let mut bytes = self.own.serialize();
        let kept = SecretVec::new(bytes.to_vec());
        bytes.as_mut_slice().zeroize();
        kept
    }

    fn of(own: Box<ServerSetup<Suite>>) -> Self {
        let mut nobodys = own.keypair().public().serialize().to_vec();
        nobodys.resize(RECORD, 0);
        Setup { own, nobodys }
    }

    /// Answers the first message of a registration. What comes back is the [`record`].
    pub(crate) fn register(&self, user: &[u8], request: &[u8]) -> Result<Vec<u8>, Wrong> {
        let request = read(request, REGISTRATION_REQUEST, RegistrationRequest::deserialize)?;
        let answer = ServerRegistration::start(&self.own, request, user).map_err(wrong)?;
        Ok(answer.message.serialize().to_vec())
    }

    /// Answers the first message of a login. Of those without a record, nobody comes to its end, and nothing of the answer tells
    /// (RFC 9807 section 10, "Client Enumeration").
    pub(crate) fn answer(
        &self,
        user: &[u8],
        context: &[u8],
        record: Option<&[u8]>,
        ke1: &[u8],
    ) -> Result<(Answered, Vec<u8>), Wrong> {
        let ke1 = read(ke1, KE1, CredentialRequest::deserialize)?;
        let kept = read(record.unwrap_or(&self.nobodys), RECORD, ServerRegistration::deserialize)?;
        let kept = record.map(|_| kept);
        let given = ServerLoginParameters { context: Some(context), identifiers: called(user) };
        let answer = ServerLogin::start(&mut Chance, &self.own, kept, ke1, user, given).map_err(wrong)?;
        Ok((Answered(Box::new(answer.state)), answer.message.serialize().to_vec()))
    }
}

impl Answered {
    /// Whether the client has the password, and has heard and said the same.
    pub(crate) fn finish(self, user: &[u8], context: &[u8], ke3: &[u8]) -> Result<(), Wrong> {
        let ke3 = read(ke3, KE3, CredentialFinalization::deserialize)?;
        let given = ServerLoginParameters { context: Some(context), identifiers: called(user) };
        let mut done = self.0.finish(ke3, given).map_err(wrong)?;
        done.session_key.as_mut_slice().zeroize();
        Ok(())
    }
}

/// Whether this is what a client has sent at the end of its registration, which is what is kept of it.
pub(crate) fn record(upload: &[u8]) -> Result<(), Wrong> {
    read(upload, RECORD, RegistrationUpload::<Suite>::deserialize).map(drop)
}

/// A client that waits for the answer to its registration.
pub(crate) struct Registration(Box<ClientRegistration<Suite>>);

impl Registration {
    pub(crate) fn start(password: &[u8]) -> Result<(Self, Vec<u8>), Wrong> {
        let started = ClientRegistration::start(&mut Chance, password).map_err(wrong)?;
        Ok((Registration(Box::new(started.state)), started.message.serialize().to_vec()))
    }

    pub(crate) fn finish(self, user: &[u8], password: &[u8], response: &[u8]) -> Result<Vec<u8>, Wrong> {
        let response = read(response, REGISTRATION_RESPONSE, RegistrationResponse::deserialize)?;
        let given = ClientRegistrationFinishParameters::new(called(user), None);
        let mut done = self.0.finish(&mut Chance, password, response, given).map_err(wrong)?;
        done.export_key.as_mut_slice().zeroize();
        Ok(done.message.serialize().to_vec())
    }
}

/// A client that waits for the answer to its login.
pub(crate) struct Login(Box<ClientLogin<Suite>>);

impl Login {
    pub(crate) fn start(password: &[u8]) -> Result<(Self, Vec<u8>), Wrong> {
        let started = ClientLogin::start(&mut Chance, password).map_err(wrong)?;
        Ok((Login(Box::new(started.state)), started.message.serialize().to_vec()))
    }

    /// Whether the server has a record of this password, and what it is to be told then.
    pub(crate) fn finish(
        self,
        user: &[u8],
        password: &[u8],
        context: &[u8],
        ke2: &[u8],
    ) -> Result<Vec<u8>, Wrong> {
        let ke2 = read(ke2, KE2, CredentialResponse::deserialize)?;
        let given = ClientLoginFinishParameters::new(Some(context), called(user), None);
        let mut done = self.0.finish(&mut Chance, password, ke2, given).map_err(wrong)?;
        done.session_key.as_mut_slice().zeroize();
        done.export_key.as_mut_slice().zeroize();
        Ok(done.message.serialize().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(setup: &Setup, user: &[u8], password: &[u8]) -> Vec<u8> {
        let (client, request) = Registration::start(password).unwrap();
        let response = setup.register(user, &request).unwrap();
        assert_eq!((request.len(), response.len()), (REGISTRATION_REQUEST, REGISTRATION_RESPONSE));
        let kept = client.finish(user, password, &response).unwrap();
        record(&kept).unwrap();
        kept
    }

    /// A login whose sides have each their context: what the client says of it, then the server.
    fn login(
        setup: &Setup,
        kept: Option<&[u8]>,
        password: &[u8],
        [ours, theirs]: [&[u8]; 2],
    ) -> (Result<(), Wrong>, Result<(), Wrong>) {
        let (client, ke1) = Login::start(password).unwrap();
        let (server, ke2) = setup.answer(b"alice", theirs, kept, &ke1).unwrap();
        assert_eq!((ke1.len(), ke2.len()), (KE1, KE2));
        match client.finish(b"alice", password, ours, &ke2) {
            Ok(ke3) => (Ok(()), server.finish(b"alice", theirs, &ke3)),
            Err(error) => (Err(error), server.finish(b"alice", theirs, &[7; KE3])),
        }
    }

    #[test]
    fn who_has_the_password_comes_in_after_a_restart_too_and_nobody_else() {
        let setup = Setup::generate();
        let kept = registered(&setup, b"alice", b"hunter2");
        let setup = Setup::from_bytes(&setup.to_bytes()).unwrap();
        let [here, there]: [&[u8]; 2] = [b"here", b"there"];
        let no = || (Err(Wrong::Password), Err(Wrong::Password));
        assert_eq!(login(&setup, Some(&kept), b"hunter2", [here, here]), (Ok(()), Ok(())));
        assert_eq!(login(&setup, Some(&kept), b"hunter3", [here, here]), no());
        assert_eq!(login(&setup, Some(&kept), b"hunter2", [here, there]), no());
        assert_eq!(login(&setup, None, b"hunter2", [here, here]), no());
        // The record of one under the name of another, and with another server.
        let bobs = registered(&setup, b"bob", b"hunter2");
        assert_eq!(login(&setup, Some(&bobs), b"hunter2", [here, here]), no());
        assert_eq!(login(&Setup::generate(), Some(&kept), b"hunter2", [here, here]), no());
    }

    #[test]
    fn what_is_no_message_is_refused_whatever_its_length() {
        let setup = Setup::generate();
        for length in 0..400 {
            for byte in [0, 0xff] {
                let bytes = vec![byte; length];
                assert_eq!(setup.register(b"x", &bytes), Err(Wrong::Message));
                assert_eq!(setup.answer(b"x", b"", None, &bytes).err(), Some(Wrong::Message));
                assert_eq!(record(&bytes), Err(Wrong::Message));
                assert!(Setup::from_bytes(&bytes).is_none());
                let (login, _) = Login::start(b"x").unwrap();
                assert_eq!(login.finish(b"x", b"x", b"", &bytes), Err(Wrong::Message));
                let (registration, _) = Registration::start(b"x").unwrap();
                assert_eq!(registration.finish(b"x", b"x", &bytes), Err(Wrong::Message));
            }
        }
    }

    #[test]
    fn what_a_client_said_is_no_answer_to_it() {
        let setup = Setup::generate();
        let (client, request) = Registration::start(b"x").unwrap();
        let mut response = setup.register(b"x", &request).unwrap();
        response[..32].copy_from_slice(&request);
        assert_eq!(client.finish(b"x", b"x", &response), Err(Wrong::Password));
    }
}
