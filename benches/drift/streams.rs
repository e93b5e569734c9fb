//! Streams of observations made of measured encodes of titles that the forecasting model had not seen.

use encast::{Model, PredictionFeatures, PredictionTargets, Target, predict};
use sha2::{Digest, Sha256};

/// A measured encode with the model that forecasts it.
pub struct Row {
    pub fold: usize,
    pub features: PredictionFeatures,
    pub title: String,
    pub vmaf: f64,
    pub psnr: f64,
    /// The forecasts of both.
    pub forecast: (f64, f64),
    /// Which half of the titles: thresholds and constants are chosen on 0, figures are of 1.
    pub half: u8,
}

/// The half that a title belongs to follows from its name.
fn half(title: &str) -> u8 {
    let digest = Sha256::new().chain_update(b"half").chain_update(title.as_bytes()).finalize();
    digest[digest.len() - 1] % 2
}

/// Rows of the folds, VMAF and PSNR moved so that each encoder's mean residual over the titles of a half is 0: what is left is
/// what titles and settings do, and a shift that is added is the only one.
pub fn load(models: &[Model], tables: &[encast::EncodeTable]) -> Result<Vec<Row>, encast::Error> {
    let mut rows = Vec::new();
    for (fold, table) in tables.iter().enumerate() {
        for (features, targets) in table.features.iter().zip(&table.targets) {
            let (Some(vmaf), Some(psnr)) = (targets.get(Target::Vmaf), targets.get(Target::Psnr)) else { continue };
            let generated = targets.title.starts_with("gen_");
            if generated || features.frame_drop.unwrap_or(0.0) > 0.0 || features.encoder.is_none() {
                continue;
            }
            let half = half(&targets.title);
            rows.push(Row {
                fold,
                features: features.clone(),
                title: targets.title.clone(),
                vmaf,
                psnr,
                forecast: (vmaf, psnr),
                half,
            });
        }
    }
    let mut residuals = Vec::with_capacity(rows.len());
    for row in &mut rows {
        let answer = predict(&row.features, &models[row.fold])?;
        row.forecast = (answer.predicted_vmaf.unwrap_or(row.vmaf), answer.predicted_psnr.unwrap_or(row.psnr));
        let residual = |measured: f64, forecast: Option<f64>| measured - forecast.unwrap_or(measured);
        residuals.push((residual(row.vmaf, answer.predicted_vmaf), residual(row.psnr, answer.predicted_psnr)));
    }
    let mut encoders: Vec<_> = rows.iter().map(|row| (row.half, row.features.encoder)).collect();
    encoders.sort();
    encoders.dedup();
    for key in encoders {
        let of_key: Vec<usize> =
            (0..rows.len()).filter(|&at| (rows[at].half, rows[at].features.encoder) == key).collect();
        let mut titles: Vec<&str> = of_key.iter().map(|&at| rows[at].title.as_str()).collect();
        titles.sort_unstable();
        titles.dedup();
        let (mut vmaf, mut psnr) = (0.0, 0.0);
        for title in &titles {
            let of_title: Vec<usize> = of_key.iter().copied().filter(|&at| rows[at].title == *title).collect();
            let mean =
                |of: &dyn Fn(usize) -> f64| of_title.iter().map(|&at| of(at)).sum::<f64>() / of_title.len() as f64;
            vmaf += mean(&|at| residuals[at].0);
            psnr += mean(&|at| residuals[at].1);
        }
        let count = titles.len() as f64;
        for at in of_key {
            rows[at].vmaf -= vmaf / count;
            rows[at].psnr -= psnr / count;
        }
    }
    Ok(rows)
}

/// One observation of a stream.
pub struct Step {
    pub row: usize,
    pub title: String,
    /// -1: all residuals of the title are mirrored (a wild cluster bootstrap; Cameron, Gelbach and Miller, 2008). Titles come
    /// round, and the mean of the few that there are is not 0 however residuals are weighed: mirrored at random it is.
    pub sign: f64,
}

