//! `--model`: a file, `ENCAST_MODEL`, or the embedded model. What is named is used, or it is an error; with
//! `--require-signature` it is signed, too.

use std::{
    ffi::OsString,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use clap::builder::NonEmptyStringValueParser;
use encast::{LoadOptions, MAX_SIGNATURE_BYTES, Model, TrustedKeys};

use crate::failure::Failure;

/// The variable that asks for a signature where the flag does not.
const VARIABLE: &str = "ENCAST_REQUIRE_SIGNATURE";

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
    /// the file beside the model, M.minisig. The embedded model needs none [default: what ENCAST_REQUIRE_SIGNATURE names]
    // The variable is read by hand: an empty one counts as not set, an empty argument is a mistake that must not turn
    // the check off.
    #[arg(long, value_name = "KEYS", value_parser = NonEmptyStringValueParser::new())]
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
        let by_variable = || std::env::var_os(VARIABLE).filter(|keys| !keys.is_empty());
        let Some(named) = self.require_signature.as_ref().map(OsString::from).or_else(by_variable) else {
            return Ok(None);
        };
        let path = Path::new(&named);
        if path.exists() {
            let text = read(path).map_err(|error| Failure::of_file(path, error))?;
            return TrustedKeys::parse(&text).map(Some).map_err(|error| Failure::of_file(path, error));
        }
        let no_key = || {
            let named = path.display();
            Failure::Bad(format!("--require-signature '{named}': neither a file nor a public key of minisign"))
        };
        TrustedKeys::parse(named.to_str().ok_or_else(no_key)?).map(Some).map_err(|_| no_key())
    }
}

/// The text of a file of keys, however large the file says it is.
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SIGNATURE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SIGNATURE_BYTES {
        return Err(std::io::Error::other(format!("more than {MAX_SIGNATURE_BYTES} bytes, keys have no more")));
    }
    Ok(text)
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
