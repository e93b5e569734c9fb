//! Sends rows to VictoriaMetrics while the campaign goes on: in batches, from a thread of its own, again and again until
//! they are there.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ureq::Agent;

use super::{row::Row, series};
use crate::{failure::Failure, http, output};

/// Rows of one request: about 2 MB.
const BATCH: usize = 500;
/// Measured rows that wait at most; what comes on top is only in the table.
const WAITING: usize = 20_000;
/// No request takes longer.
const REQUEST: Duration = Duration::from_secs(10);
/// How long to wait for a server before it is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long to go on trying when all is measured.
const FLUSH: Duration = Duration::from_secs(10);

/// Where rows go.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address of the import API.
    url: String,
    /// The base without name and password.
    shown: String,
}

impl Endpoint {
    /// Reads the server's base address; an error says what is wrong with it.
    pub fn parse(base: &str) -> Result<Endpoint, String> {
        let trimmed = base.trim_end_matches('/');
        let uri: ureq::http::Uri = trimmed.parse().map_err(|error| format!("\"{base}\" is no URL: {error}"))?;
        if uri.authority().is_none() || !http::is_url(trimmed) {
            return Err(format!("\"{}\": must be a URL such as http://localhost:8428", http::shown(base)));
        }
        if uri.query().is_some() || base.contains('#') {
            return Err(format!("\"{}\": must be the server's base address, without ? and #", http::shown(base)));
        }
        Ok(Endpoint { url: format!("{trimmed}/api/v1/import/prometheus"), shown: http::shown(trimmed) })
    }

    /// What asks the server; reads the certificates that are trusted when it speaks https.
    fn agent(&self) -> Result<Agent, Failure> {
        let config = Agent::config_builder().timeout_global(Some(REQUEST)).user_agent("encast");
        let config = match self.url.starts_with("https:") {
            true => config.tls_config(http::trusting(None)?),
            false => config,
        };
        Ok(Agent::new_with_config(config.build()))
    }
}

/// What became of the rows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Rows that the server took.
    pub rows: usize,
    /// Rows that it did not get.
    pub missing: usize,
    /// Why, the last time.
    pub why: Option<String>,
}

impl Delivered {
    /// What to tell of it, when not all is there.
    pub fn complaint(&self, endpoint: &Endpoint) -> Option<String> {
        (self.missing > 0).then(|| {
            let why = self.why.as_deref().unwrap_or("too many were waiting");
            format!(
                "{} rows are in the table but not at {}: {why}; --push-all sends the whole table again",
                self.missing, endpoint.shown
            )
        })
    }
}

#[derive(Default)]
struct Queue {
    rows: VecDeque<Row>,
    most: usize,
    /// Rows that found no place.
    refused: usize,
    /// When to give up; none while rows may still come.
    until: Option<Instant>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that sends.
pub struct Pusher {
    shared: Arc<Shared>,
    thread: JoinHandle<Delivered>,
}

impl Pusher {
    /// Starts to send: `backlog` first, then what is measured.
    pub fn start(endpoint: &Endpoint, backlog: Vec<Row>) -> Result<Pusher, Failure> {
        let agent = endpoint.agent()?;
        let most = backlog.len() + WAITING;
        let queue = Queue { rows: backlog.into(), most, ..Queue::default() };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed: Condvar::new() });
        let (endpoint, of_thread) = (endpoint.clone(), Arc::clone(&shared));
        Ok(Pusher { shared, thread: thread::spawn(move || deliver(&agent, &endpoint, &of_thread)) })
    }

    /// Takes a row; never waits for the server.
    pub fn send(&self, row: &Row) {
        let mut queue = self.shared.lock();
        if queue.rows.len() < queue.most {
            queue.rows.push_back(row.clone());
        } else {
            queue.refused += 1;
        }
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Sends what is left, for a few seconds at most, and tells what became of all.
    pub fn finish(self) -> Delivered {
        self.shared.lock().until = Some(Instant::now() + FLUSH);
        self.shared.changed.notify_all();
        let gone = || Delivered { why: Some("the sending thread broke down".to_owned()), ..Delivered::default() };
        let mut delivered = self.thread.join().unwrap_or_else(|_| gone());
        let queue = self.shared.lock();
        delivered.missing += queue.rows.len() + queue.refused;
        delivered
    }
}

/// Why a batch was not taken.
enum Trouble {
    /// The server may take it later.
    Later(String),
    /// It never will.
    Never(String),
}

