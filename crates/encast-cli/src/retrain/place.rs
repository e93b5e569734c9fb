//! The place of the bundle that serves: its lock, putting another one there whole, with its signature, and keeping
//! those before it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use encast::{Model, SIGNATURE_SUFFIX, load_model};

use super::{
    exchange::fingerprint,
    temporary::{KEPT, NEW, SMALL, TABLE, TRIAL, remove, remove_folder, replace, temporary, temporary_name, with},
};
use crate::{export::Sheet, failure::Failure, output};

/// What stands beside a bundle, unless it is named otherwise: the status, and the table that collects what was read from a
/// source.
pub const STATUS_SUFFIX: &str = ".retrain.json";
pub const COLLECTED_SUFFIX: &str = ".collected.csv";
/// Between two looks at a lock that is held.
const LOOK: Duration = Duration::from_millis(100);

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

/// Where a bundle serves, and what stands beside it.
#[derive(Debug, Clone)]
pub struct Place {
    pub out: PathBuf,
    /// The status file.
    pub status: PathBuf,
    /// The table that collects what was read from a source.
    pub collected: PathBuf,
    /// How many earlier bundles are kept.
    pub keep: usize,
    /// minisign's secret key, without a password.
    pub sign_with: Option<PathBuf>,
}

impl Place {
    /// The folder of earlier bundles.
    pub(super) fn previous(&self) -> PathBuf {
        with(&self.out, ".previous")
    }

    pub(super) fn signature(&self) -> PathBuf {
        with(&self.out, SIGNATURE_SUFFIX)
    }

    /// There while bundle and signature are changed.
    pub(super) fn journal(&self) -> PathBuf {
        with(&self.out, ".retrain.placing")
    }

    fn lock_file(&self) -> PathBuf {
        with(&self.out, ".retrain.lock")
    }

    /// Whether bundle and status could be there at all.
    pub fn check(&self) -> Result<(), Failure> {
        output::check_place(&self.out)?;
        output::check_place(&self.status)
    }

    /// Whether a new bundle would be signed where the one that serves is.
    pub fn check_signing(&self) -> Result<(), Failure> {
        if self.sign_with.is_none() && self.signature().exists() {
            return Err(Failure::of_file(
                &self.signature(),
                "the bundle is signed, and a new one would not be: give --sign-with, or remove the signature",
            ));
        }
        Ok(())
    }

    /// Whether the status can be written, before minutes of work that nothing would tell of.
    pub fn check_status(&self) -> Result<(), Failure> {
        let tried = temporary(&self.status, TRIAL, b"").and_then(|trial| remove(&trial));
        tried.map_err(|error| Failure::of_file(&self.status, error))
    }

