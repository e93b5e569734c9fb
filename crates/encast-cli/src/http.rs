//! Asking servers over HTTP: time limits, names and passwords, certificates, trying again.

use std::{
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use base64::prelude::{BASE64_STANDARD, Engine};
use ureq::{
    Agent, RequestBuilder,
    http::{Response, Uri},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem},
};

use crate::{failure::Failure, output};

/// No answer that is held in memory is longer.
const LONGEST: u64 = 256 << 20;
/// Before a server is asked again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Where systems keep the certificates that they trust.
const SYSTEM_CERTIFICATES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How a server is asked.
#[derive(clap::Args, Debug, Clone)]
#[command(next_help_heading = "The server")]
pub struct HttpArgs {
    /// Name for basic authentication
    #[arg(long, value_name = "NAME", requires = "vm_password_file")]
    vm_user: Option<String>,
    /// File that holds the password for basic authentication
    #[arg(long, value_name = "FILE", requires = "vm_user")]
    vm_password_file: Option<PathBuf>,
    /// File that holds a bearer token
    #[arg(long, value_name = "FILE", conflicts_with = "vm_user")]
    bearer_token_file: Option<PathBuf>,
    /// Certificates, PEM, that the server's must come from, in place of those that the system trusts (or SSL_CERT_FILE names)
    #[arg(long, value_name = "PEM")]
    vm_ca: Option<PathBuf>,
    /// Longest time of one request, seconds, 0.1 to 3600
    #[arg(long, value_name = "S", default_value_t = 60.0, value_parser = seconds)]
    timeout: f64,
    /// How often a request is sent again that the server did not answer, or with 429 or 5xx; pauses double from half a second
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=20))]
    retries: u32,
}

impl Default for HttpArgs {
    fn default() -> Self {
        let (vm_user, vm_password_file, bearer_token_file, vm_ca) = (None, None, None, None);
        HttpArgs { vm_user, vm_password_file, bearer_token_file, vm_ca, timeout: 10.0, retries: 2 }
    }
}

impl HttpArgs {
    /// The same for a server that credentials and patience were not meant for: certificates are kept.
    pub fn for_another(&self) -> HttpArgs {
        HttpArgs { vm_ca: self.vm_ca.clone(), ..HttpArgs::default() }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let range = 0.1..=3600.0;
    text.parse().ok().filter(|value| range.contains(value)).ok_or_else(|| "must be from 0.1 to 3600 seconds".to_owned())
}

/// Why a server gave no answer that can be used.
#[derive(Debug)]
pub enum Trouble {
    /// It answered with another status than 2xx.
    Status { code: u16, text: String },
    /// There was no whole answer.
    NoAnswer(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Status { code, text } if text.is_empty() => write!(f, "the server answered {code}"),
            Trouble::Status { code, text } => write!(f, "the server answered {code}: {text}"),
            Trouble::NoAnswer(why) => f.write_str(why),
        }
    }
}

impl Trouble {
    /// Whether asking again may help.
    fn passes(&self) -> bool {
        match self {
            Trouble::Status { code, .. } => *code == 429 || *code >= 500,
            Trouble::NoAnswer(_) => true,
        }
    }
}

/// Whether an argument is an address, not a file.
pub fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// An address without name and password, also where they hold letters that an address must not.
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (before_query, _) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    let host = before_query.split('/').next().unwrap_or_default();
    let is_host = host.rsplit_once(':').is_none_or(|(_, port)| port.ends_with(']') || port.parse::<u16>().is_ok());
    // An @ may stand in a query, but not behind what is no host: that is a name and a part of a password.
    let secret = if is_host { before_query.rfind('@') } else { rest.rfind('@') };
    format!("{scheme}://{}", &rest[secret.map_or(0, |at| at + 1)..])
}

/// Asks one server.
pub struct Client {
    agent: Agent,
    authorization: Option<String>,
    retries: u32,
}

