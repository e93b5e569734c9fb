// The answers in words and tables. All text goes through textContent: what the exporter says is never markup.

import { runs } from "./chart.js";
import * as format from "./format.js";

const $ = (id) => document.getElementById(id);

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function fill(table, header, rows) {
  const head = document.createElement("tr");
  head.append(...header.map((text) => element("th", text, { scope: "col" })));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(
    ...rows.map(([first, ...others]) => {
      const row = document.createElement("tr");
      row.append(element("th", first, { scope: "row" }), ...others.map((text) => element("td", text)));
      return row;
    }),
  );
}

const missing = "–";

/** An estimate with its interval, in words. */
function estimate(answer, measure) {
  const value = answer.estimates[measure.key];
  if (value === undefined) return missing;
  const interval = answer.intervals[measure.key];
  const known = interval && interval.lower !== null && interval.upper !== null;
  return format.withUnit(measure, value) + (known ? ` (${measure.text(interval.lower)} – ${measure.text(interval.upper)})` : "");
}

/** What is added to the forecasts of a target. */
const offset = (name, by) => `${name.replace(/vmaf|psnr|ssim/, (target) => target.toUpperCase())} ${by < 0 ? "−" : "+"}${format.plain(Math.abs(by))}`;

const percent = (share) => `${Math.round(share * 100)} %`;

/** What is recommended, and what is forecast there; `at` is the answer at the recommended bitrate, null when there is none. The
 *  assurance is what was asked for, if anything. */
export function showVerdict(answer, at, assurance) {
  const target = format.plain(answer.target_vmaf);
  const sure = assurance === undefined ? "" : ` with a probability of ${percent(assurance)}`;
  const verdict = $("verdict");
  verdict.replaceChildren();
  verdict.closest("section").classList.toggle("out-of-reach", !at);
  if (at) {
    verdict.append(element("strong", format.bitrate(answer.recommended_bitrate_kbps)), ` is forecast to reach VMAF ${target}${sure}.`);
  } else if (answer.target_unreachable) {
    const best = answer.best_reachable_vmaf;
    verdict.append(
      element("strong", "Out of reach"),
      `: no bitrate of the range is forecast to reach VMAF ${target}${sure}` + (best === null ? "." : `; the best is ${format.decimals(best, 1)}.`),
    );
  } else {
    verdict.append("No bitrate can be recommended for these inputs.");
  }
  const facts = at
    ? [
        ...format.measures.map((measure) => [measure.name, estimate(at, measure)]),
        ["Encoding takes", at.estimates.encode_seconds === undefined ? missing : format.time(at.estimates.encode_seconds)],
        ["Size", at.size_mb === null ? missing : format.size(at.size_mb)],
        ["Confidence", at.confidence === null ? missing : percent(at.confidence)],
      ]
    : [];
  $("recommended").replaceChildren(
    ...facts.map(([name, value]) => {
      const pair = document.createElement("div");
      pair.append(element("dt", name), element("dd", value));
      return pair;
    }),
  );
}

/** Where on the axis something holds, in words: "" where it does everywhere. */
function stretches(rates, holds) {
  const told = runs(rates.length, holds).map((run) => {
    const [first, last] = [run[0], run.at(-1)];
    if (last < rates.length - 1) return `${first > 0 ? `from ${format.bitrate(rates[first])} ` : ""}up to ${format.bitrate(rates[last])}`;
    return first > 0 ? `from ${format.bitrate(rates[first])} on` : "";
  });
  return told.join(" and ");
}

/** Inputs outside of what the model learnt, those it did not use, and corrections, in words. */
export function showFlags(rates, answers, ranges = {}) {
  const words = [];
  const outside = new Set(answers.flatMap((answer) => answer.out_of_range));
  const range = (name) => (ranges[name] ? ` It learnt from ${format.plain(ranges[name].min)} to ${format.plain(ranges[name].max)}${format.unit(name)}.` : "");
  for (const name of outside) {
    const where = stretches(rates, (i) => answers[i].out_of_range.includes(name));
    words.push(`The ${format.field(name)} is outside of what the model learnt${where && ` ${where}`}: intervals are wider, confidence is lower.${range(name)}`);
  }
  const corrected = Object.entries(answers[0].corrected ?? {});
  if (corrected.length) {
    const offsets = corrected.map(([target, by]) => offset(target, by));
    words.push(`Corrected by what encodes of this codec measured: ${offsets.join(", ")} to what the model says.`);
  }
  const ignored = new Set(answers[0].ignored);
  if (ignored.size) words.push(`No forecast of this model uses: ${[...ignored].map(format.field).join(", ")}.`);
  $("flags").replaceChildren(...words.map((text) => element("li", text)));
}

