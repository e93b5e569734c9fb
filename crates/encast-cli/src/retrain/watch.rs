//! Running again and again: on a schedule, on an alarm of drift, and later again after a failure.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{
    run::{Job, Report, run},
    status::Status,
};
use crate::{
    failure::Failure,
    http::{Client, HttpArgs, Trouble, shown},
    output, time,
};

/// After a failure: at first, and at most; never longer than the schedule.
const FIRST_PAUSE: i64 = 60;
const LONGEST_PAUSE: i64 = 3600;
/// Between two looks at the clock.
const PAUSE: Duration = Duration::from_millis(500);
/// How long another program's run is waited for before it is looked at anew what is due.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// By how many seconds clocks are set back in daily use: a time within them comes soon.
const SLACK: i64 = 300;

/// When to run.
pub struct Schedule<'a> {
    /// Seconds between the starts of two runs.
    pub every: i64,
    /// The exporter's /drift.
    pub on_drift: Option<&'a str>,
    pub http: &'a HttpArgs,
    /// Seconds between two looks at it.
    pub poll: i64,
    /// How many looks in a row must see an alarm.
    pub debounce: u32,
    /// Seconds after a run in which an alarm starts none.
    pub cooldown: i64,
}

#[derive(Deserialize)]
struct Drift {
    alarm: bool,
}

/// Looks at the exporter's drift.
struct Alarm {
    client: Client,
    url: String,
    seen: u32,
    next: Instant,
    complaint: Option<String>,
}

impl Alarm {
    fn new(url: &str, http: &HttpArgs) -> Result<Alarm, Failure> {
        let client = Client::new(url, http)?;
        Ok(Alarm { client, url: url.to_owned(), seen: 0, next: Instant::now(), complaint: None })
    }

    fn is_raised(&mut self, schedule: &Schedule) -> bool {
        if Instant::now() < self.next {
            return false;
        }
        self.next = Instant::now() + Duration::from_secs(schedule.poll.unsigned_abs());
        let drift = self.client.get(&self.url).and_then(|answer| {
            serde_json::from_slice::<Drift>(&answer)
                .map_err(|error| Trouble::NoAnswer(format!("not a /drift: {error}")))
        });
        match drift {
            Ok(drift) => {
                self.complaint = None;
                self.seen = if drift.alarm { self.seen + 1 } else { 0 };
            }
            Err(trouble) => {
                // An exporter that does not answer says nothing about drift: what was seen before counts no longer.
                self.seen = 0;
                let complaint = trouble.to_string();
                if self.complaint.as_ref() != Some(&complaint) {
                    output::note(&format!("warning: --on-drift {}: {complaint}", shown(&self.url)));
                }
                self.complaint = Some(complaint);
                return false;
            }
        }
        self.seen >= schedule.debounce
    }
}

/// When the next run is due by the schedule: after a failure sooner, and at once where the last one began at a time to come.
/// A clock that was wrong once would otherwise end all runs, and without a word.
fn due(last: Option<&Status>, failures: u32, every: i64, now: i64) -> i64 {
    let Some(last) = last.filter(|last| !is_ahead(last, now)) else { return 0 };
    match failures {
        0 => last.started_at + every,
        _ => {
            let pause = FIRST_PAUSE.saturating_mul(1i64 << (failures - 1).min(20)).min(LONGEST_PAUSE);
            last.finished_at + pause.min(every)
        }
    }
}

/// Whether a run tells times to come.
fn is_ahead(last: &Status, now: i64) -> bool {
    last.started_at.max(last.finished_at) > now + SLACK
}

/// What is known of the runs before: what the status file says, as others run, too; and what could not be written there.
struct Runs {
    last: Option<Status>,
    failures: u32,
    written: bool,
}

impl Runs {
    /// What ran before this program was started counts: a restart is no reason to train, nor to forget a failure.
    fn begin(file: Option<Status>) -> Runs {
        let failures = u32::from(file.as_ref().is_some_and(|last| last.outcome.is_failure()));
        Runs { last: file, failures, written: true }
    }

    /// Looks into the status file again.
    fn look(&mut self, file: Option<Status>, now: i64) {
        let newer = |file: &Status, mine: &Status| file.finished_at > mine.finished_at && !is_ahead(file, now);
        let stays = match (&self.last, &file) {
            _ if self.written => false,
            (Some(mine), Some(file)) => !newer(file, mine),
            (mine, _) => mine.is_some(),
        };
        if !stays && self.last != file {
            *self = Runs::begin(file);
        }
    }

    /// Whether a run is due by the schedule.
    fn are_due(&self, every: i64, now: i64) -> bool {
        now >= due(self.last.as_ref(), self.failures, every, now)
    }

    /// Whether an alarm may start one.
    fn have_rested(&self, cooldown: i64, now: i64) -> bool {
        self.last.as_ref().is_none_or(|last| is_ahead(last, now) || now >= last.finished_at + cooldown)
    }

    /// Takes a run in.
    fn add(&mut self, report: &Report) {
        self.failures = if report.status.outcome.is_failure() { self.failures + 1 } else { 0 };
        (self.last, self.written) = (Some(report.status.clone()), report.written);
    }
}

