// Asks the exporter whenever a control changes, and shows the answers together.

import { ask, Failure, insist } from "./api.js";
import { Chart } from "./chart.js";
import { Form } from "./form.js";
import * as format from "./format.js";
import * as results from "./results.js";

const points = 48;
const debounce = 150; // ms without a change before it is asked
const patience = 500; // ms before the page says that it waits
const heartbeat = 10_000; // ms between looks at whether the exporter is there, and has the same model
const rounds = 5; // times that all is asked before a model that keeps changing is a failure

const $ = (id) => document.getElementById(id);

let shown = null; // what the charts show: rates, answers, recommended
let model = null;
let asking = new AbortController();
let timer = 0;
let chosen = null; // the bitrate that a person reads at; null follows the recommended one

const charts = format.measures.map((measure) => new Chart($("charts"), measure, (index) => read(index)));
const form = new Form(later);

/** A person changed a control, and may go on. */
function later() {
  clearTimeout(timer);
  // What is under way asks for what is no longer on the page.
  asking.abort();
  timer = setTimeout(refresh, debounce);
}

/** Bitrates at equal ratios, in numbers that can be read aloud where the range leaves room for them. */
function ratesOf(low, high) {
  const rates = Array.from({ length: points }, (_, i) => low * (high / low) ** (i / (points - 1)));
  const round = high / low >= 2 ? (rate) => Number(rate.toPrecision(4)) : (rate) => rate;
  return rates.map((rate, i) => (i === 0 ? low : i === points - 1 ? high : round(rate)));
}

async function refresh() {
  clearTimeout(timer);
  // The latest question alone may be answered, whoever asked the one before: a person, or the model's change.
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const asked = form.ask();
  remember();
  if (!asked) {
    settle("Nothing new is forecast before the marked field is mended.");
    return;
  }
  const waiting = setTimeout(() => say("Asking the exporter …"), patience);
  $("results").setAttribute("aria-busy", "true");
  const again = (failure) => {
    clearTimeout(waiting);
    hold(failure);
  };
  try {
    const next = await gather(asked, (path, body) => insist(path, { body, signal, again }));
    if (signal.aborted) return;
    show(next);
    settle("");
    $("alarm").hidden = true;
  } catch (failure) {
    if (signal.aborted) return;
    fail(failure);
  } finally {
    clearTimeout(waiting);
  }
}

/**
 * The answers to all that the controls ask, of one model: where a reload came between two of them, all is asked again. One question
 * at a time, so that an exporter that bounds its clients' rate has answers for the first ones.
 */
async function gather({ request, options }, question) {
  const rates = ratesOf(options.min_bitrate_kbps, options.max_bitrate_kbps);
  const one = { ...request, ...options };
  const { target_vmaf: _, ...limits } = options; // a ladder has targets of its own
  // A ladder is of a source: where its size is not told, the size of the encode is meant.
  const source = { source_width: one.resolution_width, source_height: one.resolution_height };
  const ladderRequest = { ...source, ...request, options: limits };
  // A correction moves while encodes are measured: told before the forecasts, a later change of it is seen by the next look.
  let known = model !== null && !model.correction?.enabled;
  for (let round = 0; round < rounds; round++) {
    if (!known) takeModel(await question("model"));
    const answers = await question("predict", rates.map((bitrate_kbps) => ({ ...one, bitrate_kbps })));
    const recommended = answers[0].recommended_bitrate_kbps ?? null;
    const at = recommended === null ? null : await question("predict", { ...one, bitrate_kbps: recommended });
    // Without a ladder the rest is still worth showing, if the exporter says that there is none.
    const [ladder, ladderFailure] = await question("ladder", ladderRequest).then(
      (answer) => [answer, null],
      (failure) => {
        if (failure.kind !== "rejected") throw failure;
        return [null, failure];
      },
    );
    known = [answers[0], at, ladder].every((answer) => answer === null || answer.model === model.version);
    if (!known) continue;
    if (at && !rates.includes(recommended)) {
      // A point of the curves, so that it can be read like the others.
      const place = rates.findIndex((rate) => rate > recommended);
      rates.splice(place < 0 ? rates.length : place, 0, recommended);
      answers.splice(place < 0 ? answers.length : place, 0, at);
    }
    const ladderSource = `${ladderRequest.source_width}×${ladderRequest.source_height}`;
    return { rates, answers, recommended, at, ladder, ladderFailure, ladderSource, assurance: one.assurance };
  }
  throw new Failure("changing", "The exporter’s model changes while it is asked");
}

function say(text) {
  if ($("state").textContent !== text) $("state").textContent = text;
}

/** An answer is shown, or it is said why what is shown is older than what the controls say. */
function settle(why) {
  $("results").setAttribute("aria-busy", "false");
  $("results").classList.toggle("old", why !== "");
  say(why);
}

function alarm(text) {
  if ($("alarm").textContent !== text) $("alarm").textContent = text;
  $("alarm").hidden = false;
  $("results").classList.add("old");
  say(shown ? "What is shown is older than what the controls say." : "Nothing is forecast yet.");
}

