// The controls: what they say as a request, what the address says for them, and what is wrong with them.

import { bitrateNumber } from "./format.js";

const $ = (id) => document.getElementById(id);

/** Numbers of the request and of the search, by the control and the exporter's name. */
const content = ["motion_intensity", "si_mean", "si_std", "ti_mean", "ti_std", "spatial_energy", "temporal_energy", "luminance", "static_share"];
const numbers = ["frame_rate", "duration_s", ...content, "source_frame_rate", "target_vmaf", "assurance", "min_bitrate_kbps", "max_bitrate_kbps"];
const sizes = { resolution: ["resolution_width", "resolution_height"], source_size: ["source_width", "source_height"] };
const ofSearch = ["target_vmaf", "assurance", "min_bitrate_kbps", "max_bitrate_kbps"];
const texts = ["machine", "region"];
const inputs = [...numbers, ...Object.keys(sizes), ...texts];

/** What the controls say when the address says nothing. */
const initial = {
  encoder: "libx264",
  preset: "medium",
  resolution: "1920x1080",
  frame_rate: "30",
  motion_intensity: "0.5",
  min_bitrate_kbps: "100",
  max_bitrate_kbps: "20000",
};

/** The control that a field of the exporter is typed into. */
function controlOf(field) {
  if (field === "codec") return $("encoder");
  for (const [control, pair] of Object.entries(sizes)) if (pair.includes(field)) return $(control);
  return $(field);
}

function problemElement(control) {
  const id = `${control.id}-problem`;
  let element = $(id);
  if (!element) {
    element = document.createElement("p");
    element.id = id;
    element.className = "problem";
    control.closest(".field").append(element);
  }
  return element;
}

export class Form {
  #contents = new Map();
  #model = null;
  // A preset from the address waits here for the model to tell its names.
  #wanted = { encoder: "", preset: "" };

  /** `changed` is called after each change that a person makes. */
  constructor(changed) {
    $("inputs").addEventListener("submit", (event) => event.preventDefault());
    $("inputs").addEventListener("input", (event) => {
      const id = event.target.id;
      if (id === "encoder") this.#showPresets("");
      if (id === "content") this.#takeContent();
      else if (content.includes(id)) $("content").value = content.some((name) => $(name).value.trim()) ? "own" : "";
      this.#wanted = { encoder: $("encoder").value, preset: $("preset").value };
      changed();
    });
    $("reset").addEventListener("click", () => {
      this.read(new URLSearchParams());
      changed();
    });
  }

  /** Takes the state from an address's query; an empty one is the initial state. */
  read(query) {
    const has = [...query.keys()].length > 0;
    const says = (name) => (has ? (query.get(name) ?? "") : (initial[name] ?? ""));
    for (const id of inputs) $(id).value = says(id);
    for (const id of ["resolution", "frame_rate", "min_bitrate_kbps", "max_bitrate_kbps"]) $(id).value ||= initial[id];
    const codec = says("codec");
    this.#wanted = { encoder: says("encoder") || (codec && `codec:${codec}`), preset: says("preset") };
    this.#showEncoders();
    $("content").value = query.get("content") ?? "";
    if (this.#contents.has($("content").value)) this.#takeContent();
    else $("content").value = content.some((name) => $(name).value.trim()) ? "own" : "";
    $("complexity").open = [...content.slice(1), "source_size", "source_frame_rate"].some((name) => says(name));
  }

  /** The state as an address's query. */
  query() {
    const query = new URLSearchParams();
    const { encoder, preset } = this.#wanted;
    if (encoder.startsWith("codec:")) query.set("codec", encoder.slice(6));
    else if (encoder) query.set("encoder", encoder);
    if (preset) query.set("preset", preset);
    const told = this.#contents.has($("content").value);
    if (told) query.set("content", $("content").value);
    for (const id of inputs) {
      const value = $(id).value.trim();
      // The numbers of a content that has a name follow from it.
      if (value && !(told && content.includes(id))) query.set(id, value);
    }
    return query;
  }

  /** Offers what the model of GET /model knows. */
  offer(model) {
    this.#model = model;
    this.#showEncoders();
  }

  /** Offers contents: name, label, and the numbers by field. */
  offerContents(contents) {
    const group = document.createElement("optgroup");
    group.label = "Titles that were measured";
    for (const entry of contents) {
      this.#contents.set(entry.title, entry);
      group.append(new Option(entry.label, entry.title));
    }
    $("content").append(group);
  }

  #showEncoders() {
    const { encoders = [], codecs = [] } = this.#model ?? {};
    const select = $("encoder");
    const groups = [["Encoder", encoders.map((name) => [name, name])], ["Codec, any encoder", codecs.map((name) => [name, `codec:${name}`])]];
    select.replaceChildren(new Option("not told", ""));
    for (const [label, options] of groups) {
      const group = document.createElement("optgroup");
      group.label = label;
      group.append(...options.map(([text, value]) => new Option(text, value)));
      select.append(group);
    }
    this.#choose(select, this.#wanted.encoder, this.#wanted.encoder.replace("codec:", ""));
    this.#showPresets(this.#wanted.preset);
  }

