//! What an old token says, to issue a new one from.
use crate::clock::Time;
use crate::secret::opaque_debug;

/// What an old token says. A holder of the old secret wrote it, and it had not ended when it was read; no more is known of it.
///
/// It has no number and no keys of bulla's, so no session can go on with it: issue a new token from its data.
pub struct OldToken {
    pub(super) data: Vec<u8>,
    pub(super) issued: Option<Time>,
    pub(super) ends: Option<Time>,
}

impl OldToken {
    /// What was signed, without its times: the text, or the JSON of what was serialised.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// When it was made, if it says so: those of M2Crypto do not.
    #[must_use]
    pub fn issued(&self) -> Option<Time> {
        self.issued
    }

    /// When it ends: as it says, or so long after it was made as the reader was told. `None`: never.
    #[must_use]
    pub fn ends(&self) -> Option<Time> {
        self.ends
    }
}

opaque_debug! {
    [] OldToken = "OldToken";
}