/** The answers as a table, one row a bitrate; the recommended one says so. */
export function showValues(rates, answers, recommended) {
  fill(
    $("values"),
    ["Bitrate, kbit/s", ...format.measures.map((measure) => (measure.unit ? `${measure.name}, ${measure.unit}` : measure.name)), "Confidence", "To mind"],
    rates.map((rate, i) => [
      format.bitrateNumber(rate),
      ...format.measures.map((measure) => estimate(answers[i], { ...measure, unit: "" })),
      answers[i].confidence === null ? missing : percent(answers[i].confidence),
      [
        ...(rate === recommended ? ["recommended"] : []),
        ...answers[i].out_of_range.map((name) => `${format.field(name)} outside of what was learnt`),
      ].join(", "),
    ]),
  );
}

const interval = (ends, digits) => (ends && ends.lower !== null ? ` (${format.decimals(ends.lower, digits)} – ${format.decimals(ends.upper, digits)})` : "");

/** The ladder of POST /ladder for a source, such as "1920×1080", or why there is none. */
export function showLadder(ladder, failure, source) {
  const rungs = ladder?.rungs ?? [];
  $("ladder-note").textContent = failure
    ? `No ladder: ${failure.message}`
    : rungs.length
      ? `The best sizes and bitrates for a source of ${source} pixels; rungs are a just noticeable difference of VMAF apart.`
      : `No allowed encode of a source of ${source} pixels gives a rung.`;
  $("ladder").closest(".scroll").hidden = rungs.length === 0;
  const known = (value, text) => (value === null || value === undefined ? missing : text(value));
  fill(
    $("ladder"),
    ["Size, pixels", "Bitrate, kbit/s", "CRF", "VMAF", "PSNR, dB", "File", "Encoding", "Cost, USD", "Confidence", "Outside of what was learnt"],
    rungs.map((rung) => [
      `${rung.resolution_width}×${rung.resolution_height}`,
      format.bitrateNumber(rung.bitrate_kbps),
      known(rung.crf, format.plain),
      known(rung.predicted_vmaf, (v) => format.decimals(v, 1)) + interval(rung.vmaf_interval, 1),
      known(rung.predicted_psnr, (v) => format.decimals(v, 1)) + interval(rung.psnr_interval, 1),
      known(rung.size_mb, format.size),
      known(rung.encode_seconds, format.time),
      known(rung.cost_usd, format.measures.find((measure) => measure.key === "cost_usd").text),
      known(rung.confidence, percent),
      rung.out_of_range.map(format.field).join(", "),
    ]),
  );
}

const tiers = { settings: "settings", content: "settings and complexity", probe: "these and a trial encode" };

/** What GET /model says. */
export function showModel(model) {
  $("model").textContent =
    `Version ${model.version}, trained on ${format.moment(model.trained_at)}` +
    (model.rows ? ` on ${model.rows.toLocaleString("en")} encodes of ${model.titles.toLocaleString("en")} titles` : "") +
    (model.vmaf_model ? `; VMAF is that of ${model.vmaf_model}.` : ".");
  const shown = (model.figures ?? []).filter((one) => one.given === "bitrate" && ["vmaf", "psnr"].includes(one.target));
  $("figures").closest(".scroll").hidden = shown.length === 0;
  fill(
    $("figures"),
    ["Target", "Known", "R²", "Mean error", "Encodes"],
    shown.map(({ target, tier, figures }) => [
      target.toUpperCase(),
      tiers[tier] ?? tier,
      format.decimals(figures.r2, 3),
      format.decimals(figures.mae, 2),
      figures.rows.toLocaleString("en"),
    ]),
  );
  const correction = model.correction;
  const offsets = (correction?.offsets ?? [])
    .filter((one) => one.offset !== null && one.offset !== 0)
    .map((one) => offset(one.codec ? `${one.codec} ${one.target}` : one.target, one.offset));
  $("correction").textContent = !correction
    ? ""
    : !correction.enabled
      ? "Forecasts are the model’s own: correction by measured encodes is off."
      : offsets.length
        ? `Forecasts are corrected by what measured encodes told: ${offsets.join(", ")}.`
        : "Correction by measured encodes is on; none is due yet.";
}
