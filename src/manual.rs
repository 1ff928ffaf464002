//! The manual: the pages of `docs/`.
#[doc = include_str!("../docs/file-format.md")]
pub mod file_format {}
#[doc = include_str!("../docs/defaults.md")]
pub mod defaults {}
#[doc = include_str!("../docs/design.md")]
pub mod design {}
#[doc = include_str!("../docs/architecture.md")]
pub mod architecture {}
#[doc = include_str!("../docs/past-mistakes.md")]
pub mod past_mistakes {}
#[cfg(feature = "x509")]
#[doc = include_str!("../docs/certificates.md")]
pub mod certificates {}
#[cfg(feature = "smime")]
#[doc = include_str!("../docs/smime-profile.md")]
pub mod smime_profile {}
#[cfg(feature = "cookie")]
#[doc = include_str!("../docs/token-format.md")]
pub mod token_format {}
#[cfg(feature = "cookie")]
#[doc = include_str!("../docs/one-time-and-remember.md")]
pub mod one_time_and_remember {}
#[doc = include_str!("../docs/redis.md")]
pub mod redis {}
#[cfg(feature = "tls")]
#[doc = include_str!("../docs/tls.md")]
pub mod tls {}
#[doc = include_str!("../docs/command.md")]
pub mod command {}