    /// Locks the place for this program, until the file that is given is closed, and sets right what a killed one left. `None`
    /// when another one holds it for longer than is waited.
    pub fn lock(&self, wait: Duration) -> Result<Option<File>, Failure> {
        let path = self.lock_file();
        let bad = |error: io::Error| Failure::of_file(&path, error);
        let lock = File::options().create(true).append(true).open(&path).map_err(bad)?;
        let until = Instant::now() + wait;
        let mut told = false;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() >= until => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut told, true) {
                        output::note(&format!("{}: waiting for the run that is at work", path.display()));
                    }
                    thread::sleep(LOOK);
                }
                Err(TryLockError::Error(error)) => return Err(bad(error)),
            }
        }
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        self.set_right().map_err(|error| Failure::of_file(&self.out, error))?;
        self.clear();
        Ok(Some(lock))
    }

    /// What is said where [`lock`](Self::lock) gives nothing.
    pub fn is_busy(&self) -> Failure {
        Failure::of_file(&self.lock_file(), "another encast retrain is at work on this bundle")
    }

    /// The hash of the bundle that serves; none where there is none.
    pub fn current(&self) -> Result<Option<String>, Failure> {
        match fs::read(&self.out) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            bytes => Ok(Some(fingerprint(&bytes.map_err(|error| Failure::of_file(&self.out, error))?))),
        }
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
    pub fn write_status(&self, bytes: &[u8]) -> Result<(), Failure> {
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        replace(&self.status, SMALL, bytes).map_err(|error| Failure::of_file(&self.status, error))
    }

    /// Writes the table that collects what was read from a source, CSV or Parquet as its name says.
    pub fn write_collected(&self, table: &Sheet) -> Result<(), Failure> {
        let bad = |error: io::Error| Failure::of_file(&self.collected, error);
        // A symbolic link stays a link: what it points to is replaced.
        let target = fs::canonicalize(&self.collected).unwrap_or_else(|_| self.collected.clone());
        let folder = temporary_name(&target, TABLE);
        remove_folder(&folder).and_then(|()| fs::create_dir(&folder)).map_err(bad)?;
        let written = folder.join(target.file_name().unwrap_or_default());
        table.write(&written)?;
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        fs::rename(written, &target).and_then(|()| remove_folder(&folder)).map_err(bad)
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
        if let Err(error) = self.prune() {
            output::note(&format!("warning: {}: older bundles stay: {error}", self.previous().display()));
        }
        Ok(())
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
        // A rollback that was killed leaves the bundle that serves among the earlier ones.
        while let Some((last, _)) = kept.last()
            && fs::read(last).map_err(bad)? == current
        {
            kept.pop();
        }
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
            self.exchange(&bundle, signature.exists().then_some(beside.as_path()))
        };
        exchange().map_err(bad)?;
        // Where it stays, it is in both places, and the next rollback passes it over.
        if let Err(error) = remove(&earlier).and_then(|()| remove(&signature)) {
            output::note(&format!("warning: {}: {error}", earlier.display()));
        }
        Ok(version)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn place(folder: &Path) -> Place {
        let out = folder.join("m.encast");
        let (status, collected) = (with(&out, STATUS_SUFFIX), with(&out, COLLECTED_SUFFIX));
        Place { out, status, collected, keep: 2, sign_with: None }
    }

    #[test]
    fn one_program_at_a_time_and_another_may_wait() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let lock = place.lock(Duration::ZERO).unwrap().unwrap();
        assert!(place.lock(Duration::ZERO).unwrap().is_none());
        assert!(place.lock(Duration::from_millis(150)).unwrap().is_none(), "a wait ends");
        let held = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            drop(lock);
        });
        assert!(place.lock(Duration::from_secs(60)).unwrap().is_some());
        held.join().unwrap();
    }

    #[test]
    fn a_bundle_that_is_signed_is_not_replaced_by_one_that_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = place(folder.path());
        place.check_signing().unwrap();
        fs::write(place.signature(), "x").unwrap();
        assert!(place.check_signing().is_err());
        place.sign_with = Some(folder.path().join("k.key"));
        place.check_signing().unwrap();
    }

    #[test]
    fn what_fails_after_the_rename_does_not_make_the_placing_fail() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { keep: 0, ..place(folder.path()) };
        // Among the earlier bundles, one that can't be removed.
        fs::create_dir_all(place.previous().join("000001-x.encast")).unwrap();
        place.put(&Model::embedded().unwrap()).unwrap();
        load_model(&place.out).unwrap();
        assert!(place.previous().join("000001-x.encast").exists());
    }

    #[test]
    fn a_rollback_that_was_killed_at_its_end_is_not_done_twice() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        place.put(&Model::embedded().unwrap()).unwrap();
        let serving = fs::read(&place.out).unwrap();
        fs::create_dir(place.previous()).unwrap();
        fs::write(place.previous().join("000001-x.encast"), &serving).unwrap();
        assert!(place.roll_back().is_err(), "there is nothing but what serves");
        assert!(!place.previous().join("rolled-back.encast").exists());
    }
}
