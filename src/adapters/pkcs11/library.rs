//! Libraries that drive tokens: each is loaded and initialized once in a program, and stays.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};

use super::errors::{from_token, is_initialized};
use crate::Result;

/// One that is unloaded takes the sessions of all others in the program with it.
static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

pub(super) fn load(path: &Path) -> Result<Pkcs11> {
    // A name without a folder would be looked for in places that others may write to.
    let path = path.canonicalize()?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = loaded.get(&path) {
        return Ok(library.clone());
    }
    let library = Pkcs11::new(&path).map_err(from_token)?;
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Another part of the program uses it.
        Err(error) if !is_initialized(&error) => return Err(from_token(error)),
        _ => {}
    }
    loaded.insert(path, library.clone());
    Ok(library)
}
