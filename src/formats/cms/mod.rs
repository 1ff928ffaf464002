//! CMS (RFC 5652) as S/MIME has it: the structure alone, kept as it came. What it is worth is for the faces to find out.
pub(crate) mod algorithm;
pub(crate) mod attribute;
pub(crate) mod certificate_id;
pub(crate) mod content;
pub(crate) mod enveloped;
pub(crate) mod frame;
pub(crate) mod key_algorithm;
pub(crate) mod password_algorithm;
pub(crate) mod recipient;
pub(crate) mod signed;
