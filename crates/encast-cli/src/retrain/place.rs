//! The place of the bundle that serves: putting another one there whole, with its signature, keeping those before it, and
//! setting right what a kill left half done.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use encast::{Model, SIGNATURE_SUFFIX, load_model};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{failure::Failure, output};

/// What temporary files are for.
const NEW: &str = "new";
const KEPT: &str = "kept";
const SMALL: &str = "small";

/// Held while files are changed: a signal waits for its end.
static CHANGING: Mutex<()> = Mutex::new(());

/// Ends the program on SIGINT, SIGTERM and SIGHUP, but never between two files that belong together. Everything else may
/// end at any moment: training writes nothing.
pub fn exit_on_signal(code: i32) -> Result<(), Failure> {
    let on_signal = move || {
        let _unchanged = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        output::note("stopped");
        std::process::exit(code);
    };
    ctrlc::set_handler(on_signal).map_err(|error| Failure::Bad(format!("signals: {error}")))
}

/// A name with something behind it.
fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Where a bundle serves, and what stands beside it.
#[derive(Debug, Clone)]
pub struct Place {
    pub out: PathBuf,
    /// How many earlier bundles are kept.
    pub keep: usize,
    /// minisign's secret key, without a password.
    pub sign_with: Option<PathBuf>,
}

impl Place {
    /// The status file by default.
    pub fn status(&self) -> PathBuf {
        with(&self.out, ".retrain.json")
    }

    /// The table that collects what was read from a source, by default.
    pub fn collected(&self) -> PathBuf {
        with(&self.out, ".collected.csv")
    }

    /// The folder of earlier bundles.
    fn previous(&self) -> PathBuf {
        with(&self.out, ".previous")
    }

    fn signature(&self) -> PathBuf {
        with(&self.out, SIGNATURE_SUFFIX)
    }

    /// There while bundle and signature are changed.
    fn journal(&self) -> PathBuf {
        with(&self.out, ".retrain.placing")
    }

