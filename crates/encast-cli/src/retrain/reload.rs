//! Telling the exporter that another bundle is in place. It sees the file by itself as well.

use crate::{
    failure::Failure,
    http::{Client, HttpArgs, shown},
};

/// The exporter's /reload.
pub struct Reload {
    client: Client,
    url: String,
}

impl Reload {
    /// Refuses an address that can't be asked, before anything is changed.
    pub fn new(url: &str, http: &HttpArgs) -> Result<Reload, Failure> {
        let told = |failure| match failure {
            Failure::Bad(why) => Failure::Bad(format!("--reload-url: {why}")),
            other => other,
        };
        Ok(Reload { client: Client::new(url, http).map_err(told)?, url: url.to_owned() })
    }

    /// Asks, and says how that came out.
    pub fn ask(&self) -> String {
        match self.client.post(&self.url, &[]) {
            Ok(_) => "the exporter has loaded it".to_owned(),
            Err(trouble) => format!("{} was not asked to load it: {trouble}", shown(&self.url)),
        }
    }
}
