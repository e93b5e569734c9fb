//! Signed bundles: minisign signatures (Ed25519) beside a bundle's file, and the public keys whose signatures count.

use minisign_verify::{Error as Refusal, PublicKey, Signature};

use crate::error::{Error, Result};

/// What a signature's file is called: the name of the bundle's file and this.
pub const SIGNATURE_SUFFIX: &str = ".minisig";
/// The largest text of keys, or of a signature, that is looked at, in bytes.
pub const MAX_SIGNATURE_BYTES: u64 = 64 << 10;

/// Public keys of minisign whose signatures are trusted.
#[derive(Clone, Debug)]
pub struct TrustedKeys(Vec<PublicKey>);

impl TrustedKeys {
    /// Reads the text of one or more keys: the content of a `.pub` file of minisign, or of several one after another,
    /// or a key by itself in each line. Lines that are empty, or start with `#` or `untrusted comment:`, say nothing.
    ///
    /// # Errors
    /// [`Error::BadKey`] with the line, from 1, when it is no key; or when there is no key at all, or more than 64 KiB.
    pub fn parse(text: &str) -> Result<TrustedKeys> {
        let bad = |line, reason: String| Err(Error::BadKey { line, reason });
        if text.len() as u64 > MAX_SIGNATURE_BYTES {
            return bad(1, format!("{} bytes of keys, at most {MAX_SIGNATURE_BYTES} are read", text.len()));
        }
        let mut keys = Vec::new();
        for (line, key) in (1..).zip(text.lines().map(str::trim)) {
            if key.is_empty() || key.starts_with('#') || key.starts_with("untrusted comment:") {
                continue;
            }
            match PublicKey::from_base64(key) {
                Ok(key) => keys.push(key),
                Err(error) => return bad(line, format!("'{}' is no public key of minisign ({error})", short(key))),
            }
        }
        if keys.is_empty() {
            return bad(1, "there is no public key of minisign in it".to_owned());
        }
        Ok(TrustedKeys(keys))
    }

    /// How many keys there are, at least 1.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Checks that one of the keys signed the bytes: `signature` is the text of a `.minisig` file. Returns the trusted
    /// comment, which the signature covers too.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    pub fn verify(&self, bytes: &[u8], signature: &str) -> Result<String> {
        let bad = |reason: &str| Error::BadSignature { reason: reason.to_owned() };
        if signature.len() as u64 > MAX_SIGNATURE_BYTES {
            return Err(bad("it is larger than a signature of minisign"));
        }
        let signature =
            Signature::decode(signature).map_err(|error| bad(&format!("it is no signature of minisign ({error})")))?;
        for key in &self.0 {
            // Older versions of minisign sign the bytes themselves instead of their hash; both are as good.
            match key.verify(bytes, &signature, true) {
                Ok(()) => return Ok(signature.trusted_comment().to_owned()),
                Err(Refusal::UnexpectedKeyId) => {}
                Err(_) => return Err(bad("the bundle, or the trusted comment, is not what was signed")),
            }
        }
        Err(bad(&format!("it was made with another key than the {} trusted", self.0.len())))
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Which signatures a bundle must have to be loaded. The default asks for none.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'a> {
    /// The keys that count. Without them no signature is looked at.
    pub trusted_keys: Option<&'a TrustedKeys>,
    /// Whether a bundle without a signature is refused. When it is not, a signature that is there is checked all the
    /// same; but whoever can change the bundle can take the signature away.
    pub require_signature: bool,
    /// The text of the signature. `None`: for a file, that of the file beside it, whose name ends in `.minisig`; for
    /// bytes, there is none.
    pub signature: Option<&'a str>,
}

impl LoadOptions<'_> {
    /// Checks that what is asked for can be done.
    pub(crate) fn check(&self) -> Result<()> {
        if self.require_signature && self.trusted_keys.is_none() {
            return Err(Error::BadKey {
                line: 1,
                reason: "a signature is required, but no public key is given".into(),
            });
        }
        Ok(())
    }

    /// Checks the signature of a bundle's bytes, where one is there or asked for. The trusted comment of what was
    /// verified.
    pub(crate) fn verify(&self, bytes: &[u8], signature: Option<&str>) -> Result<Option<String>> {
        self.check()?;
        match (self.trusted_keys, signature) {
            (Some(keys), Some(signature)) => keys.verify(bytes, signature).map(Some),
            (Some(_), None) if self.require_signature => Err(Error::Unsigned),
            _ => Ok(None),
        }
    }
}