/// Runs until a signal ends the program. `told` is given each report.
pub fn watch(
    job: &Job,
    schedule: &Schedule,
    told: &mut dyn FnMut(&Report) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut alarm = schedule.on_drift.map(|url| Alarm::new(url, schedule.http)).transpose()?;
    let mut runs = Runs::begin(Status::read(&job.place.status));
    let mut waits = false;
    loop {
        thread::sleep(if waits { PAUSE } else { Duration::ZERO });
        waits = true;
        let raised = alarm.as_mut().is_some_and(|alarm| alarm.is_raised(schedule));
        let wanted = |runs: &Runs, now| {
            let by_schedule = runs.are_due(schedule.every, now);
            (by_schedule || raised && runs.have_rested(schedule.cooldown, now)).then_some(by_schedule)
        };
        if wanted(&runs, time::unix_now()).is_none() {
            continue;
        }
        // The place is this program's for the one run: others may run meanwhile, or go back to an earlier bundle.
        let lock = match job.place.lock(LONGEST_WAIT) {
            Ok(Some(lock)) => lock,
            Ok(None) => continue,
            Err(Failure::Bad(why)) => {
                output::note(&format!("warning: {why}"));
                thread::sleep(Duration::from_secs(FIRST_PAUSE.unsigned_abs()));
                continue;
            }
            Err(gone) => return Err(gone),
        };
        let now = time::unix_now();
        runs.look(Status::read(&job.place.status), now);
        let Some(by_schedule) = wanted(&runs, now) else { continue };
        if !by_schedule {
            output::note("drift is reported: retraining");
        }
        if let Some(last) = runs.last.as_ref().filter(|last| is_ahead(last, now)) {
            let (status, at) = (job.place.status.display(), last.finished_at);
            output::note(&format!("warning: {status}: the last run ended at {at}, it is {now}: running at once"));
        }
        if let Some(alarm) = &mut alarm {
            alarm.seen = 0;
        }
        let report = run(job, runs.last.as_ref());
        drop(lock);
        runs.add(&report);
        told(&report)?;
        waits = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrain::status;

    /// A run from 1000 to 1100 that failed.
    fn failed() -> Status {
        let text = r#"{"started_at": 1000, "finished_at": 1100, "outcome": "failed", "reason": "data", "message": "",
            "serving_version": null, "candidate_version": null, "rows": 0, "titles": 0, "gates": []}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn failures_are_tried_again_sooner_but_not_at_once() {
        let last = failed();
        let due = |failures, every| due(Some(&last), failures, every, 2000);
        assert_eq!(super::due(None, 0, 86_400, 2000), 0);
        assert_eq!(due(0, 86_400), 87_400);
        let pauses: Vec<i64> = (1..9).map(|failures| due(failures, 86_400) - 1100).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(due(60, 86_400) - 1100, 3600);
        assert_eq!(due(5, 10) - 1100, 10, "never later than the schedule");
    }

    #[test]
    fn a_restart_remembers_a_failure() {
        let runs = Runs::begin(Some(failed()));
        assert!(!runs.are_due(86_400, 1159) && runs.are_due(86_400, 1160));
        let fine = Status { outcome: status::Result::Unchanged, ..failed() };
        let runs = Runs::begin(Some(fine));
        assert!(!runs.are_due(86_400, 87_399) && runs.are_due(86_400, 87_400));
    }

    #[test]
    fn times_to_come_stop_nothing() {
        for last in [Status { started_at: 9000, ..failed() }, Status { finished_at: 9000, ..failed() }] {
            let runs = Runs::begin(Some(last));
            assert!(runs.are_due(86_400, 2000) && runs.have_rested(3600, 2000));
        }
        let runs = Runs::begin(Some(Status { finished_at: 9000, ..failed() }));
        assert!(!runs.have_rested(3600, 8700) && runs.have_rested(3600, 8699), "a clock that was set back a little");
    }

    #[test]
    fn the_file_counts_where_another_program_wrote_it_and_memory_where_it_could_not_be_written() {
        let (mine, later) = (failed(), Status { finished_at: 1500, outcome: status::Result::Placed, ..failed() });
        let of = |written| Runs { last: Some(mine.clone()), failures: 3, written };
        let looked = |mut runs: Runs, file: Option<&Status>| {
            runs.look(file.cloned(), 2000);
            (runs.last.map(|last| last.finished_at), runs.failures)
        };
        assert_eq!(looked(of(true), Some(&mine)), (Some(1100), 3), "nothing new");
        assert_eq!(looked(of(true), Some(&later)), (Some(1500), 0));
        assert_eq!(looked(of(true), None), (None, 0), "removed");
        assert_eq!(looked(of(false), Some(&later)), (Some(1500), 0));
        let before = Status { finished_at: 900, ..failed() };
        let ahead = Status { finished_at: 9000, ..failed() };
        for file in [None, Some(&before), Some(&ahead)] {
            assert_eq!(looked(of(false), file), (Some(1100), 3));
        }
    }

    #[test]
    fn an_exporter_that_does_not_answer_raises_no_alarm() {
        let http = HttpArgs::default();
        let schedule = Schedule { every: 1, on_drift: None, http: &http, poll: 60, debounce: 3, cooldown: 1 };
        // Nothing listens there once the listener is gone.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut alarm = Alarm::new(&format!("http://127.0.0.1:{port}/drift"), &http).unwrap();
        alarm.seen = 3;
        assert!(!alarm.is_raised(&schedule));
        assert_eq!(alarm.seen, 0);
    }
}
