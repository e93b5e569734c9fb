//! Bundles on disk: bounded reading, atomic writing.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    bundle::Model,
    error::{Error, Result},
    signature::{LoadOptions, MAX_SIGNATURE_BYTES, SIGNATURE_SUFFIX},
};

/// The largest file that is read as a bundle.
pub const MAX_BUNDLE_BYTES: u64 = 256 << 20;

/// Loads a bundle, binary or JSON by its content.
///
/// # Errors
/// [`Error::ModelMissing`] when there is no such file, [`Error::Io`] when it can't be read, and those of
/// [`Model::from_bytes`]. Nothing is kept of a file that is refused.
pub fn load_model(path: impl AsRef<Path>) -> Result<Model> {
    Model::from_bytes(&read(path.as_ref())?)
}

/// Loads a bundle whose signature is checked first, as the options ask. What was verified is what is loaded: the file is
/// read once.
///
/// # Errors
/// [`Error::BadKey`] when a signature is required and no key is given, [`Error::Unsigned`], [`Error::BadSignature`],
/// and those of [`load_model`].
pub fn load_model_with(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Model> {
    let path = path.as_ref();
    options.check()?;
    let bytes = read(path)?;
    if options.trusted_keys.is_none() || options.signature.is_some() {
        return Model::from_bytes_with(&bytes, options);
    }
    let beside = signature_beside(path)?;
    Model::from_bytes_with(&bytes, &LoadOptions { signature: beside.as_deref(), ..*options })
}

/// The text of the signature's file, where there is one.
fn signature_beside(path: &Path) -> Result<Option<String>> {
    let mut name = path.as_os_str().to_owned();
    name.push(SIGNATURE_SUFFIX);
    let path = PathBuf::from(name);
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| file.take(MAX_SIGNATURE_BYTES + 1).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(Error::BadSignature { reason: format!("{} is no text", path.display()) })
        }
        Err(source) => Err(Error::Io { path, source }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let io = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => Error::ModelMissing { path: path.to_owned() },
        _ => Error::Io { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    if size > MAX_BUNDLE_BYTES {
        return Err(Error::TooLarge { found: size, bound: MAX_BUNDLE_BYTES });
    }
    let mut bytes = Vec::new();
    Error::reserve(&mut bytes, size as usize, "a model bundle")?;
    // A pipe or a growing file has no honest size: read one byte more than allowed, at most.
    file.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
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
