//! `--model`: a file, `ENCAST_MODEL`, or the embedded model. What is named is used, or it is an error; with
//! `--require-signature` it is signed, too.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use encast::{LoadOptions, MAX_SIGNATURE_BYTES, Model, TrustedKeys};

use crate::failure::Failure;

/// The flags that name a model.
#[derive(clap::Args)]
pub struct ModelArg {
    /// Model bundle, JSON or binary [default: the file that ENCAST_MODEL names, otherwise the embedded model]
    #[arg(long, value_name = "M")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    signature: SignatureArg,
}

/// The flag that asks for a signature.
#[derive(clap::Args)]
pub struct SignatureArg {
    /// Refuse a model file that none of these minisign public keys signed: a .pub file, or a key itself; the signature is
    /// the file beside the model, M.minisig. The embedded model needs none
    #[arg(long, value_name = "KEYS", env = "ENCAST_REQUIRE_SIGNATURE", hide_env_values = true)]
    require_signature: Option<String>,
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
        load(self.model.as_deref(), &self.signature)
    }
}

impl SignatureArg {
    /// The keys that count; `None` when no signature is asked for.
    fn keys(&self) -> Result<Option<TrustedKeys>, Failure> {
        let Some(named) = self.require_signature.as_deref().filter(|named| !named.is_empty()) else {
            return Ok(None);
        };
        let path = Path::new(named);
        if let Ok(about) = path.metadata() {
            let text = if about.len() > MAX_SIGNATURE_BYTES {
                return Err(Failure::of_file(
                    path,
                    format!("{} bytes, keys have at most {MAX_SIGNATURE_BYTES}", about.len()),
                ));
            } else {
                std::fs::read_to_string(path).map_err(|error| Failure::of_file(path, error))?
            };
            return TrustedKeys::parse(&text).map(Some).map_err(|error| Failure::of_file(path, error));
        }
        let no_key =
            |_| Failure::Bad(format!("--require-signature '{named}': neither a file nor a public key of minisign"));
        TrustedKeys::parse(named).map(Some).map_err(no_key)
    }
}

/// Loads the file, or the one that `ENCAST_MODEL` names, or the embedded model.
pub fn load(named: Option<&Path>, signature: &SignatureArg) -> Result<Loaded, Failure> {
    let path = match named {
        Some(path) => Some(path.to_owned()),
        None => std::env::var_os("ENCAST_MODEL").filter(|v: &OsString| !v.is_empty()).map(PathBuf::from),
    };
    let keys = signature.keys()?;
    let options = LoadOptions { trusted_keys: keys.as_ref(), require_signature: keys.is_some(), signature: None };
    let model = match &path {
        Some(path) => encast::load_model_with(path, &options).map_err(|error| match error {
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