impl Client {
    /// A client for this address; reads the files that the arguments name.
    pub fn new(url: &str, args: &HttpArgs) -> Result<Client, Failure> {
        let bad = |why: &str| Failure::Bad(format!("\"{}\": {why}", shown(url)));
        let uri: Uri = url.parse().map_err(|_| bad("is no URL"))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad("must be a URL such as http://localhost:8428")),
        };
        let config = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs_f64(args.timeout)))
            .http_status_as_error(false)
            .user_agent(concat!("encast/", env!("CARGO_PKG_VERSION")));
        let config = if https { config.tls_config(trusting(args.vm_ca.as_deref())?) } else { config };
        let authorization = match (&args.vm_user, &args.vm_password_file, &args.bearer_token_file) {
            (Some(user), Some(file), _) => {
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{}", secret(file)?))))
            }
            (_, _, Some(file)) => Some(format!("Bearer {}", secret(file)?)),
            _ => None,
        };
        Ok(Client { agent: Agent::new_with_config(config.build()), authorization, retries: args.retries })
    }

    /// What stands at an address.
    pub fn get(&self, url: &str) -> Result<Vec<u8>, Trouble> {
        self.again(|| whole(self.with_name(self.agent.get(url)).call()))
    }

    /// Writes what stands at an address, however long it is; gives how many bytes.
    pub fn download(&self, url: &str, into: &mut (impl Write + io::Seek)) -> Result<u64, Trouble> {
        self.again(|| {
            let mut answer = checked(self.with_name(self.agent.get(url)).call())?;
            let bad = |error: io::Error| Trouble::NoAnswer(error.to_string());
            // What a try that broke off wrote is written over: the file's length is that of the answer only when it is cut to it.
            into.seek(io::SeekFrom::Start(0)).map_err(bad)?;
            let mut body = answer.body_mut().with_config().limit(u64::MAX).reader();
            io::copy(&mut body, into).map_err(bad)
        })
    }

    /// The answer to a form.
    pub fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<Vec<u8>, Trouble> {
        self.again(|| whole(self.with_name(self.agent.post(url)).send_form(form.iter().copied())))
    }

    fn with_name<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        }
    }

    fn again<T>(&self, mut ask: impl FnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
        let mut pause = FIRST_PAUSE;
        for left in (0..=self.retries).rev() {
            match ask() {
                Err(trouble) if left > 0 && trouble.passes() => {
                    output::note(&format!("warning: {trouble}; asking again in {:.1} s", pause.as_secs_f64()));
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                done => return done,
            }
        }
        Err(Trouble::NoAnswer("was not asked".to_owned()))
    }
}

type Answer = Result<Response<ureq::Body>, ureq::Error>;

/// An answer with status 2xx.
fn checked(answer: Answer) -> Result<Response<ureq::Body>, Trouble> {
    let mut answer = answer.map_err(|error| Trouble::NoAnswer(error.to_string()))?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let code = answer.status().as_u16();
    let text = answer.body_mut().with_config().limit(4096).lossy_utf8(true).read_to_string().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    Err(Trouble::Status { code, text: words.join(" ").chars().take(300).collect() })
}

fn whole(answer: Answer) -> Result<Vec<u8>, Trouble> {
    let mut answer = checked(answer)?;
    answer.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(|error| Trouble::NoAnswer(error.to_string()))
}

/// TLS that trusts the certificates of a file, else of the one that SSL_CERT_FILE names, else the system's.
pub fn trusting(named: Option<&Path>) -> Result<TlsConfig, Failure> {
    let of_environment = std::env::var_os("SSL_CERT_FILE").filter(|name| !name.is_empty()).map(PathBuf::from);
    let file = named
        .map(Path::to_owned)
        .or(of_environment)
        .or_else(|| SYSTEM_CERTIFICATES.iter().map(PathBuf::from).find(|file| file.is_file()));
    let Some(file) = file else {
        return Err(Failure::Bad("the system has no file of trusted certificates: SSL_CERT_FILE names one".to_owned()));
    };
    let text = std::fs::read(&file).map_err(|error| Failure::of_file(&file, error))?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    let found: Vec<Certificate<'static>> = parse_pem(&text)
        .filter_map(certificate)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::of_file(&file, error))?;
    if found.is_empty() {
        return Err(Failure::of_file(&file, "holds no certificate in PEM form"));
    }
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&found))
        .build())
}

/// The first line of a file.
fn secret(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::of_file(file, error))?;
    let line = text.lines().next().unwrap_or_default().trim();
    match line.is_empty() {
        true => Err(Failure::of_file(file, "is empty")),
        false => Ok(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        assert_eq!(shown("https://a:b@host:1/p?q=x@y"), "https://host:1/p?q=x@y");
        assert_eq!(shown("http://host"), "http://host");
        assert_eq!(shown("http://[::1]:80/p?q=x@y"), "http://[::1]:80/p?q=x@y");
        for unescaped in ["a:b/c@host/p", "a:b?c@host/p", "a:1/c@host/p", "a@b:c/d@host/p", "a:@?@host/p"] {
            assert_eq!(shown(&format!("http://{unescaped}")), "http://host/p", "{unescaped}");
        }
        assert!(Client::new("ftp://host", &HttpArgs::default()).is_err());
    }
}
