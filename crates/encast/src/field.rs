//! The inputs of a request: name, unit, bounds, group — each fact stated once, here.

use std::fmt;

/// A group of inputs that is known or unknown as a whole (an information tier adds groups).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Size, rate and bitrate or CRF: in every request.
    Job,
    /// Codec, encoder, preset, threads.
    Encoder,
    /// `motion_intensity`.
    Motion,
    /// Complexity of the source, from one decode.
    Content,
    /// Bitrate and PSNR of a short trial encode.
    Probe,
    /// VMAF of the trial encode.
    ProbeVmaf,
}

macro_rules! fields {
    ($($variant:ident $name:literal $unit:literal $group:ident hard($lo:expr, $hi:expr) documented($dlo:expr, $dhi:expr);)*) => {
        /// An input of a request, by the name it has in Rust, C, Go, CSV and JSON. Codec, encoder, preset and
        /// machine are names, not numbers: they have no bounds, and stand here so that flags can name them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Field { $(#[doc = concat!("`", $name, "` (", $unit, ")")] $variant),* }

        impl Field {
            /// All fields, in the order of their numbers.
            pub const ALL: &'static [Field] = &[$(Field::$variant),*];

            /// The name used in Rust, C, Go, CSV, JSON and metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Field::$variant => $name),* }
            }

            /// The unit, in words.
            pub const fn unit(self) -> &'static str {
                match self { $(Field::$variant => $unit),* }
            }

            /// The group that the field belongs to.
            pub const fn group(self) -> Group {
                match self { $(Field::$variant => Group::$group),* }
            }

            /// Smallest and largest value that is accepted at all.
            pub const fn hard_bounds(self) -> (f64, f64) {
                match self { $(Field::$variant => ($lo, $hi)),* }
            }

            /// The range that the product is documented for; wider is allowed and flagged when the
            /// model did not see it.
            pub const fn documented_range(self) -> (f64, f64) {
                match self { $(Field::$variant => ($dlo, $dhi)),* }
            }
        }
    };
}

fields! {
    BitrateKbps "bitrate_kbps" "kbit/s" Job hard(1e-3, 1e8) documented(100.0, 50_000.0);
    Crf "crf" "encoder's scale" Job hard(0.0, 63.0) documented(0.0, 63.0);
    ResolutionWidth "resolution_width" "pixels" Job hard(16.0, 16384.0) documented(640.0, 7680.0);
    ResolutionHeight "resolution_height" "pixels" Job hard(16.0, 16384.0) documented(360.0, 4320.0);
    FrameRate "frame_rate" "frames/s" Job hard(0.1, 1000.0) documented(15.0, 120.0);
    FrameDrop "frame_drop" "share 0-1" Job hard(0.0, 1.0) documented(0.0, 1.0);
    MotionIntensity "motion_intensity" "0-1" Motion hard(0.0, 1.0) documented(0.0, 1.0);
    Threads "threads" "threads" Encoder hard(1.0, 1024.0) documented(1.0, 128.0);
    SourceWidth "source_width" "pixels" Job hard(16.0, 16384.0) documented(640.0, 7680.0);
    SourceHeight "source_height" "pixels" Job hard(16.0, 16384.0) documented(360.0, 4320.0);
    SourceFrameRate "source_frame_rate" "frames/s" Job hard(0.1, 1000.0) documented(15.0, 120.0);
    BitDepth "bit_depth" "bits" Job hard(8.0, 16.0) documented(8.0, 12.0);
    DurationS "duration_s" "seconds" Job hard(1e-3, 1e8) documented(0.1, 86_400.0);
    SiMean "si_mean" "ITU-T P.910, luma as coded" Content hard(0.0, 1e4) documented(0.0, 255.0);
    SiStd "si_std" "ITU-T P.910, luma as coded" Content hard(0.0, 1e4) documented(0.0, 255.0);
    TiMean "ti_mean" "ITU-T P.910, luma as coded" Content hard(0.0, 1e4) documented(0.0, 255.0);
    TiStd "ti_std" "ITU-T P.910, luma as coded" Content hard(0.0, 1e4) documented(0.0, 255.0);
    SpatialEnergy "spatial_energy" "VCA E" Content hard(0.0, 1e6) documented(0.0, 1e3);
    TemporalEnergy "temporal_energy" "VCA h" Content hard(0.0, 1e6) documented(0.0, 1e3);
    Luminance "luminance" "VCA L" Content hard(0.0, 1e6) documented(0.0, 1e3);
    ProbeBitrateKbps "probe_bitrate_kbps" "kbit/s" Probe hard(1e-3, 1e8) documented(1.0, 50_000.0);
    ProbePsnr "probe_psnr" "dB" Probe hard(1e-3, 120.0) documented(15.0, 60.0);
    ProbeVmaf "probe_vmaf" "0-100" ProbeVmaf hard(0.0, 100.0) documented(0.0, 100.0);
    Codec "codec" "name" Encoder hard(0.0, 0.0) documented(0.0, 0.0);
    Encoder "encoder" "name" Encoder hard(0.0, 0.0) documented(0.0, 0.0);
    Preset "preset" "name" Encoder hard(0.0, 0.0) documented(0.0, 0.0);
    StaticShare "static_share" "share 0-1" Content hard(0.0, 1.0) documented(0.0, 1.0);
    Passes "passes" "passes over the source" Job hard(1.0, 4.0) documented(1.0, 2.0);
    Machine "machine" "name" Job hard(0.0, 0.0) documented(0.0, 0.0);
}

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Field::ALL.len();

    /// Whether the field holds a name (codec, encoder, preset, machine), not a number.
    pub const fn is_name(self) -> bool {
        matches!(self, Field::Codec | Field::Encoder | Field::Preset | Field::Machine)
    }

    /// The field with that name.
    pub fn from_name(name: &str) -> Option<Field> {
        Field::ALL.iter().copied().find(|field| field.name() == name)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of fields, as flags of an answer; `Copy`, no allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u64);

impl FieldSet {
    /// No field.
    pub const EMPTY: FieldSet = FieldSet(0);

    /// Adds a field.
    pub fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u8;
    }

    /// Whether the field is in the set.
    pub fn contains(self, field: Field) -> bool {
        self.0 >> field as u8 & 1 == 1
    }

    /// Removes every field of another set.
    pub fn without(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 & !other.0)
    }

    /// The fields that are in either set.
    pub fn union(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 | other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The fields, in the order of [`Field::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |&field| self.contains(field))
    }

    /// Bit `i` stands for `Field::ALL[i]`; the numbers never change, new fields come at the end.
    pub const fn bits(self) -> u64 {
        self.0
    }
}