  #showPresets(wanted) {
    const select = $("preset");
    const presets = this.#model?.presets_of?.[$("encoder").value] ?? [];
    select.replaceChildren(new Option("not told", ""), ...presets.map((name) => new Option(name, name)));
    this.#choose(select, wanted, wanted);
  }

  /** Chooses an option, also one that the model does not know: it is for the exporter to say no. */
  #choose(select, value, text) {
    if (value && ![...select.options].some((option) => option.value === value)) select.append(new Option(text, value));
    select.value = value;
  }

  #takeContent() {
    const chosen = $("content").value;
    if (chosen === "own") {
      $("complexity").open = true;
      return;
    }
    const entry = this.#contents.get(chosen);
    for (const name of content) $(name).value = entry?.values[name] ?? "";
  }

  /** Returns what to ask: request, options and the range of bitrates; or null when the controls show what is wrong. */
  ask() {
    this.clearProblems();
    const request = {};
    const options = {};
    let wrong = false;
    const complain = (control, message) => {
      this.problem(control.id, message);
      wrong = true;
    };
    for (const [id, pair] of Object.entries(sizes)) {
      const text = $(id).value.trim();
      const match = /^(\d+)\s*[x×]\s*(\d+)$/i.exec(text);
      if (match) pair.forEach((name, i) => (request[name] = Number(match[i + 1])));
      else if (text || id === "resolution") complain($(id), `“${text}” is not a size such as 1920x1080`);
    }
    for (const id of numbers) {
      const text = $(id).value.trim();
      if (!text) {
        if ($(id).required) complain($(id), "is needed");
        continue;
      }
      const value = Number(text);
      if (!Number.isFinite(value)) complain($(id), `“${text}” is not a number`);
      else (ofSearch.includes(id) ? options : request)[id] = value;
    }
    for (const id of texts) if ($(id).value.trim()) request[id] = $(id).value.trim();
    const encoder = $("encoder").value;
    if (encoder.startsWith("codec:")) request.codec = encoder.slice(6);
    else if (encoder) request.encoder = encoder;
    if ($("preset").value) request.preset = $("preset").value;
    // The axis is this page's own; all other bounds are the exporter's to judge.
    const { min_bitrate_kbps: low, max_bitrate_kbps: high } = options;
    for (const id of ["min_bitrate_kbps", "max_bitrate_kbps"]) if (options[id] <= 0) complain($(id), "has to be above 0");
    if (!wrong && high <= low) complain($("max_bitrate_kbps"), `has to be above ${bitrateNumber(low)}, the lowest bitrate`);
    return wrong ? null : { request, options };
  }

  /** Shows a problem at the control of a field; false when the page has none for it. */
  problem(field, message) {
    const control = field ? controlOf(field.replace(/^options\./, "")) : null;
    if (!control?.closest("#inputs .field")) return false;
    const element = problemElement(control);
    // Bitrates are asked for as rows; that of the first is to blame for all.
    element.textContent = message.replace(/^row \d+: /, "");
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", element.id);
    const folded = control.closest("details");
    if (folded) folded.open = true;
    return true;
  }

  clearProblems() {
    for (const control of document.querySelectorAll("#inputs [aria-invalid]")) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
      $(`${control.id}-problem`).textContent = "";
    }
  }
}
