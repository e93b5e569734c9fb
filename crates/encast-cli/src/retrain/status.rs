//! The status file: how the last run came out, for the exporter's metrics and for the next run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{failure::Failure, output};

/// How a run came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Result {
    /// A new bundle is in place.
    Placed,
    /// The candidate missed a gate.
    Refused,
    /// Something did not work.
    Failed,
    /// There was no reason to train.
    Unchanged,
}

impl Result {
    /// As the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Result::Placed => "placed",
            Result::Refused => "refused",
            Result::Failed => "failed",
            Result::Unchanged => "unchanged",
        }
    }

    /// Whether something did not work.
    pub fn is_failure(self) -> bool {
        self == Result::Failed
    }

    /// Whether the old bundle was kept on purpose.
    pub fn is_no(self) -> bool {
        matches!(self, Result::Refused | Result::Unchanged)
    }
}

/// How often runs came out how, ever since the file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Runs {
    pub placed: u64,
    pub refused: u64,
    pub failed: u64,
    pub unchanged: u64,
}

/// A gate as the file keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub gate: String,
    pub value: Option<f64>,
    pub passed: bool,
}

/// The file's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Unix seconds.
    pub started_at: i64,
    pub finished_at: i64,
    pub outcome: Result,
    /// A code of a few words; `message` is for people.
    pub reason: String,
    pub message: String,
    /// What serves after the run.
    pub serving_version: Option<String>,
    pub candidate_version: Option<String>,
    pub rows: usize,
    pub titles: usize,
    pub gates: Vec<Gate>,
    #[serde(default)]
    pub runs: Runs,
    /// When a run last did what it should, Unix seconds: a bundle was put in place, or there was no reason to.
    #[serde(default)]
    pub last_success_at: Option<i64>,
    /// When the bundle before was put back, Unix seconds, until another one is placed.
    #[serde(default)]
    pub rolled_back_at: Option<i64>,
    /// Seconds between the starts of two runs, where one program goes on running.
    #[serde(default)]
    pub every: Option<i64>,
}

impl Status {
    /// The last status; `None` when there is none. One that can't be read is told, and counts begin anew: it must not keep
    /// models from being trained.
    pub fn read(path: &Path) -> Option<Status> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                output::note(&format!("warning: {}: {error}; counts begin anew", path.display()));
                return None;
            }
        };
        match serde_json::from_slice(&text) {
            Ok(status) => Some(status),
            Err(error) => {
                output::note(&format!("warning: {}: {error}; counts begin anew", path.display()));
                None
            }
        }
    }

    /// Adds this run to the counts of those before it. A success or rollback after its end, which a clock that was wrong left,
    /// is not believed: the one was never, the other before this.
    pub fn counted(mut self, before: Option<&Status>) -> Status {
        self.runs = before.map(|before| before.runs).unwrap_or_default();
        self.last_success_at = before.and_then(|before| before.last_success_at).filter(|&at| at <= self.finished_at);
        if self.outcome != Result::Placed {
            self.rolled_back_at = before.and_then(|before| before.rolled_back_at).map(|at| at.min(self.finished_at));
        }
        self.every = self.every.or(before.and_then(|before| before.every));
        if matches!(self.outcome, Result::Placed | Result::Unchanged) {
            self.last_success_at = Some(self.finished_at);
        }
        match self.outcome {
            Result::Placed => self.runs.placed += 1,
            Result::Refused => self.runs.refused += 1,
            Result::Failed => self.runs.failed += 1,
            Result::Unchanged => self.runs.unchanged += 1,
        }
        self
    }

    /// The file's text.
    pub fn text(&self) -> std::result::Result<Vec<u8>, Failure> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| Failure::Bad(format!("writing JSON: {error}")))?;
        Ok([text, b"\n".to_vec()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_on_and_a_damaged_file_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.json");
        assert_eq!(Status::read(&path), None);
        let run = |outcome, finished_at| Status {
            started_at: 1,
            finished_at,
            outcome,
            reason: "gates_kept".to_owned(),
            message: String::new(),
            serving_version: None,
            candidate_version: None,
            rows: 0,
            titles: 0,
            gates: vec![Gate { gate: "vmaf.r2=0.85".to_owned(), value: None, passed: false }],
            runs: Runs::default(),
            last_success_at: None,
            rolled_back_at: None,
            every: None,
        };
        for (outcome, at) in
            [(Result::Placed, 10), (Result::Refused, 20), (Result::Failed, 30), (Result::Unchanged, 40)]
        {
            let status = run(outcome, at).counted(Status::read(&path).as_ref());
            std::fs::write(&path, status.text().unwrap()).unwrap();
        }
        let last = Status::read(&path).unwrap();
        assert_eq!(last.runs, Runs { placed: 1, refused: 1, failed: 1, unchanged: 1 });
        assert_eq!(last.last_success_at, Some(40));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"outcome\": \"unchanged\""), "{text}");
        std::fs::write(&path, &text[..40]).unwrap();
        assert_eq!(Status::read(&path), None);

        // A rollback is remembered until a bundle is placed, the schedule over runs without one.
        let back = Status { rolled_back_at: Some(50), every: Some(60), ..run(Result::Placed, 50) }.counted(None);
        let after = run(Result::Refused, 70).counted(Some(&back));
        assert_eq!((after.rolled_back_at, after.last_success_at, after.every), (Some(50), Some(50), Some(60)));
        assert_eq!(run(Result::Placed, 80).counted(Some(&after)).rolled_back_at, None);
        let set_back = run(Result::Failed, 40).counted(Some(&after));
        assert_eq!((set_back.rolled_back_at, set_back.last_success_at), (Some(40), None));
    }
}