    /// Locks the place for this program, until the file that is given is closed; then sets right what a killed one left.
    /// `anew`: another bundle will be made, and not only an earlier one put back, which has its signature.
    pub fn open(&self, anew: bool) -> Result<File, Failure> {
        output::check_place(&self.out)?;
        let path = with(&self.out, ".retrain.lock");
        let bad = |error: io::Error| Failure::of_file(&path, error);
        let lock = File::options().create(true).append(true).open(&path).map_err(bad)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::of_file(&path, "another encast retrain is at work on this bundle"));
            }
            Err(TryLockError::Error(error)) => return Err(bad(error)),
        }
        self.set_right().map_err(|error| Failure::of_file(&self.out, error))?;
        if anew && self.sign_with.is_none() && self.signature().exists() {
            return Err(Failure::of_file(
                &self.signature(),
                "the bundle is signed, and a new one would not be: give --sign-with, or remove the signature",
            ));
        }
        Ok(lock)
    }

    /// Removes temporary files; where the program was killed after the signature was put in place and before the bundle,
    /// puts the signature of the bundle that stayed back.
    fn set_right(&self) -> io::Result<()> {
        for tag in [NEW, SMALL, KEPT] {
            let left = temporary_name(&self.out, tag);
            for path in [with(&left, SIGNATURE_SUFFIX), left] {
                remove(&path)?;
            }
        }
        let journal = match fs::read(self.journal()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            journal => serde_json::from_slice::<Journal>(&journal?)?,
        };
        let current = if self.out.exists() { Some(fingerprint(&fs::read(&self.out)?)) } else { None };
        if current.as_ref() != Some(&journal.new_bundle) {
            match &journal.old_signature {
                Some(text) => replace(&self.signature(), SMALL, text.as_bytes())?,
                None => remove(&self.signature())?,
            }
        }
        remove(&self.journal())
    }

    /// Earlier bundles and their numbers, the oldest first.
    fn kept(&self) -> io::Result<Vec<(PathBuf, u64)>> {
        let mut kept = Vec::new();
        if self.previous().is_dir() {
            for entry in fs::read_dir(self.previous())? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let number = name.split_once('-').and_then(|(number, _)| number.parse().ok());
                if let Some(number) = number.filter(|_| !name.ends_with(SIGNATURE_SUFFIX)) {
                    kept.push((path, number));
                }
            }
        }
        kept.sort_by_key(|(_, number)| *number);
        Ok(kept)
    }

    /// Writes the status file.
    pub fn write_status(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        replace(path, SMALL, bytes).map_err(|error| Failure::of_file(path, error))
    }

    /// Puts a model in place: signature first, then the bundle, a rename each.
    pub fn put(&self, model: &Model) -> Result<(), Failure> {
        let json = self.out.extension().is_some_and(|extension| extension == "json");
        let bytes = if json { model.to_json()? } else { model.to_binary()? };
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let bad = |error: io::Error| Failure::of_file(&self.out, error);
        let temporary = temporary(&self.out, NEW, &bytes).map_err(bad)?;
        // What is put in place was read back from the disk.
        let loaded = load_model(&temporary)?;
        if loaded.metadata().version != model.metadata().version {
            return Err(Failure::of_file(&temporary, "reads back as another model"));
        }
        let signature = match &self.sign_with {
            Some(key) => Some(self.sign(&temporary, key, &loaded.metadata().version)?),
            None => None,
        };
        self.keep_current().map_err(bad)?;
        self.exchange(&temporary, signature.as_deref()).map_err(bad)?;
        self.prune().map_err(bad)
    }

    fn exchange(&self, bundle: &Path, signature: Option<&Path>) -> io::Result<()> {
        if let Some(signature) = signature {
            let old_signature = match fs::read_to_string(self.signature()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                text => Some(text?),
            };
            let journal = Journal { new_bundle: fingerprint(&fs::read(bundle)?), old_signature };
            replace(&self.journal(), SMALL, &serde_json::to_vec(&journal)?)?;
            fs::rename(signature, self.signature())?;
        }
        fs::rename(bundle, &self.out)?;
        File::open(folder_of(&self.out))?.sync_all()?;
        if signature.is_some() { remove(&self.journal()) } else { Ok(()) }
    }

    /// Signs by the minisign program, which keeps the key.
    fn sign(&self, bundle: &Path, key: &Path, version: &str) -> Result<PathBuf, Failure> {
        let signature = with(bundle, SIGNATURE_SUFFIX);
        let comment = format!("encast retrain, model {version}");
        let mut minisign = Command::new("minisign");
        minisign.arg("-S").arg("-s").arg(key).arg("-m").arg(bundle).arg("-x").arg(&signature).args(["-t", &comment]);
        let done = minisign.stdin(Stdio::null()).output().map_err(|error| {
            Failure::Bad(format!(
                "minisign, which signs bundles, can't be started: {error} (Debian: apt install minisign)"
            ))
        })?;
        if done.status.success() && signature.exists() {
            return Ok(signature);
        }
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).trim().to_owned();
        Err(Failure::Bad(format!(
            "--sign-with {}: minisign did not sign (keys with a password can't be used): {said}",
            key.display()
        )))
    }

    /// Keeps the bundle that serves, so that one can go back to it.
    fn keep_current(&self) -> io::Result<()> {
        if !self.out.exists() {
            return Ok(());
        }
        let (current, kept) = (fs::read(&self.out)?, self.kept()?);
        if let Some((last, _)) = kept.last()
            && fs::read(last)? == current
        {
            return Ok(());
        }
        fs::create_dir_all(self.previous())?;
        let version = load_model(&self.out).map_or("unreadable".to_owned(), |model| model.metadata().version.clone());
        let safe: String =
            version.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
        let ending = self.out.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
        let number = kept.last().map_or(1, |(_, number)| number + 1);
        let path = self.previous().join(format!("{number:06}-{safe}{ending}"));
        if self.signature().exists() {
            fs::copy(self.signature(), with(&path, SIGNATURE_SUFFIX))?;
        }
        replace(&path, KEPT, &current)
    }

    fn prune(&self) -> io::Result<()> {
        let kept = self.kept()?;
        for (path, _) in kept.iter().take(kept.len().saturating_sub(self.keep)) {
            remove(path)?;
            remove(&with(path, SIGNATURE_SUFFIX))?;
        }
        Ok(())
    }

    /// Puts the bundle that served before back, and sets the one that serves aside as `rolled-back`; gives the version that
    /// serves then. Again, it goes one further back.
    pub fn roll_back(&self) -> Result<String, Failure> {
        let bad = |error: io::Error| Failure::of_file(&self.out, error);
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let current = fs::read(&self.out).map_err(bad)?;
        let mut kept = self.kept().map_err(bad)?;
        let Some((earlier, _)) = kept.pop() else {
            return Err(Failure::of_file(&self.previous(), "there is no earlier bundle to go back to"));
        };
        let version = load_model(&earlier)?.metadata().version.clone();
        let signature = with(&earlier, SIGNATURE_SUFFIX);
        if self.signature().exists() && !signature.exists() {
            return Err(Failure::of_file(&earlier, "was not signed, and the bundle that serves is: sign it first"));
        }
        let ending = self.out.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
        replace(&self.previous().join(format!("rolled-back{ending}")), KEPT, &current).map_err(bad)?;
        let exchange = || {
            let bundle = temporary(&self.out, NEW, &fs::read(&earlier)?)?;
            let beside = with(&bundle, SIGNATURE_SUFFIX);
            if signature.exists() {
                fs::copy(&signature, &beside)?;
            }
            self.exchange(&bundle, signature.exists().then_some(beside.as_path()))?;
            // Killed before this, it is in both places, and going back again changes nothing.
            remove(&earlier)?;
            remove(&signature)
        };
        exchange().map_err(bad)?;
        Ok(version)
    }
}

