//! What an old token says, to issue a new one from.
use crate::clock::Time;
use crate::secret::opaque_debug;

/// What an old token says. A holder of the old secret wrote it, and it had not ended when it was read; no more is known of it.
///
/// It has no number and no keys of bulla's, so no session can go on with it: issue a new token from its data.
///
/// ```
/// use bulla::cookie::legacy::{Import, OldToken};
/// /// Who it was, to issue a new token to.
/// fn user(old: &OldToken) -> Option<u64> {
///     std::str::from_utf8(old.data()).ok()?.parse().ok()
/// }
/// # let import = Import::until(bulla::Time::from_unix(1_800_086_400)).clock(|| bulla::Time::from_unix(1_800_000_600));
/// # let reader = bulla::cookie::legacy::Django::signed(&import, ["correct horse battery staple"], "user")?;
/// # let old = reader.accept("7:1xocE4:dlIB7Aal6Q7tBZ-SBepw5Yc4M6RwER17vxTBxop9srQ", std::time::Duration::from_secs(3600))?;
/// assert_eq!(user(&old), Some(7));
/// # Ok::<(), bulla::Error>(())
/// ```
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
