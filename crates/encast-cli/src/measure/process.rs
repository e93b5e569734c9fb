//! Child processes with a kernel's account of each: time, memory, and what it said; all of them end when asked to.

use std::{
    collections::VecDeque,
    fmt,
    io::Read,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use wait4::Wait4;

/// Of what a child says, the end is kept: bytes.
const LONGEST_LOG: usize = 1 << 20;
/// How often overdue children are looked for.
const WATCH: Duration = Duration::from_millis(250);

/// The kernel's account of a finished child.
#[derive(Debug)]
pub struct Finished {
    /// What it said on standard error, the end of it.
    pub log: String,
    /// User and system time.
    pub cpu: Duration,
    /// Largest resident size, bytes.
    pub peak_memory: u64,
}

/// Why there is no result of a child.
#[derive(Debug)]
pub enum ProcessError {
    /// It could not be started or waited for.
    Start(String, std::io::Error),
    /// It ended badly, and what it said last.
    Failed(String, ExitStatus, String),
    /// It ran for too long.
    Overdue(String, Duration),
    /// The whole campaign was asked to stop.
    Stopped,
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessError::Start(program, error) => write!(f, "{program}: {error}"),
            ProcessError::Failed(program, status, said) => write!(f, "{program}: {status}: {said}"),
            ProcessError::Overdue(program, limit) => {
                write!(f, "{program}: ended after {} s without a result", limit.as_secs())
            }
            ProcessError::Stopped => f.write_str("stopped"),
        }
    }
}

struct Running {
    group: Pid,
    due: Instant,
    overdue: Arc<AtomicBool>,
}

/// The children that run now, so that all of them can be ended.
#[derive(Default)]
pub struct Children {
    running: Mutex<Vec<Running>>,
    stopped: AtomicBool,
}

impl Children {
    /// An empty register with its watch over overdue children.
    pub fn new() -> Arc<Children> {
        let children = Arc::new(Children::default());
        let watched = Arc::downgrade(&children);
        thread::spawn(move || {
            while let Some(children) = watched.upgrade() {
                children.end_overdue();
                drop(children);
                thread::sleep(WATCH);
            }
        });
        children
    }

    fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_overdue(&self) {
        let now = Instant::now();
        for child in self.running().iter().filter(|child| child.due <= now) {
            child.overdue.store(true, Ordering::SeqCst);
            // It fails only when the child has just ended.
            let _ = killpg(child.group, Signal::SIGKILL);
        }
    }

    /// Ends all children; none is started any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        for child in self.running().iter() {
            let _ = killpg(child.group, Signal::SIGKILL);
        }
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Runs a child to its end; a bad end is an error with what it said last.
    pub fn run(&self, command: &mut Command, limit: Duration) -> Result<Finished, ProcessError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let overdue = Arc::new(AtomicBool::new(false));
        let mut child = self.start(command, started + limit, &overdue, &program)?;
        let log = child.stderr.take().map(|pipe| thread::spawn(move || last_of(pipe)));
        let ended = child.wait4();
        let group = pid_of(&child);
        self.running().retain(|other| other.group != group);
        let log = log.and_then(|thread| thread.join().ok()).unwrap_or_default();
        if self.stopped() {
            return Err(ProcessError::Stopped);
        }
        let ended = ended.map_err(|error| ProcessError::Start(program.clone(), error))?;
        if overdue.load(Ordering::SeqCst) {
            return Err(ProcessError::Overdue(program, limit));
        }
        if !ended.status.success() {
            return Err(ProcessError::Failed(program, ended.status, complaint(&log).to_owned()));
        }
        let cpu = ended.rusage.utime + ended.rusage.stime;
        Ok(Finished { log, cpu, peak_memory: ended.rusage.maxrss })
    }

    fn start(
        &self,
        command: &mut Command,
        due: Instant,
        overdue: &Arc<AtomicBool>,
        program: &str,
    ) -> Result<Child, ProcessError> {
        // A group of its own: Ctrl-C on the terminal reaches us, and we end the child.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut running = self.running();
        if self.stopped() {
            return Err(ProcessError::Stopped);
        }
        let child = command.spawn().map_err(|error| ProcessError::Start(program.to_owned(), error))?;
        running.push(Running { group: pid_of(&child), due, overdue: Arc::clone(overdue) });
        Ok(child)
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX))
}

/// The end of what a pipe gives.
fn last_of(mut pipe: impl Read) -> String {
    let (mut kept, mut part) = (VecDeque::new(), [0_u8; 8192]);
    while let Ok(count @ 1..) = pipe.read(&mut part) {
        kept.extend(&part[..count]);
        let over = kept.len().saturating_sub(LONGEST_LOG);
        kept.drain(..over);
    }
    String::from_utf8_lossy(kept.make_contiguous()).into_owned()
}

/// The line that says best why a program failed: the first that speaks of an error, otherwise the last.
fn complaint(log: &str) -> &str {
    let mut lines = log.lines().map(str::trim).filter(|line| !line.is_empty());
    let speaks = |line: &&str| ["rror", "nvalid", "annot", "not "].iter().any(|word| line.contains(word));
    lines.clone().find(speaks).or_else(|| lines.next_back()).unwrap_or("it did not say why")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_is_accounted_for() {
        let children = Children::new();
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done 1>&2";
        let started = Instant::now();
        let finished = children.run(&mut shell(busy), Duration::from_secs(60)).unwrap();
        assert_eq!(finished.log, "done\n");
        assert!(
            finished.cpu > Duration::from_millis(5) && finished.cpu <= started.elapsed() + Duration::from_millis(20)
        );
        assert!((200_000..1 << 30).contains(&finished.peak_memory), "{} bytes", finished.peak_memory);
    }

    #[test]
    fn bad_ends_are_told() {
        let children = Children::new();
        let failed = children.run(&mut shell("echo first 1>&2; echo why 1>&2; exit 3"), Duration::from_secs(60));
        assert!(failed.unwrap_err().to_string().ends_with(": why"));
        let overdue = children.run(&mut shell("sleep 60"), Duration::from_millis(100));
        assert!(matches!(overdue, Err(ProcessError::Overdue(..))), "{overdue:?}");
        let missing = children.run(&mut Command::new("/no/such/program"), Duration::from_secs(1));
        assert!(matches!(missing, Err(ProcessError::Start(..))), "{missing:?}");
    }

    #[test]
    fn all_end_when_asked_to() {
        let children = Children::new();
        thread::scope(|scope| {
            // The child has a child of its own, which must not stay behind.
            let waiting = scope.spawn(|| children.run(&mut shell("sleep 60; true"), Duration::from_secs(60)));
            while children.running().is_empty() {
                thread::yield_now();
            }
            let asked = Instant::now();
            children.stop();
            assert!(matches!(waiting.join().unwrap(), Err(ProcessError::Stopped)));
            assert!(asked.elapsed() < Duration::from_secs(10));
        });
        let more = children.run(&mut shell("true"), Duration::from_secs(1));
        assert!(matches!(more, Err(ProcessError::Stopped)));
    }
}
