//! `--model`: a file, `ENCAST_MODEL`, or the embedded model. What is named is used, or it is an error.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use encast::Model;

use crate::failure::Failure;

/// The flag that names a model.
#[derive(clap::Args)]
pub struct ModelArg {
    /// Model bundle, JSON or binary [default: the file that ENCAST_MODEL names, otherwise the embedded model]
    #[arg(long, value_name = "M")]
    pub model: Option<PathBuf>,
}

/// A model and where it came from.
pub struct Loaded {
    /// The model.
    pub model: Model,
    /// Its file; `None` is the embedded one.
    pub path: Option<PathBuf>,
}

impl ModelArg {
    /// Loads what is named, or the default.
    pub fn load(&self) -> Result<Loaded, Failure> {
        load(self.model.as_deref())
    }
}

/// Loads the file, or the one that `ENCAST_MODEL` names, or the embedded model.
pub fn load(named: Option<&Path>) -> Result<Loaded, Failure> {
    let path = match named {
        Some(path) => Some(path.to_owned()),
        None => std::env::var_os("ENCAST_MODEL").filter(|v: &OsString| !v.is_empty()).map(PathBuf::from),
    };
    let model = match &path {
        Some(path) => encast::load_model(path).map_err(|error| match error {
            // These two name the file themselves.
            encast::Error::Io { .. } | encast::Error::ModelMissing { .. } => Failure::from(error),
            other => Failure::of_file(path, other),
        })?,
        None => Model::embedded()?,
    };
    Ok(Loaded { model, path })
}

impl Loaded {
    /// Where it came from, for people.
    pub fn origin(&self) -> String {
        self.path.as_ref().map_or_else(|| "embedded model".to_owned(), |p| p.display().to_string())
    }
}
