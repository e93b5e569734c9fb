//! Codecs, encoders and their presets: the names that are known, and where a preset stands between slow and fast.

use std::fmt;

use crate::error::{Error, Result};

macro_rules! names {
    ($(#[$doc:meta])* $type:ident $what:literal { $($variant:ident = $number:literal $name:literal $(| $alias:literal)*),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $type { $(#[doc = $name] $variant = $number),* }

        impl $type {
            /// All of them.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            /// The name in requests and tables.
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }

            /// From its name (or another accepted spelling); an error lists the known names.
            pub fn from_name(name: &str) -> Result<Self> {
                match name {
                    $($name $(| $alias)* => Ok($type::$variant),)*
                    _ => Err(Error::UnknownName {
                        field: $what,
                        value: name.to_owned(),
                        known: Self::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", "),
                    }),
                }
            }

            /// From its number over the C ABI.
            pub fn from_number(number: i32) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| *v as i32 == number)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
                s.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                Self::from_name(&name).map_err(serde::de::Error::custom)
            }
        }
    };
}

names! {
    /// A video coding standard.
    Codec "codec" {
        H264 = 1 "h264" | "avc",
        Hevc = 2 "hevc" | "h265",
        Vp9 = 3 "vp9",
        Av1 = 4 "av1",
        Vvc = 5 "vvc" | "h266",
    }
}

names! {
    /// An encoder implementation.
    Encoder "encoder" {
        Libx264 = 1 "libx264" | "x264",
        Libx265 = 2 "libx265" | "x265",
        LibvpxVp9 = 3 "libvpx-vp9" | "vp9",
        Libsvtav1 = 4 "libsvtav1" | "svtav1" | "svt-av1",
        Libaom = 5 "libaom-av1" | "aom",
        Libvvenc = 6 "libvvenc" | "vvenc",
    }
}

impl Codec {
    /// The encoder that is meant where only the codec is told.
    pub(crate) const fn usual_encoder(self) -> Encoder {
        match self {
            Codec::H264 => Encoder::Libx264,
            Codec::Hevc => Encoder::Libx265,
            Codec::Vp9 => Encoder::LibvpxVp9,
            Codec::Av1 => Encoder::Libsvtav1,
            Codec::Vvc => Encoder::Libvvenc,
        }
    }

    /// The lowest and the highest constant-quality setting that encoders of the codec have.
    pub const fn crf_range(self) -> (f64, f64) {
        match self {
            Codec::H264 | Codec::Hevc => (0.0, 51.0),
            Codec::Vp9 | Codec::Av1 | Codec::Vvc => (0.0, 63.0),
        }
    }
}

impl Encoder {
    /// The standard that the encoder writes.
    pub const fn codec(self) -> Codec {
        match self {
            Encoder::Libx264 => Codec::H264,
            Encoder::Libx265 => Codec::Hevc,
            Encoder::LibvpxVp9 => Codec::Vp9,
            Encoder::Libsvtav1 | Encoder::Libaom => Codec::Av1,
            Encoder::Libvvenc => Codec::Vvc,
        }
    }

    /// The lowest and the highest constant-quality setting of the encoder's own scale (8 bits a sample).
    pub const fn crf_range(self) -> (f64, f64) {
        match self {
            Encoder::Libx264 | Encoder::Libx265 => (0.0, 51.0),
            Encoder::LibvpxVp9 | Encoder::Libaom | Encoder::Libvvenc => (0.0, 63.0),
            Encoder::Libsvtav1 => (1.0, 63.0),
        }
    }

    /// The presets, slowest first.
    const fn presets(self) -> &'static [&'static str] {
        match self {
            Encoder::Libx264 | Encoder::Libx265 => &[
                "placebo",
                "veryslow",
                "slower",
                "slow",
                "medium",
                "fast",
                "faster",
                "veryfast",
                "superfast",
                "ultrafast",
            ],
            Encoder::LibvpxVp9 => &[
                "best",
                "good-cpu0",
                "good-cpu1",
                "good-cpu2",
                "good-cpu3",
                "good-cpu4",
                "good-cpu5",
                "rt-cpu4",
                "rt-cpu5",
                "rt-cpu6",
                "rt-cpu7",
                "rt-cpu8",
            ],
            Encoder::Libsvtav1 => &["-1", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"],
            Encoder::Libaom => &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"],
            Encoder::Libvvenc => &["slower", "slow", "medium", "fast", "faster"],
        }
    }
}

/// An encoder's preset: its own name, and its place between the slowest (0) and the fastest (1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    name: &'static str,
    speed: f32,
}

impl Preset {
    /// Looks a preset up among those of `encoder`; when only the codec is known, among those of all its encoders;
    /// when neither is, among all. An error lists the known names.
    pub fn find(name: &str, encoder: Option<Encoder>, codec: Option<Codec>) -> Result<Preset> {
        let fits = |e: Encoder| encoder.is_none_or(|x| x == e) && codec.is_none_or(|c| c == e.codec());
        let fitting = || Encoder::ALL.iter().copied().filter(|&e| fits(e));
        for presets in fitting().map(Encoder::presets) {
            if let Some(at) = presets.iter().position(|&p| p == name) {
                return Ok(Preset { name: presets[at], speed: at as f32 / (presets.len() - 1) as f32 });
            }
        }
        let mut known: Vec<&str> = Vec::new();
        for &preset in fitting().flat_map(Encoder::presets) {
            if !known.contains(&preset) {
                known.push(preset);
            }
        }
        Err(Error::UnknownName { field: "preset", value: name.to_owned(), known: known.join(", ") })
    }

    /// The encoder's own name for it.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// 0 = the encoder's slowest preset, 1 = its fastest, even steps between.
    pub const fn speed(self) -> f32 {
        self.speed
    }
}
