//! How a subcommand ends: done, "no", or an error of one line.

use std::{fmt::Display, io, path::Path};

/// What a subcommand that worked has to say.
pub enum Verdict {
    /// Exit code 0.
    Done,
    /// Exit code 1: the question was understood, and the answer is no.
    No(String),
}

/// Why a subcommand did not work: exit code 2.
#[derive(Debug)]
pub enum Failure {
    /// One line that names file, line, field, value, bound, as far as they apply.
    Bad(String),
    /// Standard output was closed by its reader. Not an error.
    ReaderGone,
}

/// What every subcommand returns.
pub type Outcome = Result<Verdict, Failure>;

impl Failure {
    /// A message about one file.
    pub fn of_file(path: &Path, what: impl Display) -> Failure {
        Failure::Bad(format!("{}: {what}", path.display()))
    }
}

impl From<encast::Error> for Failure {
    fn from(error: encast::Error) -> Failure {
        Failure::Bad(error.to_string())
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::Bad(message)
    }
}

impl From<io::Error> for Failure {
    /// Of standard output; errors of files name the file through [`Failure::of_file`].
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::ReaderGone
        } else {
            Failure::Bad(format!("standard output: {error}"))
        }
    }
}
