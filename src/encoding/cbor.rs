//! CBOR (RFC 8949) of values that serde knows: what the claims of a token are written in.
use cbor4ii::core::dec::Read;
use cbor4ii::core::utils::SliceReader;
use cbor4ii::serde::{Deserializer, to_vec};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes it after what is there. `None`: the type's own `Serialize` fails.
pub(crate) fn encode(after: Vec<u8>, value: &impl Serialize) -> Option<Vec<u8>> {
    to_vec(after, value).ok()
}

/// All of the bytes, or nothing.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut reader = Deserializer::new(SliceReader::new(bytes));
    let value = T::deserialize(&mut reader).ok()?;
    let is_whole = reader.into_inner().fill(1).is_ok_and(|rest| rest.as_ref().is_empty());
    is_whole.then_some(value)
}
