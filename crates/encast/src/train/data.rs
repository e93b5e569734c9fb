//! The training rows as columns and bins, shared by all fits, with copies in which some inputs are masked.

use encast_trees::{BinnedRows, Rows};

use crate::{
    columns::{Column, Row, derive},
    error::{Error, Result},
    features::PredictionFeatures,
    folds::Titles,
    machines::Machines,
    options::{Given, Tier},
    scale,
    target::{PredictionTargets, Target},
    train::{MIN_ROWS, MIN_TITLES, machines::machines},
    variant::{Known, VariantKey},
};

/// Bins of a column: as many as a byte holds beside the bin of missing values.
const MAX_BINS: u16 = 255;
/// Share of rows that are shown a second time with some inputs masked, so that a request that lacks them is answered
/// by what the trees learnt and not by chance.
const COPY_SHARE: f64 = 0.25;
/// What a masked copy weighs beside a row: it teaches where a missing input goes without drawing the splits.
const COPY_WEIGHT: f32 = 0.25;
/// Downscaling, log2 of the ratio of pixels, from which a row shows no copy without its source's size: who does not tell
/// a source's size mostly does not scale, and a table may hold any share of scaled encodes.
const SCALED: f32 = 0.05;
/// Inputs that are masked together in a copy.
const MASKABLE: [&[Column]; 9] = [
    &[Column::PresetSpeed],
    &[Column::Log2Threads],
    &[Column::Log2SourcePixels, Column::Log2Downscale],
    &[Column::FrameRateRatio],
    &[Column::SiStd, Column::TiStd],
    &[Column::SiMean, Column::TiMean, Column::SiStd, Column::TiStd],
    &[Column::SpatialEnergy, Column::TemporalEnergy, Column::Luminance],
    &[Column::StaticShare],
    &[Column::Passes],
];

pub(crate) struct TrainingData<'a> {
    pub features: &'a [PredictionFeatures],
    targets: &'a [PredictionTargets],
    pub titles: Titles,
    /// Megapixels of work of each row.
    pub megapixels: Vec<f64>,
    /// The columns of each row, copies behind the originals.
    rows: Vec<Row>,
    /// For each copy: its original, and the columns that only it has masked.
    copies: Vec<(u32, u64)>,
    pub binned: BinnedRows,
    varies: [bool; Column::COUNT],
    /// Groups of inputs that differ between rows: something can be learnt from them.
    pub known: Known,
    motion_is_given: bool,
    pub machines: Machines,
}

/// What one fit is made on.
pub(crate) struct FitData {
    pub columns: Vec<Column>,
    /// Original rows that have the target and the rate setting.
    pub originals: Vec<u32>,
    /// Copies that belong to them.
    pub copies: Vec<u32>,
    /// On the learning scale, for every row of the binned table; 0 where there is none.
    pub values: Vec<f32>,
    /// For every row of the binned table: 1, less for copies.
    pub weights: Vec<f32>,
}

