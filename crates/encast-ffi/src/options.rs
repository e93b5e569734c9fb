//! How a forecast is made.

use std::ffi::c_char;

use encast_core::{Codec, Correction, PredictOptions, RecommendOptions, ResourceProfile, Target};

use crate::{
    boundary::enter,
    handles,
    site::EncastSite,
    status::{ENCAST_STATUS_BAD_NUMBER, Failure},
    structs::{self, CStruct, known, or_nan, text},
};

/// Bytes of the short texts in options, with the terminating NUL.
pub const ENCAST_TEXT_CAPACITY: usize = 64;
/// Places for codecs in the offsets of EncastPredictOptions: their numbers, and 0 for no codec.
pub const ENCAST_CORRECTION_CODECS: usize = 8;
/// Bytes of the long texts in options, with the terminating NUL.
pub const ENCAST_LONG_TEXT_CAPACITY: usize = 256;

/// Prices and carbon factors of one machine in one place. This struct has no size and never grows. All four numbers NaN
/// = no profile; some NaN = an error.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastProfile {
    /// Price of one vCPU for one hour, USD: at least 0.
    pub usd_per_cpu_hour: f64,
    /// Electric power of one busy vCPU with its share of the machine, watts: at least 0.
    pub watts_per_cpu: f64,
    /// Power usage effectiveness of the data centre: at least 1.
    pub pue: f64,
    /// Carbon intensity of the grid, g CO2e per kWh: at least 0.
    pub grid_g_per_kwh: f64,
    /// What the profile describes: UTF-8, NUL-terminated, may be empty.
    pub name: [c_char; ENCAST_TEXT_CAPACITY],
    /// Where the numbers come from, and of which date: UTF-8, NUL-terminated, may be empty.
    pub source: [c_char; ENCAST_LONG_TEXT_CAPACITY],
}

impl EncastProfile {
    pub(crate) const NONE: Self = EncastProfile {
        usd_per_cpu_hour: f64::NAN,
        watts_per_cpu: f64::NAN,
        pue: f64::NAN,
        grid_g_per_kwh: f64::NAN,
        name: [0; ENCAST_TEXT_CAPACITY],
        source: [0; ENCAST_LONG_TEXT_CAPACITY],
    };

    /// The profile in the core's terms, checked.
    pub(crate) fn known(&self) -> Result<Option<ResourceProfile>, Failure> {
        let numbers = [self.usd_per_cpu_hour, self.watts_per_cpu, self.pue, self.grid_g_per_kwh];
        if numbers.iter().all(|number| number.is_nan()) {
            return Ok(None);
        }
        let profile = ResourceProfile {
            name: text(&self.name, "profile.name")?.unwrap_or("given over C").to_owned(),
            usd_per_cpu_hour: self.usd_per_cpu_hour,
            watts_per_cpu: self.watts_per_cpu,
            pue: self.pue,
            grid_g_per_kwh: self.grid_g_per_kwh,
            source: text(&self.source, "profile.source")?.unwrap_or_default().to_owned(),
        };
        profile.check()?;
        Ok(Some(profile))
    }
}