/// Works until the queue is closed and empty, or its time is up. A batch stays in the queue until it is delivered.
fn deliver(agent: &Agent, endpoint: &Endpoint, shared: &Shared) -> Delivered {
    let mut delivered = Delivered::default();
    let mut pause = FIRST_PAUSE;
    loop {
        let idle = |queue: &mut Queue| queue.rows.is_empty() && queue.until.is_none();
        let queue = shared.changed.wait_while(shared.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let (count, mut text) = (queue.rows.len().min(BATCH), String::new());
        if count == 0 {
            return delivered;
        }
        queue.rows.iter().take(count).for_each(|row| series::write(row, &mut text));
        drop(queue);
        let trouble = send(agent, &endpoint.url, &text).err();
        match &trouble {
            Some(Trouble::Later(_)) => {}
            done => {
                if done.is_none() {
                    delivered.rows += count;
                } else {
                    delivered.missing += count;
                }
                shared.lock().rows.drain(..count);
            }
        }
        let (Some(Trouble::Later(why) | Trouble::Never(why)), shown) = (&trouble, &endpoint.shown) else {
            pause = FIRST_PAUSE;
            continue;
        };
        if delivered.why.as_ref() != Some(why) {
            output::note(&format!("warning: --push {shown}: {why}"));
            delivered.why = Some(why.clone());
        }
        if matches!(trouble, Some(Trouble::Later(_))) {
            if shared.lock().until.is_some_and(|until| Instant::now() >= until) {
                return delivered;
            }
            wait(shared, pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Waits, but not when all is measured: then only briefly.
fn wait(shared: &Shared, pause: Duration) {
    let open = |queue: &mut Queue| queue.until.is_none();
    let waited = shared.changed.wait_timeout_while(shared.lock(), pause, open).unwrap_or_else(PoisonError::into_inner);
    drop(waited);
    if shared.lock().until.is_some() {
        thread::sleep(pause.min(FIRST_PAUSE));
    }
}

fn send(agent: &Agent, url: &str, text: &str) -> Result<(), Trouble> {
    match agent.post(url).header("Content-Type", "text/plain").send(text) {
        Ok(_) => Ok(()),
        Err(ureq::Error::StatusCode(status @ (408 | 429 | 500..))) => {
            Err(Trouble::Later(format!("the server answers {status}")))
        }
        Err(ureq::Error::StatusCode(status)) => Err(Trouble::Never(format!("the server answers {status}"))),
        Err(error) => Err(Trouble::Later(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::TcpListener,
    };

    use super::*;

    fn row(job: usize) -> Row {
        let measured_at = "2026-11-21T01:31:00Z".to_owned();
        Row { job: job.to_string(), vmaf: Some(90.0), measured_at, status: "ok".to_owned(), ..Row::default() }
    }

    /// Answers each request with the next status, and returns what was asked for: headers and body.
    fn server(statuses: &'static [u16]) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = move |status: &u16| {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut asked = String::new();
            while !asked.ends_with("\r\n\r\n") {
                stream.read_line(&mut asked).unwrap();
            }
            let lower = asked.to_lowercase();
            let length = lower.split_once("content-length: ").unwrap().1.split_once('\r').unwrap().0;
            let mut body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            asked + &String::from_utf8(body).unwrap()
        };
        (address, thread::spawn(move || statuses.iter().map(answer).collect()))
    }

    #[test]
    fn rows_are_sent_again_until_the_server_takes_them() {
        let (address, asked) = server(&[503, 204, 400]);
        let endpoint = Endpoint::parse(&format!("http://me:secret@{address}/prefix/")).unwrap();
        let pusher = Pusher::start(&endpoint, (0..BATCH + 1).map(row).collect()).unwrap();
        let delivered = pusher.finish();
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("POST /prefix/api/v1/import/prometheus HTTP/1.1\r\n"), "{}", asked[0]);
        assert!(asked[0].to_lowercase().contains("authorization: basic bwu6c2vjcmv0"), "{}", asked[0]);
        let samples = |at: usize| asked[at].matches("qoe_vmaf_score{").count();
        assert_eq!((samples(0), samples(1), samples(2)), (BATCH, BATCH, 1));
        assert_eq!((delivered.rows, delivered.missing), (BATCH, 1), "a bad request is not repeated");
        let told = delivered.complaint(&endpoint).unwrap();
        assert!(told.contains("1 rows") && told.contains("answers 400") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn nobody_waits_for_a_server_that_is_not_there() {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let pusher = Pusher::start(&Endpoint::parse(&format!("http://{nobody}")).unwrap(), Vec::new()).unwrap();
        let started = Instant::now();
        (0..WAITING + 7).map(row).for_each(|row| pusher.send(&row));
        assert!(started.elapsed() < Duration::from_secs(5));
        let started = Instant::now();
        let delivered = pusher.finish();
        assert!(started.elapsed() < FLUSH + REQUEST + Duration::from_secs(10));
        assert_eq!(
            (delivered.rows, delivered.missing),
            (0, WAITING + 7),
            "memory is bounded, and nothing is forgotten"
        );
        assert!(delivered.why.is_some());
    }

    #[test]
    fn addresses_are_checked() {
        let shown = |base: &str| Endpoint::parse(base).map(|endpoint| (endpoint.url, endpoint.shown));
        let (url, told) = shown("http://u:p@host:8428/").unwrap();
        assert_eq!(
            (url.as_str(), told.as_str()),
            ("http://u:p@host:8428/api/v1/import/prometheus", "http://host:8428",)
        );
        let (url, told) = shown("https://u:p@host/insert/0/prometheus/").unwrap();
        assert_eq!(
            (url.as_str(), told.as_str()),
            ("https://u:p@host/insert/0/prometheus/api/v1/import/prometheus", "https://host/insert/0/prometheus",)
        );
        let told = shown("ftp://u:secret@host").unwrap_err();
        assert!(told.contains("ftp://host") && !told.contains("secret"), "{told}");
        for bad in ["host:8428", "host", "", "ftp://host", "http://", "http://host/?a=b", "http://host/#x"] {
            assert!(shown(bad).is_err(), "{bad}");
        }
    }
}
