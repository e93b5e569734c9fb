//! Progress on standard error: a bar on a terminal, otherwise a line now and then; both with the time left.

use std::{
    io::{self, IsTerminal},
    sync::Mutex,
    time::{Duration, Instant},
};

use encast::Progress;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::output;

/// Between two lines when standard error is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells people how far a long piece of work is.
pub struct Meter {
    what: &'static str,
    unit: &'static str,
    shown: Shown,
    started: Instant,
    state: Mutex<State>,
}

enum Shown {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

struct State {
    done: usize,
    last_line: Option<Instant>,
}

impl Meter {
    /// Starts to measure. `what` is the kind of work ("training"), `unit` what is counted ("fits").
    pub fn start(what: &'static str, unit: &'static str, quiet: bool) -> Meter {
        let shown = if quiet {
            Shown::Nothing
        } else if io::stderr().is_terminal() {
            // Nothing is drawn before the first report tells how much there is.
            let bar = ProgressBar::new(0);
            let form = format!("{what} [{{bar:30}}] {{pos}}/{{len}} {unit}, {{elapsed}} gone, {{msg}} left");
            if let Ok(style) = ProgressStyle::with_template(&form) {
                bar.set_style(style.progress_chars("=> "));
            }
            Shown::Bar(bar)
        } else {
            Shown::Lines
        };
        let state = Mutex::new(State { done: 0, last_line: None });
        Meter { what, unit, shown, started: Instant::now(), state }
    }

    /// Takes a report; may be called from several threads, and out of order. What is left takes as long for each as
    /// what is done.
    pub fn report(&self, progress: Progress) {
        let left = self.started.elapsed().as_secs_f64() * progress.total.saturating_sub(progress.done) as f64
            / progress.done.max(1) as f64;
        self.report_left(progress.done, progress.total, Duration::from_secs_f64(left));
    }

    /// Takes a report with the time that is left, where some pieces take longer than others.
    pub fn report_left(&self, done: usize, total: usize, left: Duration) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        state.done = state.done.max(done);
        let done = state.done.min(total);
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
                bar.set_message(HumanDuration(left).to_string());
            }
            Shown::Lines => {
                let now = Instant::now();
                let due = state.last_line.is_none_or(|last| now - last >= PAUSE);
                if due && done > 0 && done < total {
                    state.last_line = Some(now);
                    output::note(&line(self.what, self.unit, (done, total), self.started.elapsed(), left));
                }
            }
        }
    }

    /// Does something that writes to the terminal beside the bar.
    pub fn aside(&self, write: impl FnOnce()) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(write),
            Shown::Lines | Shown::Nothing => write(),
        }
    }

    /// As [`finish`](Self::finish), for work that may be over at once: then nothing is told.
    pub fn finish_with_speed(self, count: usize, worked: bool) {
        let seconds = self.started.elapsed().as_secs_f64();
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        if worked && seconds >= PAUSE.as_secs_f64() && !matches!(self.shown, Shown::Nothing) {
            let (what, unit, speed) = (self.what, self.unit, count as f64 / seconds);
            output::note(&format!("{what}: {count} {unit} in {seconds:.1} s, {speed:.0} {unit}/s"));
        }
    }

    /// Takes the bar away and returns the seconds since the start; what failed is not told as done.
    pub fn finish(self, worked: bool) -> f64 {
        let seconds = self.started.elapsed().as_secs_f64();
        match self.shown {
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Lines if worked => output::note(&format!("{}: done in {seconds:.1} s", self.what)),
            Shown::Lines | Shown::Nothing => {}
        }
        seconds
    }
}

fn line(what: &str, unit: &str, (done, total): (usize, usize), gone: Duration, left: Duration) -> String {
    let percent = 100.0 * done as f64 / total as f64;
    let (gone, left) = (gone.as_secs(), left.as_secs_f64());
    format!("{what}: {done} of {total} {unit} ({percent:.0} %), {gone} s gone, about {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_estimates_the_time_left() {
        assert_eq!(
            line("training", "fits", (25, 100), Duration::from_secs(10), Duration::from_secs(30)),
            "training: 25 of 100 fits (25 %), 10 s gone, about 30 s left"
        );
    }
}
