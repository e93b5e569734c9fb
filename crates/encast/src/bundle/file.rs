//! Bundles on disk: bounded reading, atomic writing.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

use crate::{
    bundle::Model,
    error::{Error, Result},
};

/// The largest file that is read as a bundle.
pub const MAX_BUNDLE_BYTES: u64 = 256 << 20;

/// Loads a bundle, binary or JSON by its content.
///
/// # Errors
/// [`Error::ModelMissing`] when there is no such file, [`Error::Io`] when it can't be read, and those of
/// [`Model::from_bytes`]. Nothing is kept of a file that is refused.
pub fn load_model(path: impl AsRef<Path>) -> Result<Model> {
    let path = path.as_ref();
    let io = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => Error::ModelMissing { path: path.to_owned() },
        _ => Error::Io { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    if size > MAX_BUNDLE_BYTES {
        return Err(Error::TooLarge { found: size, bound: MAX_BUNDLE_BYTES });
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // A pipe or a growing file has no honest size: read one byte more than allowed, at most.
    file.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    Model::from_bytes(&bytes)
}

/// Saves a bundle: as JSON when the file's name ends in `.json`, otherwise as compact binary.
///
/// Atomic: written to a temporary file in the same folder, synced, renamed. Whatever happens on the way, the file is
/// either the old one or the whole new one.
///
/// # Errors
/// [`Error::Io`].
pub fn save_model(model: &Model, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let bytes = match path.extension().is_some_and(|extension| extension == "json") {
        true => model.to_json()?,
        false => model.to_binary()?,
    };
    write_atomically(path, &bytes).map_err(|source| Error::Io { path: path.to_owned(), source })
}

fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".encast-").suffix(".tmp");
    #[cfg(unix)]
    {
        // As any new file; the umask takes away what the user does not want.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // The error names a temporary file that nobody asked for: only its kind is of use.
    let mut temporary = builder.tempfile_in(folder).map_err(|error| std::io::Error::from(error.kind()))?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // The rename itself lasts only when the folder is synced too.
    File::open(folder)?.sync_all()
}
