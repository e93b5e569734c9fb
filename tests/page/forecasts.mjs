// The what-if page on the real exporter in a real browser: what it shows is what the endpoints answer.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { cells, change, fill, settled, text } from "./browser.mjs";
import { Exporter } from "./exporter.mjs";
import { session, visit } from "./session.mjs";

/** What the page asks for at first, as a client would write it. */
const initial = { encoder: "libx264", preset: "medium", resolution: "1920x1080", frame_rate: 30, motion_intensity: 0.5 };
const search = { min_bitrate_kbps: 100, max_bitrate_kbps: 20000 };

const decimals = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const three = (value) => value.toLocaleString("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const four = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });
const written = { vmaf: (v) => decimals(v, 1), psnr: (v) => decimals(v, 1), cost_usd: three, co2_kg: three };
const targets = Object.keys(written);

/** The table of curves has to hold what POST /predict answers for its bitrates, one by one. */
async function checkCurves(page, request, options, exporter = session.exporter) {
  const rows = await cells(page, "values");
  const { recommended_bitrate_kbps: recommended } = await exporter.ask("predict", { ...request, ...options, bitrate_kbps: 1000 });
  assert.equal(rows.length, 49, "48 steps and the recommended bitrate");
  assert.deepEqual(rows.filter((row) => row.at(-1).startsWith("recommended")).map(([rate]) => rate), [four(recommended)]);
  // All others are asked as they are written.
  const rates = rows.map(([rate]) => (rate === four(recommended) ? recommended : Number(rate.replaceAll(",", ""))));
  assert.equal(rates[0], options.min_bitrate_kbps);
  assert.equal(rates.at(-1), options.max_bitrate_kbps);
  assert.ok(rates.every((rate, i) => i === 0 || rate > rates[i - 1]), "bitrates rise");
  const answers = await exporter.ask("predict", rates.map((bitrate_kbps) => ({ ...request, ...options, bitrate_kbps })));
  answers.forEach((answer, i) => {
    const expected = targets.map((target) => {
      if (answer.estimates[target] === undefined) return "–";
      const { lower, upper } = answer.intervals[target];
      const write = written[target];
      return write(answer.estimates[target]) + (lower === null ? "" : ` (${write(lower)} – ${write(upper)})`);
    });
    assert.deepEqual(rows[i].slice(1, 5), expected, `at ${rates[i]} kbit/s`);
    assert.equal(rows[i][5], `${Math.round(answer.confidence * 100)} %`);
  });
  return { rates, answers };
}

describe("what the page shows", { concurrency: 3 }, () => {
  test("loads without a word on the console, and from the exporter alone", async (t) => {
    const page = await visit(t);
    await settled(page);
    assert.deepEqual(page.said, []);
    for (const request of page.asked) assert.equal(new URL(request.url()).origin, session.exporter.url);
    const paths = new Set(page.asked.map((request) => new URL(request.url()).pathname));
    for (const path of ["/", "/page/app.js", "/page/style.css", "/predict", "/ladder", "/model"]) assert.ok(paths.has(path), path);
    const model = await session.exporter.ask("model");
    const said = await text(page, "#model");
    assert.ok(said.includes(model.version) && said.includes(`${model.titles} titles`), said);
    assert.match(await text(page, "#correction"), /off/);
    assert.equal(await page.isVisible("#alarm"), false);
  });

  test("lets nothing else run", async (t) => {
    const page = await visit(t);
    await settled(page);
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.src = "https://example.org/x.js";
      document.head.append(script);
    }).catch(() => {}); // trusted types may throw instead
    const blocked = await page.evaluate(() =>
      fetch("https://example.org/").then(
        () => "allowed",
        () => "blocked",
      ),
    );
    assert.equal(blocked, "blocked");
    assert.ok(page.said.some((line) => /Content Security Policy/.test(line)), page.said.join("\n"));
    assert.equal(page.asked.filter((request) => !request.url().startsWith(session.exporter.url) && !request.failure()).length, 0);
  });

  test("curves are what /predict answers, and follow the controls", async (t) => {
    const page = await visit(t);
    await settled(page);
    let request = { ...initial };
    await checkCurves(page, request, search);
    const steps = [
      ["#encoder", "libsvtav1", { encoder: "libsvtav1", preset: undefined }],
      ["#preset", "8", { preset: "8" }],
      ["#encoder", "codec:hevc", { encoder: undefined, preset: undefined, codec: "hevc" }],
      ["#resolution", "1280x720", { resolution: "1280x720" }],
      ["#frame_rate", "60", { frame_rate: 60 }],
      ["#motion_intensity", "0.1", { motion_intensity: 0.1 }],
      ["#duration_s", "90", { duration_s: 90 }],
    ];
    let before = JSON.stringify(await cells(page, "values"));
    for (const [control, value, fields] of steps) {
      await change(page, () => (control === "#encoder" || control === "#preset" ? page.selectOption(control, value) : page.fill(control, value)));
      request = { ...request, ...fields };
      await checkCurves(page, request, search);
      const now = JSON.stringify(await cells(page, "values"));
      assert.notEqual(now, before, `${control} = ${value} changes nothing`);
      before = now;
    }
    // A measured title brings its numbers.
    await change(page, () => page.selectOption("#content", "vda_tokyo"));
    const { values } = (await session.exporter.ask("page/content.json")).find((entry) => entry.title === "vda_tokyo");
    for (const [name, value] of Object.entries(values)) request[name] = Number(value);
    await checkCurves(page, request, search);
    assert.notEqual(JSON.stringify(await cells(page, "values")), before);
    assert.equal(await page.inputValue("#content"), "vda_tokyo");
    // A number of it changed is no longer that title.
    await change(page, () => page.fill("#motion_intensity", "0.2"));
    assert.equal(await page.inputValue("#content"), "own");
    // A place changes cost and carbon.
    await change(page, () => fill(page, { machine: "c5.xlarge", region: "eu-north-1" }));
    await checkCurves(page, { ...request, motion_intensity: 0.2, machine: "c5.xlarge", region: "eu-north-1" }, search);
  });

  test("charts draw these numbers, and are read by pointer and by keyboard", async (t) => {
    const page = await visit(t);
    await settled(page);
    const { rates, answers } = await checkCurves(page, initial, search);
    for (const [target, name] of [["vmaf", "VMAF"], ["psnr", "PSNR"], ["cost_usd", "Cost"], ["co2_kg", "CO"]]) {
      const chart = page.locator(`#chart-${target}`);
      const { ticks, curve, band } = await chart.evaluate((figure) => ({
        ticks: [...figure.querySelectorAll(".tick.value")].map((tick) => [Number(tick.textContent), Number(tick.getAttribute("y")) - 4]),
        curve: [...figure.querySelectorAll(".curve")].map((path) => path.getAttribute("d")).join(""),
        band: figure.querySelector(".band").getAttribute("d"),
      }));
      assert.ok(ticks.length >= 3, `${name} has an axis`);
      const [[low, lowY], [high, highY]] = [ticks[0], ticks.at(-1)];
      const value = (y) => low + ((y - lowY) / (highY - lowY)) * (high - low);
      // Two pixels' tenths: coordinates have one decimal.
      const close = Math.abs(((high - low) / (highY - lowY)) * 0.11);
      const points = (path) => [...path.matchAll(/[ML]([\d.]+) ([\d.-]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
      // Where the curve becomes dashed, its parts share a point.
      const drawn = new Map(points(curve));
      assert.equal(drawn.size, rates.length, `${name} has a point for each bitrate`);
      [...drawn.values()].forEach((y, i) => assert.ok(Math.abs(value(y) - answers[i].estimates[target]) <= close, `${name} at ${rates[i]}`));
      const ends = points(band).map(([, y]) => value(y));
      answers.forEach((answer, i) => {
        assert.ok(Math.abs(ends[i] - answer.intervals[target].upper) <= close, `upper ${name} at ${rates[i]}`);
        assert.ok(Math.abs(ends.at(-1 - i) - answer.intervals[target].lower) <= close, `lower ${name} at ${rates[i]}`);
      });
    }
    const readout = () => text(page, "#chart-vmaf .readout");
    const shows = async (i) => {
      const { estimates, intervals } = answers[i];
      const write = written.vmaf;
      assert.equal(await readout(), `${write(estimates.vmaf)} ${write(intervals.vmaf.lower)} – ${write(intervals.vmaf.upper)}`);
      assert.ok((await text(page, "#at-value")).startsWith(`${four(rates[i])} kbit/s`));
    };
    // By pointer: a bitrate's own place in one chart marks it in all.
    const box = await page.locator("#chart-psnr svg").boundingBox();
    for (const i of [5, 40]) {
      const share = Math.log(rates[i] / rates[0]) / Math.log(rates.at(-1) / rates[0]);
      await page.mouse.move(box.x + 52 + share * (box.width - 66), box.y + 80);
      await shows(i);
    }
    // By keyboard.
    await page.focus("#at");
    await page.keyboard.press("Home");
    await shows(0);
    await page.keyboard.press("ArrowRight");
    await shows(1);
    await page.keyboard.press("End");
    await shows(rates.length - 1);
    assert.match(await page.getAttribute("#at", "aria-valuetext"), /^20,000 kbit\/s, VMAF .*PSNR .* dB, Cost .* USD/);
  });

  test("recommends what /predict recommends", async (t) => {
    const page = await visit(t);
    await settled(page);
    const check = async (request, options) => {
      const answer = await session.exporter.ask("predict", { ...request, ...options, bitrate_kbps: 1000 });
      const rate = answer.recommended_bitrate_kbps;
      const at = await session.exporter.ask("predict", { ...request, ...options, bitrate_kbps: rate });
      const said = await text(page, "#verdict");
      assert.ok(said.startsWith(`${four(rate)} kbit/s is forecast to reach VMAF ${options.target_vmaf ?? 93}`), said);
      const facts = Object.fromEntries(await page.$$eval("#recommended div", (all) => all.map((one) => [...one.children].map((part) => part.textContent))));
      const { lower, upper } = at.intervals.vmaf;
      assert.equal(facts.VMAF, `${decimals(at.estimates.vmaf, 1)} (${decimals(lower, 1)} – ${decimals(upper, 1)})`);
      assert.ok(facts.Cost.startsWith(`${three(at.estimates.cost_usd)} USD`), facts.Cost);
      assert.equal(facts.Confidence, `${Math.round(at.confidence * 100)} %`);
      // Its line stands at the bitrate: a share of the axis from 52 pixels to 14 before the end.
      const [x, width] = await page.$eval("#chart-vmaf .recommended", (path) => [Number(/^M([\d.]+)/.exec(path.getAttribute("d"))[1]), path.ownerSVGElement.clientWidth]);
      const share = Math.log(rate / search.min_bitrate_kbps) / Math.log(search.max_bitrate_kbps / search.min_bitrate_kbps);
      assert.ok(Math.abs(x - (52 + share * (width - 66))) < 0.6, `the line is at ${x} of ${width}`);
    };
    await check(initial, search);
    await change(page, () => page.fill("#target_vmaf", "80"));
    await check(initial, { ...search, target_vmaf: 80 });
    await change(page, () => page.fill("#assurance", "0.9"));
    await check(initial, { ...search, target_vmaf: 80, assurance: 0.9 });
    assert.match(await text(page, "#verdict"), /with a probability of 90 %/);
  });

  test("tells a target that no bitrate reaches, and inputs outside of what was learnt", async (t) => {
    const page = await visit(t, { query: "?encoder=libx265&preset=medium&resolution=1920x1080&frame_rate=144&target_vmaf=99&max_bitrate_kbps=300" });
    await settled(page);
    const request = { encoder: "libx265", preset: "medium", resolution: "1920x1080", frame_rate: 144, target_vmaf: 99, min_bitrate_kbps: 100, max_bitrate_kbps: 300 };
    const answer = await session.exporter.ask("predict", { ...request, bitrate_kbps: 200 });
    assert.equal(answer.target_unreachable, true);
    assert.equal(
      await text(page, "#verdict"),
      `Out of reach: no bitrate of the range is forecast to reach VMAF 99; the best is ${decimals(answer.best_reachable_vmaf, 1)}.`,
    );
    assert.equal(await page.locator(".charts .recommended").count(), 0);
    assert.deepEqual(answer.out_of_range, ["frame_rate"]);
    const { min, max } = (await session.exporter.ask("model")).ranges.frame_rate;
    const flags = await text(page, "#flags");
    assert.match(flags, new RegExp(`frame rate is outside of what the model learnt.*from ${min} to ${max}`));
    // A range with what was learnt in its middle: both ends are outside, and nothing else is.
    await change(page, () => fill(page, { min_bitrate_kbps: "1", max_bitrate_kbps: "50000" }));
    const rows = await cells(page, "values");
    const outside = rows.map((row) => row.at(-1).includes("bitrate outside"));
    const [low, high] = [outside.indexOf(false) - 1, outside.lastIndexOf(false) + 1];
    assert.ok(low >= 0 && high < rows.length && !outside.slice(low + 1, high).includes(true), outside.join());
    assert.ok(
      (await text(page, "#flags")).includes(`The bitrate is outside of what the model learnt up to ${rows[low][0]} kbit/s and from ${rows[high][0]} kbit/s on:`),
      await text(page, "#flags"),
    );
  });

  test("the ladder is that of /ladder", async (t) => {
    const page = await visit(t);
    await settled(page);
    const check = async (request) => {
      const { rungs } = await session.exporter.ask("ladder", { ...request, source_width: 1920, source_height: 1080, options: search });
      assert.ok(rungs.length > 2);
      const rows = await cells(page, "ladder");
      assert.deepEqual(
        rows.map(([size, rate, crf, vmaf]) => [size, rate, crf, vmaf]),
        rungs.map((rung) => [
          `${rung.resolution_width}×${rung.resolution_height}`,
          four(rung.bitrate_kbps),
          rung.crf === null ? "–" : four(rung.crf),
          `${decimals(rung.predicted_vmaf, 1)} (${decimals(rung.vmaf_interval.lower, 1)} – ${decimals(rung.vmaf_interval.upper, 1)})`,
        ]),
      );
    };
    await check(initial);
    await change(page, () => page.selectOption("#encoder", "libx265"));
    await check({ ...initial, encoder: "libx265", preset: undefined });
  });

  test("the address holds the state", async (t) => {
    const page = await visit(t);
    await settled(page);
    await change(page, () => page.selectOption("#encoder", "codec:vp9"));
    await change(page, () => page.selectOption("#content", "bbb_480p"));
    await change(page, () => page.fill("#target_vmaf", "85"));
    await page.focus("#at");
    await page.keyboard.press("Home");
    await page.waitForURL(/[?&]at=100(&|$)/);
    const other = await visit(t, { query: new URL(page.url()).search });
    await settled(other);
    assert.equal(await other.inputValue("#encoder"), "codec:vp9");
    assert.equal(await other.inputValue("#content"), "bbb_480p");
    for (const selector of ["#verdict", "#values", "#ladder", "#at-value"]) assert.equal(await text(other, selector), await text(page, selector), selector);
    await change(other, () => other.click("#reset"));
    assert.equal(await other.inputValue("#encoder"), "libx264");
    assert.equal(await other.inputValue("#target_vmaf"), "");
  });

  test("says which forecasts are corrected, and by how much", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "encast-page-"));
    t.after(() => rm(folder, { recursive: true }));
    const exporter = await Exporter.start("--correction", `--observations.path=${join(folder, "observations")}`);
    t.after(() => exporter.stop());
    const page = await visit(t, { exporter, before: (page) => page.clock.install() });
    await settled(page);
    assert.match(await text(page, "#correction"), /on; none is due/);
    assert.doesNotMatch(await text(page, "#flags"), /Corrected/);
    // Encodes that all turn out worse than forecast, by so many points.
    const observe = async (points, titles) => {
      const asked = Array.from({ length: 120 }, (_, i) => ({ ...initial, bitrate_kbps: 1000 + 40 * i }));
      const answers = await exporter.ask("predict", asked);
      await exporter.ask("observe", asked.map((request, i) => ({ request, title: `${titles} ${i % 30}`, vmaf: answers[i].predicted_vmaf - points })));
    };
    // Curves, what is minded of them and what is said of the model agree with the exporter, and so with one another.
    const check = async (request) => {
      const [{ corrected }] = await exporter.ask("predict", [{ ...request, ...search, bitrate_kbps: 1000 }]);
      assert.ok(corrected.vmaf < -1, JSON.stringify(corrected));
      const by = `VMAF −${four(-corrected.vmaf)}`;
      assert.ok((await text(page, "#flags")).includes(by), await text(page, "#flags"));
      assert.match(await text(page, "#correction"), new RegExp(`corrected by what measured encodes told: .*h264 ${by}`));
      await checkCurves(page, request, search, exporter);
      return by;
    };
    await observe(3, "title");
    await change(page, () => page.fill("#duration_s", "60"));
    const before = await check({ ...initial, duration_s: 60 });
    // Without a change of a control, at the next look.
    await observe(6, "other");
    await change(page, () => page.clock.fastForward(10_000));
    assert.notEqual(await check({ ...initial, duration_s: 60 }), before);
  });
});