/** There is no answer yet, and it is asked again. A limit says when: that is a wait, not an alarm. */
function hold(failure) {
  const text = `${failure.message}. Asking again …`;
  if (failure.wait) say(text);
  else alarm(text);
}

/** There is no answer to what the controls say. */
function fail(failure) {
  $("results").setAttribute("aria-busy", "false");
  if (failure.kind === undefined) {
    settle("This page failed; the browser’s console says where.");
    throw failure;
  }
  if (failure.kind === "rejected" && form.problem(failure.field, failure.message)) {
    $("alarm").hidden = true;
    settle("Nothing new is forecast before the marked field is mended.");
    return;
  }
  alarm(failure.message);
}

/** What of a model's correction forecasts depend on; the count of measured encodes rises without changing it. */
const corrects = ({ correction }) =>
  JSON.stringify(correction?.enabled ? correction.offsets.map(({ target, codec, offset }) => [target, codec, offset]) : null);

/** Takes what the model says of itself; true when forecasts may be others than before. */
function takeModel(next) {
  const other = next.version !== model?.version;
  const changed = other || corrects(next) !== corrects(model);
  model = next;
  // Offering anew would close a list that is open.
  if (other) form.offer(next);
  // Beside forecasts of the model before, that one stays.
  if (!shown) results.showModel(next);
  return changed;
}

/** Looks whether the exporter is there, with the same model, unless a question is under way, which tells the same. */
async function look() {
  if (document.hidden || $("results").getAttribute("aria-busy") === "true") return;
  const { signal } = asking;
  try {
    const changed = takeModel(await ask("model", { signal }));
    if (changed || !$("alarm").hidden) refresh();
  } catch (failure) {
    // What others use up, they may: the next look sees. Of other trouble the question tells, until it is over.
    if (!signal.aborted && !failure.wait) refresh();
  }
}

function show(next) {
  shown = next;
  $("forecast").hidden = false; // first: charts have no width while they are hidden
  const { rates, answers, recommended } = next;
  const outside = answers.map((answer) => answer.out_of_range.includes("bitrate_kbps"));
  for (const chart of charts) {
    const { key } = chart.measure;
    chart.draw({
      rates,
      values: answers.map((answer) => answer.estimates[key] ?? null),
      lower: answers.map((answer) => answer.intervals[key]?.lower ?? null),
      upper: answers.map((answer) => answer.intervals[key]?.upper ?? null),
      outside,
      target: key === "vmaf" ? answers[0].target_vmaf : null,
      recommended,
    });
  }
  results.showVerdict(answers[0], next.at, next.assurance);
  results.showFlags(rates, answers, model.ranges);
  results.showValues(rates, answers, recommended);
  results.showLadder(next.ladder, next.ladderFailure, next.ladderSource);
  results.showModel(model);
  $("at").max = rates.length - 1;
  mark(nearest(chosen ?? recommended ?? rates[rates.length >> 1]));
}

function nearest(rate) {
  const away = (index) => Math.abs(Math.log(shown.rates[index] / rate));
  return shown.rates.reduce((best, _, index) => (away(index) < away(best) ? index : best), 0);
}

/** Marks a bitrate in all charts. */
function mark(index) {
  const rate = shown.rates[index];
  const { estimates, confidence } = shown.answers[index];
  for (const chart of charts) chart.point(index);
  $("at").value = index;
  const sure = confidence === null ? "" : `, confidence ${Math.round(confidence * 100)} %`;
  $("at-value").textContent = format.bitrate(rate) + sure;
  const told = format.measures
    .filter((measure) => estimates[measure.key] !== undefined)
    .map((measure) => `${measure.name} ${format.withUnit(measure, estimates[measure.key])}`);
  $("at").setAttribute("aria-valuetext", [format.bitrate(rate), ...told].join(", ") + sure);
}

/** A person reads at a bitrate. */
function read(index) {
  if (!shown) return;
  chosen = shown.rates[index];
  mark(index);
  remember();
}

let remembering = 0;

/** Puts the state into the address; browsers allow only so many changes of it a second. */
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const query = form.query();
    if (chosen !== null) query.set("at", String(Number(chosen.toPrecision(4))));
    history.replaceState(null, "", `?${query}`);
  }, 200);
}

async function start() {
  $("at").addEventListener("input", () => read(Number($("at").value)));
  // Before any answer: the table of contents is part of this page, and a link may name one of them.
  try {
    form.offerContents(await ask("page/content.json"));
  } catch {
    // Without it, contents are told by numbers; whether the exporter is there, the next question tells.
  }
  const query = new URLSearchParams(location.search);
  const at = Number(query.get("at"));
  if (at > 0) chosen = at;
  query.delete("at");
  form.read(query);
  $("reset").addEventListener("click", () => (chosen = null));
  setInterval(look, heartbeat);
  refresh();
}

start();
