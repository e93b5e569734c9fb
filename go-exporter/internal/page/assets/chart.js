// Line charts with an interval band over a logarithmic bitrate, as SVG.

import { bitrateNumber, withUnit } from "./format.js";

const height = 210;
const margin = { top: 10, right: 14, bottom: 30, left: 52 };

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Round numbers from low to high, about `wanted` of them. */
function steps(low, high, wanted) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
  return { step, ticks };
}

/** The ends of the value axis: whole steps around all that is drawn. */
function extent(measure, values) {
  if (measure.bounds) return measure.bounds;
  let low = measure.zero ? 0 : Math.min(...values);
  let high = Math.max(...values);
  if (!(high > low)) [low, high] = measure.zero ? [0, high || 1] : [low - 1, high + 1];
  const { step } = steps(low, high, 4);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

/** 1, 2 and 5 of each power of ten, as far as their labels have room; of a narrow range round numbers. */
function rateTicks(low, high, place) {
  let candidates = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    // Powers of ten first: what has no room goes after them.
    candidates.push(...[1, 2, 5].map((factor) => [factor, factor * 10 ** power]));
  }
  candidates = candidates.sort(([a], [b]) => a - b).map(([, rate]) => rate).filter((rate) => rate >= low && rate <= high);
  if (candidates.length < 2) candidates = steps(low, high, 4).ticks;
  const room = 38; // pixels; the longest label has 30
  const taken = [];
  for (const rate of candidates) {
    if (taken.every((other) => Math.abs(place(other) - place(rate)) >= room)) taken.push(rate);
  }
  return taken.sort((a, b) => a - b);
}

const line = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** Runs of neighbours for which `holds` is true, as lists of indices. */
export function runs(count, holds) {
  const found = [];
  for (let i = 0, open = false; i < count; i++) {
    if (!holds(i)) open = false;
    else if (open) found.at(-1).push(i);
    else {
      found.push([i]);
      open = true;
    }
  }
  return found;
}

export class Chart {
  /** `pick` is called with the index of the bitrate that the pointer is at. */
  constructor(parent, measure, pick) {
    this.measure = measure;
    this.figure = document.createElement("figure");
    this.figure.id = `chart-${measure.key}`;
    const caption = document.createElement("figcaption");
    const name = document.createElement("h3");
    name.textContent = measure.unit ? `${measure.name}, ${measure.unit}` : measure.name;
    this.readout = document.createElement("p");
    this.readout.className = "readout";
    caption.append(name, this.readout);
    this.title = svg("title", { id: `title-${measure.key}` }, `${name.textContent} over the bitrate`);
    this.description = svg("desc", { id: `desc-${measure.key}` });
    this.plot = svg("g");
    this.cursor = svg("g", { class: "cursor-mark" });
    this.svg = svg(
      "svg",
      { role: "img", "aria-labelledby": this.title.id, "aria-describedby": this.description.id, height },
      this.title, this.description, this.plot, this.cursor,
    );
    this.figure.append(caption, this.svg);
    parent.append(this.figure);
    const follow = (event) => {
      if (!this.series) return;
      const x = event.clientX - this.svg.getBoundingClientRect().left;
      let nearest = 0;
      this.series.rates.forEach((rate, i) => {
        if (Math.abs(this.x(rate) - x) < Math.abs(this.x(this.series.rates[nearest]) - x)) nearest = i;
      });
      pick(nearest);
    };
    this.svg.addEventListener("pointermove", follow);
    this.svg.addEventListener("pointerdown", follow);
    new ResizeObserver(() => this.series && this.width !== Math.round(this.svg.clientWidth) && this.draw(this.series)).observe(this.svg);
  }

