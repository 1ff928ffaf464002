//! The manual: the pages of `docs/`.
#[doc = include_str!("../docs/file-format.md")]
pub mod file_format {}