/// What is changed, as long as it is: enough to set it right.
#[derive(Serialize, Deserialize)]
struct Journal {
    new_bundle: String,
    old_signature: Option<String>,
}

fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of a temporary file beside another one. It is always the same, so that what a kill leaves is found; its ending
/// is the file's, which says how a bundle is read.
fn temporary_name(path: &Path, tag: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folder_of(path).join(format!(".encast-retrain-{tag}-{name}"))
}

/// A temporary file, on the disk.
fn temporary(path: &Path, tag: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let temporary = temporary_name(path, tag);
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(temporary)
}

/// Replaces a file at once.
fn replace(path: &Path, tag: &str, bytes: &[u8]) -> io::Result<()> {
    fs::rename(temporary(path, tag, bytes)?, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> Place {
        Place { out: folder.join("m.encast"), keep: 2, sign_with: None }
    }

    #[test]
    fn a_kill_between_signature_and_bundle_is_set_right() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let signed = || fs::read_to_string(place.signature()).unwrap();
        fs::write(&place.out, "old").unwrap();
        for old_signature in [Some("of old".to_owned()), None] {
            // As it is found when the signature was renamed, and the bundle not.
            fs::write(place.signature(), "of new").unwrap();
            let journal = Journal { new_bundle: fingerprint(b"new"), old_signature: old_signature.clone() };
            fs::write(place.journal(), serde_json::to_vec(&journal).unwrap()).unwrap();
            fs::write(temporary_name(&place.out, NEW), "new").unwrap();
            place.set_right().unwrap();
            assert_eq!(place.signature().exists().then(signed), old_signature);
            assert!(!place.journal().exists() && !temporary_name(&place.out, NEW).exists());
        }
        // When both were renamed, only the journal is left over.
        fs::write(&place.out, "new").unwrap();
        fs::write(place.signature(), "of new").unwrap();
        let journal = Journal { new_bundle: fingerprint(b"new"), old_signature: Some("of old".to_owned()) };
        fs::write(place.journal(), serde_json::to_vec(&journal).unwrap()).unwrap();
        place.set_right().unwrap();
        assert_eq!(signed(), "of new");
        assert!(!place.journal().exists());
    }

    #[test]
    fn one_program_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let lock = place.open(true).unwrap();
        assert!(place.open(true).is_err());
        drop(lock);
        place.open(true).unwrap();
        fs::write(place.signature(), "x").unwrap();
        assert!(place.open(true).is_err(), "a bundle that is signed is not replaced by one that is not");
        place.open(false).unwrap();
    }
}