  /**
   * Draws rates, values, lower and upper (null where there is none), outside (per rate, whether it is outside of what the model
   * learnt), target (of this measure, or null) and recommended (a rate, or null).
   */
  draw(series) {
    this.series = series;
    const { rates, values, lower, upper } = series;
    const width = (this.width = Math.max(Math.round(this.svg.clientWidth), 200));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const [left, right] = [Math.log(rates[0]), Math.log(rates.at(-1))];
    this.x = (rate) => margin.left + ((Math.log(rate) - left) / (right - left)) * (width - margin.left - margin.right);
    const drawn = [...values, ...lower, ...upper, series.target].filter((value) => value !== null);
    this.plot.replaceChildren();
    if (!values.some((value) => value !== null)) {
      this.y = null;
      this.plot.append(svg("text", { class: "missing", x: width / 2, y: height / 2 }, "Not forecast for these inputs"));
      this.description.textContent = "Not forecast for these inputs";
      this.point(this.at ?? 0);
      return;
    }
    const [low, high] = extent(this.measure, drawn);
    this.y = (value) => height - margin.bottom - ((value - low) / (high - low)) * (height - margin.top - margin.bottom);
    this.axes(rates, low, high, width);
    for (const run of runs(rates.length, (i) => lower[i] !== null && upper[i] !== null)) {
      const top = run.map((i) => [this.x(rates[i]), this.y(upper[i])]);
      const bottom = run.map((i) => [this.x(rates[i]), this.y(lower[i])]);
      this.plot.append(
        svg("path", { class: "band", d: `${line([...top, ...bottom.toReversed()])}Z` }),
        svg("path", { class: "edge", d: line(top) }),
        svg("path", { class: "edge", d: line(bottom) }),
      );
    }
    if (series.target !== null) {
      const y = this.y(series.target).toFixed(1);
      this.plot.append(svg("path", { class: "target", d: `M${margin.left} ${y}H${width - margin.right}` }));
    }
    if (series.recommended !== null && series.recommended >= rates[0] && series.recommended <= rates.at(-1)) {
      const x = this.x(series.recommended).toFixed(1);
      this.plot.append(svg("path", { class: "recommended", d: `M${x} ${margin.top}V${height - margin.bottom}` }));
    }
    // A stretch between two rates is outside when one of its ends is.
    for (let i = 1; i < rates.length; i++) {
      if (values[i - 1] === null || values[i] === null) continue;
      const outside = series.outside[i - 1] || series.outside[i];
      const last = this.plot.lastElementChild;
      const ends = [i - 1, i].map((k) => [this.x(rates[k]), this.y(values[k])]);
      if (last.dataset.to === String(i - 1) && last.classList.contains("outside") === outside) {
        last.setAttribute("d", last.getAttribute("d") + line([ends[1]]).replace("M", "L"));
        last.dataset.to = i;
      } else {
        const path = svg("path", { class: outside ? "curve outside" : "curve", d: line(ends) });
        path.dataset.to = i;
        this.plot.append(path);
      }
    }
    const first = values.findIndex((value) => value !== null);
    const last = values.findLastIndex((value) => value !== null);
    this.description.textContent =
      `From ${withUnit(this.measure, values[first])} at ${bitrateNumber(rates[first])} kbit/s to ` +
      `${withUnit(this.measure, values[last])} at ${bitrateNumber(rates[last])} kbit/s. All values are in the table below the charts.`;
    this.point(Math.min(this.at ?? 0, rates.length - 1));
  }

  axes(rates, low, high, width) {
    const bottom = height - margin.bottom;
    for (const value of steps(low, high, 4).ticks) {
      const y = this.y(value);
      this.plot.append(
        svg("path", { class: "grid", d: `M${margin.left} ${y.toFixed(1)}H${width - margin.right}` }),
        svg("text", { class: "tick value", x: margin.left - 7, y: (y + 4).toFixed(1) }, String(value)),
      );
    }
    for (const rate of rateTicks(rates[0], rates.at(-1), this.x)) {
      const x = this.x(rate).toFixed(1);
      const label = rate >= 1000 ? `${Number((rate / 1000).toPrecision(3))}k` : String(Number(rate.toPrecision(3)));
      this.plot.append(
        svg("path", { class: "grid", d: `M${x} ${margin.top}V${bottom}` }),
        svg("text", { class: "tick rate", x, y: bottom + 16 }, label),
      );
    }
    this.plot.append(svg("path", { class: "axis", d: `M${margin.left} ${bottom}H${width - margin.right}` }));
    this.plot.append(svg("text", { class: "tick unit", x: width - margin.right, y: height - 2 }, "kbit/s"));
  }

  /** Marks the rate of an index and tells its value. */
  point(index) {
    this.at = index;
    this.cursor.replaceChildren();
    const { rates, values, lower, upper } = this.series;
    const value = values[index] ?? null;
    if (!this.y || value === null) {
      this.readout.textContent = "–";
      return;
    }
    const x = this.x(rates[index]).toFixed(1);
    this.cursor.append(
      svg("path", { d: `M${x} ${margin.top}V${height - margin.bottom}` }),
      svg("circle", { cx: x, cy: this.y(value).toFixed(1), r: 4.5 }),
    );
    const strong = document.createElement("strong");
    strong.textContent = this.measure.text(value);
    const known = lower[index] !== null && upper[index] !== null;
    this.readout.replaceChildren(
      strong,
      known ? ` ${this.measure.text(lower[index])} – ${this.measure.text(upper[index])}` : " no interval",
    );
  }
}
