//! How far others used the machine while an encode ran: a time measured on a shared core is no time.

use std::{collections::BTreeMap, fs, time::Duration};

/// Length of the kernel's ticks on every Linux machine today, seconds.
const TICK: f64 = 0.01;

/// What others used, as shares 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Of the time of the cores that the encode ran on.
    pub own_cores: f64,
    /// Of the time of all other cores.
    pub other_cores: f64,
}

impl Share {
    /// Whether a wall time is worth keeping: others took less than a twentieth of the cores, or three ticks.
    pub fn is_quiet(self, wall_seconds: f64) -> bool {
        self.own_cores <= 0.05_f64.max(3.0 * TICK / wall_seconds.max(TICK))
    }
}

/// Busy and whole time of each core since the machine started, ticks.
pub struct Load {
    cores: Vec<usize>,
    before: BTreeMap<usize, (u64, u64)>,
}

impl Load {
    /// Starts to watch; `cores` are the encode's own.
    pub fn start(cores: &[usize]) -> Load {
        Load { cores: cores.to_vec(), before: read() }
    }

    /// What others used since; the encode itself used `cpu` on its own cores.
    pub fn finish(&self, cpu: Duration) -> Share {
        share(&self.cores, &self.before, &read(), cpu)
    }
}

fn share(
    cores: &[usize],
    before: &BTreeMap<usize, (u64, u64)>,
    after: &BTreeMap<usize, (u64, u64)>,
    cpu: Duration,
) -> Share {
    let (mut own, mut other) = ((0, 0), (0, 0));
    for (core, (busy, whole)) in after {
        let (busy_before, whole_before) = before.get(core).copied().unwrap_or_default();
        let part = if cores.contains(core) { &mut own } else { &mut other };
        part.0 += busy.saturating_sub(busy_before);
        part.1 += whole.saturating_sub(whole_before);
    }
    let ratio = |busy: f64, whole: u64| if whole == 0 { 0.0 } else { (busy / whole as f64).clamp(0.0, 1.0) };
    Share {
        own_cores: ratio(own.0 as f64 - cpu.as_secs_f64() / TICK, own.1),
        other_cores: ratio(other.0 as f64, other.1),
    }
}

fn read() -> BTreeMap<usize, (u64, u64)> {
    parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

fn parse(stat: &str) -> BTreeMap<usize, (u64, u64)> {
    let core = |line: &str| {
        let mut words = line.strip_prefix("cpu")?.split_whitespace();
        let core: usize = words.next()?.parse().ok()?;
        // user nice system idle iowait irq softirq steal; guests are part of user.
        let ticks: Vec<u64> = words.take(8).map_while(|word| word.parse().ok()).collect();
        let whole: u64 = ticks.iter().sum();
        let idle = ticks.get(3)? + ticks.get(4)?;
        Some((core, (whole - idle, whole)))
    };
    stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).filter_map(core).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_used_is_what_the_encode_did_not() {
        let before =
            parse("cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 0 0 900 0 0 0 0 0 0\ncpu1 0 0 0 1000 0 0 0 0 0 0\nintr 5\n");
        let after = parse("cpu0 180 0 10 910 0 0 0 0 0 0\ncpu1 0 50 0 1050 0 0 0 0 0 0\n");
        let share = share(&[0], &before, &after, Duration::from_millis(800));
        assert_eq!(share, Share { own_cores: 0.1, other_cores: 0.5 });
        assert!(!share.is_quiet(10.0) && share.is_quiet(0.2));
    }
}
