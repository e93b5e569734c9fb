//! Where results go: standard output, standard error, and files that are replaced as a whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// One line on standard error.
pub fn note(message: &str) {
    let line = message.replace(['\n', '\r'], " ");
    // Nothing more can be done when standard error is closed.
    let _ = writeln!(io::stderr(), "encast: {line}");
}

/// One JSON object on standard output.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(|e| Failure::Bad(format!("writing JSON: {e}")))?;
    text.push('\n');
    print_text(&text)
}

/// Text on standard output.
pub fn print_text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Checks, before minutes of work, that a file could be put there: into a folder that exists, and not in the place of
/// a device.
pub fn check_place(out: &Path) -> Result<(), Failure> {
    match fs::metadata(out) {
        Ok(about) if about.is_dir() => return Err(Failure::of_file(out, "is a folder")),
        Ok(about) if !about.is_file() => {
            return Err(Failure::of_file(out, "is not a regular file: nothing can be put in its place"));
        }
        _ => {}
    }
    let folder = folder_of(out);
    match fs::metadata(folder) {
        Ok(about) if about.is_dir() => Ok(()),
        Ok(_) => Err(Failure::of_file(folder, "is not a folder")),
        Err(error) => Err(Failure::of_file(folder, error)),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file being written: under a temporary name in the same folder until [`Replacement::finish`] puts it in place.
/// A device or pipe that is named as output is written directly.
pub enum Replacement {
    /// A regular file, or one that does not exist yet.
    File { temporary: NamedTempFile, target: PathBuf },
    /// A device or pipe.
    Direct { file: File, target: PathBuf },
}

impl Replacement {
    /// Opens the temporary file; the target is not touched.
    pub fn of(path: &Path) -> Result<Replacement, Failure> {
        // A symbolic link stays a link: what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&target) {
            Ok(about) if about.is_dir() => return Err(Failure::of_file(path, "is a folder")),
            Ok(about) if !about.is_file() => {
                let file = File::options().write(true).open(&target).map_err(|e| Failure::of_file(path, e))?;
                return Ok(Replacement::Direct { file, target });
            }
            _ => {}
        }
        let folder = folder_of(&target);
        // Told of the folder itself: the error of the temporary file would name that file.
        fs::metadata(folder).map_err(|e| Failure::of_file(folder, e))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".encast-").suffix(".tmp");
        #[cfg(unix)]
        {
            // As any other program creates files: readable as far as the umask allows.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.tempfile_in(folder).map_err(|e| Failure::of_file(path, e))?;
        Ok(Replacement::File { temporary, target })
    }

    /// Removes the temporary file when the program is ended by a signal, as it ends then without tidying up.
    pub fn remove_on_signal(&self) -> Result<(), Failure> {
        let Replacement::File { temporary, .. } = self else { return Ok(()) };
        let path = temporary.path().to_owned();
        let on_signal = move || {
            let _ = fs::remove_file(&path);
            note("stopped: nothing was written");
            std::process::exit(1);
        };
        ctrlc::set_handler(on_signal).map_err(|error| Failure::Bad(format!("signals: {error}")))
    }

    /// Makes sure that the bytes are on the disk, and puts the file in place.
    pub fn finish(self) -> Result<(), Failure> {
        match self {
            Replacement::File { temporary, target } => {
                temporary.as_file().sync_all().map_err(|e| Failure::of_file(&target, e))?;
                temporary.persist(&target).map_err(|e| Failure::of_file(&target, e.error))?;
                Ok(())
            }
            Replacement::Direct { mut file, target } => file.flush().map_err(|e| Failure::of_file(&target, e)),
        }
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Replacement::File { temporary, .. } => temporary.write(bytes),
            Replacement::Direct { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Replacement::File { temporary, .. } => temporary.flush(),
            Replacement::Direct { file, .. } => file.flush(),
        }
    }
}
