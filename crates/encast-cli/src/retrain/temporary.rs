//! Files that are replaced as a whole, by way of temporary ones beside them. The name of a temporary file follows from that of
//! the file and from what it is for, so that what a kill leaves is found.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A bundle that is about to be put in place.
pub const NEW: &str = "new";
/// A bundle that is being kept.
pub const KEPT: &str = "kept";
/// A signature, the journal, the status.
pub const SMALL: &str = "small";
/// A folder for the collected table.
pub const TABLE: &str = "table";
/// A file that shows whether others could be written there.
pub const TRIAL: &str = "trial";

/// A name with something behind it.
pub fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder that a file stands in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What names of temporary files begin with.
pub fn prefix(tag: &str) -> String {
    format!(".encast-retrain-{tag}-")
}

/// The name of a temporary file beside another one. Its ending is the file's, which says how a bundle is read.
pub fn temporary_name(path: &Path, tag: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folder_of(path).join(format!("{}{name}", prefix(tag)))
}

/// A temporary file, on the disk.
pub fn temporary(path: &Path, tag: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let temporary = temporary_name(path, tag);
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(temporary)
}

/// Replaces a file at once.
pub fn replace(path: &Path, tag: &str, bytes: &[u8]) -> io::Result<()> {
    fs::rename(temporary(path, tag, bytes)?, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// Removes a file that may not be there.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a folder, with what is in it, that may not be there.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
