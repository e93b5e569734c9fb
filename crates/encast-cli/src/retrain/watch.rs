//! Running again and again: on a schedule, on an alarm of drift, and later again after a failure.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{
    run::{Job, run},
    status::{self, Status},
};
use crate::{
    failure::Failure,
    http::{Client, HttpArgs, Trouble, shown},
    output, time,
};

/// After a failure: at first, and at most; never longer than the schedule.
const FIRST_PAUSE: i64 = 60;
const LONGEST_PAUSE: i64 = 3600;

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

/// When the next run is due by the schedule: after a failure sooner.
fn due(last: Option<&Status>, failures: u32, every: i64) -> i64 {
    let Some(last) = last else { return 0 };
    match failures {
        0 => last.started_at + every,
        _ => {
            let pause = FIRST_PAUSE.saturating_mul(1i64 << (failures - 1).min(20)).min(LONGEST_PAUSE);
            last.finished_at + pause.min(every)
        }
    }
}

/// Runs until a signal ends the program. `told` is given each report.
pub fn watch(
    job: &Job,
    schedule: &Schedule,
    told: &mut dyn FnMut(&super::Report) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut alarm = schedule.on_drift.map(|url| Alarm::new(url, schedule.http)).transpose()?;
    // What ran before this program was started counts: a restart is no reason to train.
    let mut last = Status::read(&job.status);
    let mut failures = 0;
    loop {
        let now = time::unix_now();
        let by_schedule = now >= due(last.as_ref(), failures, schedule.every);
        let rested = last.as_ref().is_none_or(|last| now >= last.finished_at + schedule.cooldown);
        let by_drift = alarm.as_mut().is_some_and(|alarm| alarm.is_raised(schedule)) && rested;
        if !(by_schedule || by_drift) {
            thread::sleep(Duration::from_millis(500));
            continue;
        }
        if by_drift && !by_schedule {
            output::note("drift is reported: retraining");
        }
        if let Some(alarm) = &mut alarm {
            alarm.seen = 0;
        }
        let report = run(job)?;
        failures = if report.status.outcome == status::Result::Failed { failures + 1 } else { 0 };
        told(&report)?;
        last = Some(report.status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_sooner_but_not_at_once() {
        let text = r#"{"started_at": 1000, "finished_at": 1100, "outcome": "failed", "reason": "data", "message": "",
            "serving_version": null, "candidate_version": null, "rows": 0, "titles": 0, "gates": []}"#;
        let last: Status = serde_json::from_str(text).unwrap();
        assert_eq!(due(None, 0, 86_400), 0);
        assert_eq!(due(Some(&last), 0, 86_400), 87_400);
        let pauses: Vec<i64> = (1..9).map(|failures| due(Some(&last), failures, 86_400) - 1100).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(due(Some(&last), 60, 86_400) - 1100, 3600);
        assert_eq!(due(Some(&last), 5, 10) - 1100, 10, "never later than the schedule");
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
