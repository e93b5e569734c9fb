//! One bundle in the place of another: bundle and signature are two renames, which a journal makes one, and what a kill left
//! half done is set right.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use encast::SIGNATURE_SUFFIX;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    place::Place,
    temporary::{
        KEPT, NEW, SMALL, TABLE, TRIAL, folder_of, prefix, remove, remove_folder, replace, temporary_name, with,
    },
};
use crate::output;

/// What is changed, as long as it is: enough to set it right.
#[derive(Serialize, Deserialize)]
struct Journal {
    new_bundle: String,
    old_signature: Option<String>,
}

/// The hash of a bundle's bytes.
pub fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Place {
    /// Puts a bundle in place, and its signature before it. An error means that the old ones serve: once the bundle is
    /// renamed the new one does, and what goes wrong after that is only told.
    pub(super) fn exchange(&self, bundle: &Path, signature: Option<&Path>) -> io::Result<()> {
        if signature.is_some() {
            let old_signature = match fs::read_to_string(self.signature()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                text => Some(text?),
            };
            let journal = Journal { new_bundle: fingerprint(&fs::read(bundle)?), old_signature };
            replace(&self.journal(), SMALL, &serde_json::to_vec(&journal)?)?;
        }
        let renamed = || {
            signature.map_or(Ok(()), |signature| fs::rename(signature, self.signature()))?;
            fs::rename(bundle, &self.out)
        };
        if let Err(error) = renamed() {
            if let Err(error) = self.set_right() {
                output::note(&format!("warning: {}: {error}; the next start tries again", self.journal().display()));
            }
            return Err(error);
        }
        let settled = || {
            File::open(folder_of(&self.out))?.sync_all()?;
            remove(&self.journal())
        };
        if let Err(error) = settled() {
            output::note(&format!("warning: {}: the new bundle is in place; {error}", self.out.display()));
        }
        Ok(())
    }

    /// Where the program was killed after the signature was put in place and before the bundle, puts the signature of the
    /// bundle that stayed back.
    pub(super) fn set_right(&self) -> io::Result<()> {
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

    /// Removes the temporary files that a killed program left for this bundle. The place must be locked: otherwise they may
    /// be another program's. What can't be removed is told, and in nobody's way.
    pub(super) fn clear(&self) {
        let (new, collected) = (temporary_name(&self.out, NEW), temporary_name(&self.collected, TABLE));
        let mut left = vec![with(&new, SIGNATURE_SUFFIX), new, temporary_name(&self.status, TRIAL)];
        left.extend([self.signature(), self.journal(), self.status.clone()].map(|path| temporary_name(&path, SMALL)));
        // What is kept is named by its version, which the program that was killed knew.
        let earlier = fs::read_dir(self.previous()).into_iter().flatten().flatten();
        let kept = earlier.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix(KEPT)));
        left.extend(kept.map(|entry| entry.path()));
        let removed = left.iter().map(|path| (path, remove(path)));
        for (path, result) in removed.chain([(&collected, remove_folder(&collected))]) {
            if let Err(error) = result {
                output::note(&format!("warning: {}: {error}", path.display()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrain::place::tests::place;

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
            place.set_right().unwrap();
            assert_eq!(place.signature().exists().then(signed), old_signature);
            assert!(!place.journal().exists());
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
    fn a_bundle_that_can_not_be_renamed_leaves_the_old_signature() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        // A folder in its place: the signature's rename works, the bundle's does not.
        fs::create_dir(&place.out).unwrap();
        fs::write(place.out.join("x"), "x").unwrap();
        fs::write(place.signature(), "of old").unwrap();
        let (bundle, signature) = (folder.path().join("new"), folder.path().join("new.minisig"));
        fs::write(&bundle, "new").unwrap();
        fs::write(&signature, "of new").unwrap();
        assert!(place.exchange(&bundle, Some(&signature)).is_err());
        assert_eq!(fs::read_to_string(&signature).ok(), None, "it was renamed");
        // What stands there can't be read as a bundle: the journal waits until it can.
        assert!(place.journal().exists());
        fs::remove_dir_all(&place.out).unwrap();
        place.set_right().unwrap();
        assert_eq!(fs::read_to_string(place.signature()).unwrap(), "of old");
    }

    #[test]
    fn what_kills_left_of_this_bundle_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        fs::create_dir(place.previous()).unwrap();
        let kept = place.previous().join("000001-a.encast");
        let others = [kept.clone(), folder.path().join(".encast-retrain-new-other.encast")];
        others.iter().for_each(|path| fs::write(path, "").unwrap());
        let new = temporary_name(&place.out, NEW);
        let mut left = vec![with(&new, SIGNATURE_SUFFIX), new, temporary_name(&kept, KEPT)];
        left.extend(
            [place.signature(), place.journal(), place.status.clone()].map(|path| temporary_name(&path, SMALL)),
        );
        left.iter().for_each(|path| fs::write(path, "").unwrap());
        let table = temporary_name(&place.collected, TABLE);
        fs::create_dir(&table).unwrap();
        fs::write(table.join("t.csv"), "").unwrap();
        drop(place.lock(std::time::Duration::ZERO).unwrap().unwrap());
        for path in left.iter().chain([&table]) {
            assert!(!path.exists(), "{}", path.display());
        }
        assert!(others.iter().all(|path| path.exists()));
    }
}