/// How a forecast is made. Set up by encast_predict_options_init(), then changed where the defaults do not fit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastPredictOptions {
    /// Set by encast_predict_options_init().
    pub struct_size: u32,
    /// Leave it 0.
    pub reserved_first: i32,
    /// VMAF that a recommended bitrate or CRF has to reach, above 0 and at most 100. Default 93. Not used by
    /// encast_ladder().
    pub target_vmaf: f64,
    /// Lowest bitrate that may be recommended, or that a ladder looks at, kbit/s. Default 100.
    pub min_bitrate_kbps: f64,
    /// Highest bitrate that may be recommended, or that a ladder looks at, kbit/s, at least min_bitrate_kbps. Default
    /// 50000.
    pub max_bitrate_kbps: f64,
    /// Prices and carbon factors instead of those that the model carries. Only used where the model has learnt no cost
    /// or carbon itself. Default none.
    pub profile: EncastProfile,
    /// Probability that every interval promises, 0.1 to 0.98. Default 0.9, which 0 means too.
    pub level: f64,
    /// Probability, 0.5 to 0.99, with which the true VMAF shall reach the target: the lower bound that holds with it
    /// has to reach it then, not the forecast. Default NaN = the forecast.
    pub assurance: f64,
    /// Lowest CRF that may be recommended, on the encoder's scale. Default NaN = the encoder's lowest, no lower than
    /// the model saw.
    pub min_crf: f64,
    /// Highest CRF that may be recommended, at least min_crf. Default NaN = the encoder's highest, no higher than the
    /// model saw.
    pub max_crf: f64,
    /// Most time that the forecast of the job may be at what is recommended, seconds, above 0. Default NaN = any.
    pub max_encode_seconds: f64,
    /// Most that the forecast of the job may cost at what is recommended, USD, above 0. Default NaN = any.
    pub max_cost_usd: f64,
    /// Where the job runs: times, CPU percent, energy, cost and carbon are those of this machine in this region then,
    /// whatever the model has learnt of cost and carbon, and the profile is not used. Read during the call only.
    /// Default null = nowhere in particular.
    pub site: *const EncastSite,
    /// Months that the encode is kept, for which a site charges: 0 to 1e4. Default 0.
    pub months_stored: f64,
    /// How often the whole encode is sent to the internet, for which a site charges: 0 to 1e12. Default 0.
    pub deliveries: f64,
    /// 1 = a site charges the job its whole machine, 0 = only the vCPUs that the job has threads for. Default 0.
    pub whole_machine: i32,
    /// Leave it 0.
    pub reserved: i32,
    /// Most energy that the forecast of the job may take at what is recommended, kWh, above 0. Default NaN = any.
    pub max_energy_kwh: f64,
    /// Most carbon that the forecast of the job may have at what is recommended, kg CO2e, above 0. Default NaN = any.
    pub max_co2_kg: f64,
    /// What is added to every forecast of VMAF, by codec: index ENCAST_CODEC_..., 0 for requests that name no codec.
    /// VMAF points, -100 to 100. Interval, recommended bitrate and ladder move with it, within 0 to 100. Default 0,
    /// which changes nothing to the bit. This and the next four are what encast_monitor_correction() fills in.
    pub vmaf_offsets: [f64; ENCAST_CORRECTION_CODECS],
    /// What is added to every forecast of PSNR, by codec: dB, -60 to 60. Default 0.
    pub psnr_offsets: [f64; ENCAST_CORRECTION_CODECS],
    /// What is added to the base-2 logarithm of a bitrate that is forecast from a CRF, by codec: -10 to 10. Default 0.
    pub bitrate_octaves: [f64; ENCAST_CORRECTION_CODECS],
    /// What is added to the base-2 logarithm of encode_seconds, by codec: -10 to 10. Default 0.
    pub encode_octaves: [f64; ENCAST_CORRECTION_CODECS],
    /// What is added to the base-2 logarithm of cpu_seconds, by codec: -10 to 10. Energy, cost and carbon that follow
    /// from the CPU time move with it. Default 0.
    pub cpu_octaves: [f64; ENCAST_CORRECTION_CODECS],
}

// SAFETY: repr(C), struct_size first, numbers, arrays of numbers, structs of both and a raw pointer only.
unsafe impl CStruct for EncastPredictOptions {
    const NAME: &'static str = "EncastPredictOptions";
    const FIRST_SIZE: usize = 384;

    fn defaults() -> Self {
        let PredictOptions { level, recommend, months_stored, deliveries, whole_machine, .. } =
            PredictOptions::default();
        EncastPredictOptions {
            struct_size: size_of::<Self>() as u32,
            reserved_first: 0,
            target_vmaf: recommend.target_vmaf,
            min_bitrate_kbps: recommend.min_bitrate_kbps,
            max_bitrate_kbps: recommend.max_bitrate_kbps,
            profile: EncastProfile::NONE,
            level,
            assurance: or_nan(recommend.assurance),
            min_crf: or_nan(recommend.min_crf),
            max_crf: or_nan(recommend.max_crf),
            max_encode_seconds: or_nan(recommend.max_encode_seconds),
            max_cost_usd: or_nan(recommend.max_cost_usd),
            site: std::ptr::null(),
            months_stored,
            deliveries,
            whole_machine: whole_machine.into(),
            reserved: 0,
            max_energy_kwh: or_nan(recommend.max_energy_kwh),
            max_co2_kg: or_nan(recommend.max_co2_kg),
            vmaf_offsets: [0.0; ENCAST_CORRECTION_CODECS],
            psnr_offsets: [0.0; ENCAST_CORRECTION_CODECS],
            bitrate_octaves: [0.0; ENCAST_CORRECTION_CODECS],
            encode_octaves: [0.0; ENCAST_CORRECTION_CODECS],
            cpu_octaves: [0.0; ENCAST_CORRECTION_CODECS],
        }
    }
}

