//! From values to places on an axis, and the ticks.

use super::Axis;

/// An axis with its ends, over a length.
#[derive(Clone, Debug)]
pub struct Scale {
    log: bool,
    low: f64,
    high: f64,
    /// Values that get a line and a number, rising.
    pub ticks: Vec<(f64, String)>,
}

impl Scale {
    /// Covers the values. `most` is how many steps there may be, at least 2; `whole` moves the ends of a linear axis out
    /// to ticks; `fits` says whether numbers at these shares of the length stand clear of one another.
    pub fn over(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        most: usize,
        whole: bool,
        fits: impl Fn(&[(f64, &str)]) -> bool,
    ) -> Scale {
        let ends = axis.from.into_iter().chain(axis.to);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.chain(ends).filter(|value| axis.holds(*value)) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = if axis.log { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        let mut scale = Scale { log: axis.log, low, high, ticks: Vec::new() };
        scale.widen(axis);
        let step = step_of(scale.high - scale.low, most);
        if whole && !axis.log {
            let (fixed_low, fixed_high) = (axis.from == Some(scale.low), axis.to == Some(scale.high));
            // Half a billionth of a step: an end that is a tick but for rounding stays.
            scale.low = if fixed_low { scale.low } else { (scale.low / step + 5e-10).floor() * step };
            scale.high = if fixed_high { scale.high } else { (scale.high / step - 5e-10).ceil() * step };
        }
        scale.ticks = scale.choose_ticks(most, step, fits);
        scale
    }

    /// Gives one value alone some room, and the points of a log axis some distance from its ends.
    fn widen(&mut self, axis: &Axis) {
        if self.log {
            let room = if self.low == self.high { 1.5 } else { (self.high / self.low).powf(0.04) };
            let (low, high) = (self.low / room, self.high * room);
            self.low = if axis.from == Some(self.low) || low <= 0.0 { self.low } else { low };
            self.high = if axis.to == Some(self.high) || !high.is_finite() { self.high } else { high };
        } else if self.high - self.low <= 1e-9 * self.low.abs().max(self.high.abs()) {
            let room = if self.low == 0.0 { 1.0 } else { self.low.abs() * 0.1 };
            let (fixed_low, fixed_high) = (axis.from == Some(self.low), axis.to == Some(self.high));
            self.low -= if fixed_low && !fixed_high { 0.0 } else { room };
            self.high += if fixed_high && !fixed_low { 0.0 } else { room };
        }
    }

    /// Where a value lies: 0 is the low end, 1 the high one.
    pub fn share(&self, value: f64) -> f64 {
        if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    fn choose_ticks(&self, most: usize, step: f64, fits: impl Fn(&[(f64, &str)]) -> bool) -> Vec<(f64, String)> {
        let clear = |ticks: &[(f64, String)]| {
            let places: Vec<(f64, &str)> =
                ticks.iter().map(|(value, text)| (self.share(*value), text.as_str())).collect();
            fits(&places)
        };
        if self.log {
            // The finest that fits; every digit only where 1, 2, 3 and 5 give few.
            let digits: [&[u8]; 5] = [&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[1, 2, 3, 5], &[1, 2, 5], &[1, 3], &[1]];
            let first = if self.decades(digits[1], 1).len() >= 4 { 1 } else { 0 };
            let within = digits[first..].iter().map(|digits| self.decades(digits, 1));
            let beyond = [2, 3, 5, 10, 20, 50, 100].iter().map(|every| self.decades(&[1], *every));
            for ticks in within.chain(beyond) {
                if ticks.len() >= 2 && ticks.len() <= most && clear(&ticks) {
                    return ticks;
                }
            }
        }
        let mut step = step;
        loop {
            let ticks = self.multiples(step);
            if ticks.len() <= 2 || clear(&ticks) {
                return ticks;
            }
            step = step_of(step * 10.0, 6).max(step * 2.0);
        }
    }

    /// Digits times powers of ten within the ends; `every` leaves out decades.
    fn decades(&self, digits: &[u8], every: i32) -> Vec<(f64, String)> {
        let mut ticks = Vec::new();
        for power in self.low.log10().floor() as i32..=self.high.log10().ceil() as i32 {
            for digit in digits.iter().filter(|_| power % every == 0) {
                let value: f64 = format!("{digit}e{power}").parse().unwrap_or(f64::NAN);
                if value >= self.low && value <= self.high {
                    ticks.push((value, number(value, value)));
                }
            }
        }
        ticks
    }

    fn multiples(&self, step: f64) -> Vec<(f64, String)> {
        let (first, last) = ((self.low / step - 1e-9).ceil(), (self.high / step + 1e-9).floor());
        let count = (last - first).clamp(0.0, 1000.0) as usize;
        (0..=count)
            .map(|n| (first + n as f64) * step)
            .filter(|value| !self.log || *value > 0.0)
            .map(|value| (value, number(value, step)))
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, so that a span holds at most `most` steps.
fn step_of(span: f64, most: usize) -> f64 {
    let least = span / most.max(2) as f64;
    let power = least.log10().floor();
    let base = 10_f64.powf(power);
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * base)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(base)
}

/// A tick's number: with the decimals that its step needs, and with a power of ten where it would be long.
fn number(value: f64, step: f64) -> String {
    if value.abs() < step.abs() * 1e-6 {
        return "0".to_owned();
    }
    let (size, fine) = (value.abs().log10(), step.abs().log10());
    if size >= 6.0 || fine < -5.0 {
        let decimals = (size.floor() - (fine + 1e-9).floor()).clamp(0.0, 6.0) as usize;
        return minus(format!("{value:.decimals$e}"));
    }
    let decimals = (-(fine + 1e-9).floor()).clamp(0.0, 6.0) as usize;
    minus(format!("{value:.decimals$}"))
}

fn minus(text: String) -> String {
    text.replace('-', "\u{2212}")
}