/// How titles come.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// Half of each title's encodes are known before; then the other half comes, titles mixed.
    Known,
    /// As `Known`, but every second observation is of a title that is new.
    Mixed,
    /// New titles one after the other, each with all its encodes.
    Catalogue,
    /// Every observation is of a title of its own.
    New,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Known, Kind::Mixed, Kind::Catalogue, Kind::New];

    pub const fn name(self) -> &'static str {
        match self {
            Kind::Known => "known titles come again",
            Kind::Mixed => "known and new titles, half and half",
            Kind::Catalogue => "new titles, each with all its encodes",
            Kind::New => "every encode of a title of its own",
        }
    }
}

/// xorshift64* (Vigna, 2016).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % count
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// A stream of at least so many observations, and how many of them come before any shift. Titles that come round again are
/// given new names: they are other titles with residuals of the same kind.
pub fn stream(rows: &[Row], half: u8, kind: Kind, least: usize, (seed, mirrored): (u64, bool)) -> (Vec<Step>, usize) {
    let mut random = Random::new(seed);
    let mut titles: Vec<&str> = rows.iter().filter(|row| row.half == half).map(|row| row.title.as_str()).collect();
    titles.sort_unstable();
    titles.dedup();
    let rows_of = |title: &str| (0..rows.len()).filter(|&at| rows[at].title == title).collect::<Vec<_>>();
    let (mut steps, mut before) = (Vec::new(), 0);
    let mut round = 0;
    while steps.len() < least {
        random.shuffle(&mut titles);
        let name = |title: &str| format!("{title} {round}");
        let (mut first, mut later, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
        for (at, title) in titles.iter().enumerate() {
            let mut of_title = rows_of(title);
            random.shuffle(&mut of_title);
            let known = kind == Kind::Known || kind == Kind::Mixed && at % 2 == 0;
            let sign = if mirrored && random.below(2) == 0 { -1.0 } else { 1.0 };
            let step = |row: usize| Step { row, title: name(title), sign };
            match known {
                true => {
                    let middle = of_title.len() / 2;
                    first.extend(of_title[..middle].iter().copied().map(step));
                    later.extend(of_title[middle..].iter().copied().map(step));
                }
                false => fresh.extend(of_title.into_iter().map(step)),
            }
        }
        if kind == Kind::New {
            random.shuffle(&mut fresh);
            for (at, step) in fresh.iter_mut().enumerate() {
                step.title = format!("{} {at}", step.title);
                if mirrored && random.below(2) == 0 {
                    step.sign = -step.sign;
                }
            }
        }
        random.shuffle(&mut first);
        random.shuffle(&mut later);
        // Of a mixed stream the new titles are spread over what comes later, each with its encodes in one go.
        if kind == Kind::Mixed {
            let mut both = Vec::new();
            let share = fresh.len() as f64 / later.len().max(1) as f64;
            let mut fresh = std::mem::take(&mut fresh).into_iter();
            for (at, step) in later.into_iter().enumerate() {
                let due = ((at + 1) as f64 * share) as usize - (at as f64 * share) as usize;
                both.push(step);
                both.extend(fresh.by_ref().take(due));
            }
            both.extend(fresh);
            later = both;
        }
        if round == 0 {
            before = match kind {
                Kind::Known | Kind::Mixed => first.len() + later.len() / 4,
                _ => fresh.len() / 4,
            };
        }
        steps.extend(first);
        steps.extend(later);
        if kind != Kind::Mixed {
            steps.extend(fresh);
        }
        round += 1;
    }
    (steps, before)
}

/// What is observed at a step, with a shift added.
pub fn measured(rows: &[Row], step: &Step, shift: f64, psnr_shift: f64) -> PredictionTargets {
    let row = &rows[step.row];
    let mirror = |measured: f64, forecast: f64| forecast + step.sign * (measured - forecast);
    let mut measured = PredictionTargets::of_title(&step.title);
    measured.set(Target::Vmaf, Some((mirror(row.vmaf, row.forecast.0) + shift).clamp(0.0, 100.0)));
    measured.set(Target::Psnr, Some(mirror(row.psnr, row.forecast.1) + psnr_shift));
    measured
}