impl<'a> TrainingData<'a> {
    pub(crate) fn new(
        features: &'a [PredictionFeatures],
        targets: &'a [PredictionTargets],
        seed: u64,
    ) -> Result<TrainingData<'a>> {
        let titles = Titles::new(targets.iter().map(|row| row.title.as_str()));
        let mut rows = features.iter().map(derive).collect::<Result<Vec<Row>>>()?;
        let varies = Column::ALL.iter().map(|&column| varies(&rows, column)).collect::<Vec<_>>();
        let varies: [bool; Column::COUNT] = std::array::from_fn(|i| varies[i]);
        let known = Column::ALL
            .iter()
            .filter(|&&column| varies[column as usize])
            .fold(Known::NOTHING, |known, column| known.and(Known::of_group(column.group())));
        let copies = mask_copies(&mut rows, &varies, seed);
        let flat: Vec<f32> = rows.iter().flatten().copied().collect();
        let binned = if rows.is_empty() {
            return Err(Error::TooFew { what: "rows".into(), found: 0, needed: MIN_ROWS });
        } else {
            BinnedRows::new(Rows::new(&flat, Column::COUNT)?, MAX_BINS)?
        };
        Ok(TrainingData {
            megapixels: features.iter().map(PredictionFeatures::megapixels).collect(),
            machines: machines(features, targets),
            motion_is_given: features.iter().any(|row| row.motion_intensity.is_some()),
            features,
            targets,
            titles,
            rows,
            copies,
            binned,
            varies,
            known,
        })
    }

    /// The groups that a tier may know and that the rows teach. Motion that was only derived from TI is content.
    pub(crate) fn known_at(&self, tier: Tier) -> Known {
        let mut known = Known::NOTHING;
        for group in [Known::ENCODER, Known::CONTENT, Known::PROBE, Known::PROBE_VMAF, Known::MOTION] {
            let derived = group == Known::MOTION && !self.motion_is_given && tier == Tier::Settings;
            if self.known.has(group) && Known::of_tier(tier).has(group) && !derived {
                known = known.and(group);
            }
        }
        known
    }

    /// The measured value; a bitrate may stand among the inputs alone.
    fn value(&self, row: usize, target: Target) -> Option<f64> {
        let input = if target == Target::BitrateKbps { self.features[row].bitrate_kbps } else { None };
        self.targets[row].get(target).or(input)
    }

    /// How many rows measure the target.
    pub(crate) fn measured(&self, target: Target) -> usize {
        (0..self.targets.len()).filter(|&row| self.value(row, target).is_some()).count()
    }

    /// Whether a row can teach the target from that rate setting.
    fn teaches(&self, row: usize, target: Target, given: Given) -> bool {
        let rate = match given {
            Given::Bitrate => self.features[row].bitrate_kbps,
            Given::Crf => self.features[row].crf,
        };
        let timed = target.scale() != crate::target::Scale::LogPerMegapixel || self.features[row].duration_s.is_some();
        rate.is_some() && timed && self.value(row, target).is_some()
    }

    pub(crate) fn rows_with(&self, target: Target, given: Given) -> usize {
        let rows: Vec<usize> = (0..self.targets.len()).filter(|&row| self.teaches(row, target, given)).collect();
        let titles: std::collections::HashSet<u32> = rows.iter().map(|&row| self.titles.of_row[row]).collect();
        if titles.len() < MIN_TITLES { 0 } else { rows.len() }
    }

    /// Whether the rows teach the target at all.
    pub(crate) fn check_target(&self, target: Target) -> Result<()> {
        let givens: &[Given] = if target == Target::BitrateKbps { &[Given::Crf] } else { &Given::ALL };
        let rows = givens.iter().map(|&given| self.rows_with(target, given)).max().unwrap_or(0);
        if rows < MIN_ROWS {
            let what = format!(
                "rows of at least {MIN_TITLES} titles that measure {target}, with its duration_s if it is a time or cost, and give its rate"
            );
            return Err(Error::TooFew { what, found: rows, needed: MIN_ROWS });
        }
        let mut values = (0..self.targets.len()).filter_map(|row| self.value(row, target));
        if let Some(first) = values.next()
            && values.all(|value| value == first)
        {
            return Err(Error::ConstantTarget { target, value: first, rows: self.measured(target) });
        }
        Ok(())
    }

    /// Rows, columns and values for one fit.
    pub(crate) fn for_fit(&self, key: VariantKey) -> FitData {
        let columns: Vec<Column> = Column::ALL.iter().copied().filter(|&column| self.uses(key, column)).collect();
        let mask = columns.iter().fold(0u64, |mask, &column| mask | 1 << column as u8);
        let teaches: Vec<bool> = (0..self.targets.len()).map(|row| self.teaches(row, key.target, key.given)).collect();
        let originals: Vec<u32> = (0..self.targets.len() as u32).filter(|&row| teaches[row as usize]).collect();
        let first_copy = self.targets.len() as u32;
        let copies = (first_copy..)
            .zip(&self.copies)
            .filter(|(_, (original, masked))| teaches[*original as usize] && masked & mask != 0)
            .map(|(copy, _)| copy)
            .collect();
        let values = (0..self.rows.len())
            .map(|row| {
                let original = self.original(row as u32) as usize;
                let measured = self.value(original, key.target).filter(|_| teaches[original]);
                let shift = self.machine_shift(row as u32, key.target);
                measured.map_or(0.0, |v| (scale::to_learning(key.target, v, &self.features[original]) - shift) as f32)
            })
            .collect();
        let weights =
            (0..self.rows.len()).map(|row| if row < self.targets.len() { 1.0 } else { COPY_WEIGHT }).collect();
        FitData { columns, originals, copies, values, weights }
    }

    fn uses(&self, key: VariantKey, column: Column) -> bool {
        let other_rate = match key.given {
            Given::Bitrate => column == Column::Crf,
            Given::Crf => column.rises_with_bitrate(),
        };
        // A second pass costs time; what it does for quality is less than what the trees would see in it.
        let of_quality = matches!(key.target, Target::Vmaf | Target::Psnr | Target::Ssim | Target::BitrateKbps);
        let no_matter = column == Column::Passes && of_quality;
        // TI says what a motion derived from it says.
        let said_by_content =
            column == Column::MotionIntensity && !self.motion_is_given && key.known.has(Known::CONTENT);
        let known = if column == Column::MotionIntensity && self.motion_is_given {
            key.known.has(Known::MOTION) || key.known.has(Known::CONTENT)
        } else {
            key.known.has(Known::of_group(column.group()))
        };
        self.varies[column as usize] && known && !other_rate && !said_by_content && !no_matter
    }

    /// The original of a row: itself, or what it is a copy of.
    pub(crate) fn original(&self, row: u32) -> u32 {
        match (row as usize).checked_sub(self.targets.len()) {
            Some(copy) => self.copies[copy].0,
            None => row,
        }
    }

    pub(crate) fn title(&self, row: u32) -> u32 {
        self.titles.of_row[self.original(row) as usize]
    }

    /// Octaves that the row's machine adds to a target.
    pub(crate) fn machine_shift(&self, row: u32, target: Target) -> f64 {
        let features = &self.features[self.original(row) as usize];
        self.machines.shift(features.machine.as_deref(), target)
    }

    pub(crate) fn row(&self, row: u32) -> &Row {
        &self.rows[row as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Whether a column has at least two different values.
fn varies(rows: &[Row], column: Column) -> bool {
    let mut values = rows.iter().map(|row| row[column as usize]).filter(|value| !value.is_nan());
    values.next().is_some_and(|first| values.any(|value| value != first))
}

/// Appends masked copies of some rows; chosen by the seed and the row's number alone.
fn mask_copies(rows: &mut Vec<Row>, varies: &[bool; Column::COUNT], seed: u64) -> Vec<(u32, u64)> {
    let masks: Vec<u64> = MASKABLE
        .iter()
        .map(|columns| {
            let varying = columns.iter().filter(|&&column| varies[column as usize]);
            varying.fold(0u64, |mask, &column| mask | 1 << column as u8)
        })
        .filter(|&mask| mask != 0)
        .collect();
    let mut copies = Vec::new();
    for original in 0..rows.len() {
        let mut state = splitmix64(seed ^ (original as u64) << 20);
        if masks.is_empty() || (state >> 11) as f64 / (1u64 << 53) as f64 >= COPY_SHARE {
            continue;
        }
        let mut masked = 0;
        let scaled = rows[original][Column::Log2Downscale as usize] > SCALED;
        for &mask in &masks {
            state = splitmix64(state);
            let kept = scaled && mask >> Column::Log2Downscale as u8 & 1 == 1;
            if state >> 63 == 1 && !kept {
                masked |= mask;
            }
        }
        let mut copy = rows[original];
        for &column in Column::ALL.iter().filter(|&&column| masked >> column as u8 & 1 == 1) {
            copy[column as usize] = f32::NAN;
        }
        if masked != 0 {
            rows.push(copy);
            copies.push((original as u32, masked));
        }
    }
    copies
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014).
fn splitmix64(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