impl EncastPredictOptions {
    /// The offsets of a target by codec.
    pub(crate) fn offsets(&mut self, target: Target) -> Option<&mut [f64; ENCAST_CORRECTION_CODECS]> {
        match target {
            Target::Vmaf => Some(&mut self.vmaf_offsets),
            Target::Psnr => Some(&mut self.psnr_offsets),
            Target::BitrateKbps => Some(&mut self.bitrate_octaves),
            Target::EncodeSeconds => Some(&mut self.encode_octaves),
            Target::CpuSeconds => Some(&mut self.cpu_octaves),
            _ => None,
        }
    }
}

/// The codecs that an index of offsets may stand for, with their numbers.
pub(crate) fn corrected_codecs() -> impl Iterator<Item = (usize, Option<Codec>)> {
    (0..ENCAST_CORRECTION_CODECS)
        .map(|number| (number, Codec::from_number(number as i32)))
        .filter(|(number, codec)| *number == 0 || codec.is_some())
}

/// Offsets in the core's terms, checked here, where their names are known.
fn correction(c: &EncastPredictOptions) -> Result<Correction, Failure> {
    let mut correction = Correction::default();
    let arrays = [
        ("vmaf_offsets", Target::Vmaf, &c.vmaf_offsets),
        ("psnr_offsets", Target::Psnr, &c.psnr_offsets),
        ("bitrate_octaves", Target::BitrateKbps, &c.bitrate_octaves),
        ("encode_octaves", Target::EncodeSeconds, &c.encode_octaves),
        ("cpu_octaves", Target::CpuSeconds, &c.cpu_octaves),
    ];
    for (field, target, offsets) in arrays {
        let bound = Correction::bound(target);
        if let Some(offset) = offsets.iter().find(|offset| !(-bound..=bound).contains(*offset)) {
            return Err(Failure::bound(field, offset, format_args!("a finite number from -{bound} to {bound}")));
        }
        for (number, codec) in corrected_codecs() {
            correction.set(target, codec, offsets[number]);
        }
    }
    Ok(correction)
}

/// The options in the core's terms; the core checks the limits of the search.
pub(crate) fn from_c(c: &EncastPredictOptions) -> Result<PredictOptions, Failure> {
    let recommend = RecommendOptions {
        target_vmaf: c.target_vmaf,
        min_bitrate_kbps: c.min_bitrate_kbps,
        max_bitrate_kbps: c.max_bitrate_kbps,
        min_crf: known(c.min_crf),
        max_crf: known(c.max_crf),
        assurance: known(c.assurance),
        max_encode_seconds: known(c.max_encode_seconds),
        max_cost_usd: known(c.max_cost_usd),
        max_energy_kwh: known(c.max_energy_kwh),
        max_co2_kg: known(c.max_co2_kg),
    };
    for (field, number, most) in
        [("whole_machine", c.whole_machine, 1), ("reserved", c.reserved, 0), ("reserved_first", c.reserved_first, 0)]
    {
        if !(0..=most).contains(&number) {
            let bound = if most == 0 { "0" } else { "0 or 1" };
            let text = format!("{field} = {number}: must be {bound} (was encast_predict_options_init called?)");
            return Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field(field));
        }
    }
    let site = if c.site.is_null() { None } else { Some(handles::get(c.site)?.as_ref().clone()) };
    Ok(PredictOptions {
        level: if c.level == 0.0 { PredictOptions::default().level } else { c.level },
        recommend,
        profile: c.profile.known()?,
        site,
        months_stored: c.months_stored,
        deliveries: c.deliveries,
        whole_machine: c.whole_machine == 1,
        correction: correction(c)?,
    })
}

/// Sets the defaults.
///
/// options: a struct of the caller, not null. struct_size: sizeof(EncastPredictOptions).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// options points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_predict_options_init(options: *mut EncastPredictOptions, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(options, struct_size, "options") })
}
