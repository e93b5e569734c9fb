// Numbers and names as people read them.

const number = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const significant = (value, digits) => value.toLocaleString("en", { maximumSignificantDigits: digits });

const exactly3 = (value) => value.toLocaleString("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });

/** What the page shows of a forecast: the field of an estimate, its name, and how its values are written. */
export const measures = [
  { key: "vmaf", name: "VMAF", unit: "", text: (v) => number(v, 1), bounds: [0, 100] },
  { key: "psnr", name: "PSNR", unit: "dB", text: (v) => number(v, 1) },
  { key: "cost_usd", name: "Cost", unit: "USD", text: exactly3, zero: true },
  { key: "co2_kg", name: "CO₂e", unit: "kg", text: exactly3, zero: true },
];

export const withUnit = (measure, value) => (measure.unit ? `${measure.text(value)} ${measure.unit}` : measure.text(value));

export const bitrate = (kbps) => `${significant(kbps, 4)} kbit/s`;

export const bitrateNumber = (kbps) => significant(kbps, 4);

export const size = (mb) => (mb >= 1000 ? `${significant(mb / 1000, 3)} GB` : `${significant(mb, 3)} MB`);

export const decimals = (value, digits) => number(value, digits);

export function time(seconds) {
  if (seconds < 100) return `${significant(seconds, 3)} s`;
  if (seconds < 6000) return `${significant(seconds / 60, 3)} min`;
  return `${significant(seconds / 3600, 3)} h`;
}

export const moment = (rfc3339) =>
  new Date(rfc3339).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }) + " UTC";

/** Words for the names that the exporter gives to inputs; what is not here is shown as it is named. */
const fieldNames = {
  bitrate_kbps: "bitrate",
  resolution_width: "width",
  resolution_height: "height",
  frame_rate: "frame rate",
  frame_drop: "dropped frames",
  motion_intensity: "motion",
  duration_s: "duration",
  si_mean: "SI mean",
  si_std: "SI deviation",
  ti_mean: "TI mean",
  ti_std: "TI deviation",
  spatial_energy: "spatial energy",
  temporal_energy: "temporal energy",
  static_share: "static share",
  source_width: "source width",
  source_height: "source height",
  source_frame_rate: "source frame rate",
};

export const field = (name) => fieldNames[name] ?? name;

const units = { bitrate_kbps: "kbit/s", resolution_width: "pixels", resolution_height: "pixels", frame_rate: "frames/s", duration_s: "s" };

/** The unit of an input after a number, where it has one. */
export const unit = (name) => (units[name] ? ` ${units[name]}` : "");

export const plain = (value) => significant(value, 4);
