// What the page does with wrong input, and with an exporter that is slow, gone or changed.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cells, change, settled, text } from "./browser.mjs";
import { Exporter } from "./exporter.mjs";
import { visit } from "./session.mjs";

/** What is waited for, and what makes it happen. */
function event() {
  let resolve;
  const promise = new Promise((happens) => (resolve = happens));
  return { promise, resolve };
}

describe("trouble", { concurrency: 4 }, () => {
  test("tells what is wrong at the control, and recovers", async (t) => {
    const page = await visit(t);
    await settled(page);
    const before = await cells(page, "values");
    for (const [control, wrong, message, fine] of [
      ["frame_rate", "abc", /“abc” is not a number/, "30"],
      ["resolution", "big", /“big” is not a size such as 1920x1080/, "1920x1080"],
      ["min_bitrate_kbps", "0", /above 0/, "100"],
      ["min_bitrate_kbps", "", /needed/, "100"],
      ["max_bitrate_kbps", "50", /above 100, the lowest bitrate/, "20000"],
      // Of these the exporter is the judge.
      ["frame_rate", "-1", /frame_rate = -1/, "30"],
      ["target_vmaf", "200", /target_vmaf = 200.*100/, ""],
      ["assurance", "1.5", /assurance = 1.5/, ""],
      ["motion_intensity", "7", /motion_intensity = 7/, "0.5"],
      ["resolution", "0x1080", /resolution_width/, "1920x1080"],
    ]) {
      await page.fill(`#${control}`, wrong);
      await page.waitForSelector(`#${control}[aria-invalid]`);
      const problem = await page.getAttribute(`#${control}`, "aria-describedby");
      assert.match(await text(page, `#${problem}`), message);
      assert.doesNotMatch(await text(page, `#${problem}`), /^row/, "a person asked for no rows");
      assert.match(await text(page, "#state"), /mended/);
      assert.deepEqual(await cells(page, "values"), before, "what was shown stays");
      assert.equal(await page.isVisible("#alarm"), false);
      await change(page, () => page.fill(`#${control}`, fine));
      assert.equal(await page.getAttribute(`#${control}`, "aria-invalid"), null);
    }
    assert.deepEqual(await cells(page, "values"), before);
    await page.fill("#machine", "toaster");
    await page.fill("#region", "moon");
    await page.waitForSelector("#machine[aria-invalid], #region[aria-invalid]");
    assert.match((await page.$$eval(".problem", (all) => all.map((one) => one.textContent))).join(), /toaster|moon/);
  });

  test("an address with names that the exporter does not know is told at the control", async (t) => {
    const page = await visit(t, { query: "?encoder=libfoo&resolution=1280x720&frame_rate=30" });
    await page.waitForSelector("#encoder[aria-invalid]");
    assert.match(await text(page, "#encoder-problem"), /libfoo.*libx264/);
    assert.equal(await page.isVisible("#forecast"), false);
    await change(page, () => page.selectOption("#encoder", "libx264"));
  });

  test("what the exporter says is text, never markup", async (t) => {
    const page = await visit(t, { query: `?encoder=${encodeURIComponent("<img src=x onerror=alert(1)>")}` });
    await page.waitForSelector("#encoder[aria-invalid]");
    assert.match(await text(page, "#encoder-problem"), /<img/);
    assert.equal(await page.locator("img").count(), 0);
  });

  test("asks once for many changes, and shows no answer to an older question", async (t) => {
    const page = await visit(t);
    await settled(page);
    const asked = () => page.asked.filter((request) => request.url().endsWith("/ladder")).length;
    const before = asked();
    await change(page, () =>
      page.$eval("#duration_s", (control) => {
        for (const value of ["1", "12", "123", "1234"]) {
          control.value = value;
          control.dispatchEvent(new Event("input", { bubbles: true }));
        }
      }),
    );
    assert.equal(asked() - before, 1);
    // The first answer comes after the second.
    let first = true;
    await page.route("**/predict", async (route) => {
      const late = first;
      first = false;
      if (late) await sleep(900);
      await route.continue().catch(() => {}); // it was given up by the page
    });
    const late = page.waitForRequest("**/predict");
    await page.selectOption("#encoder", "libx265");
    await late;
    await change(page, () => page.selectOption("#encoder", "libsvtav1"));
    const shown = await text(page, "#values");
    await sleep(1100);
    assert.equal(await text(page, "#values"), shown);
    assert.equal(await page.inputValue("#encoder"), "libsvtav1");
    assert.deepEqual(page.said.filter((line) => !line.includes("ERR_ABORTED")), []);
  });

  test("a slow answer overtakes no newer one, whoever asked for it", async (t) => {
    // The model comes when the first change waits for its curves, and those when the second change's are shown.
    const older = (request) => request.url().endsWith("/predict") && /^\[.*"frame_rate":24/.test(request.postData());
    const [asked, newer] = [event(), event()];
    let models = 0;
    const page = await visit(t, {
      before: async (page) => {
        await page.route("**/model", async (route) => {
          if (models++ === 0) await asked.promise;
          await route.continue().catch(() => {}); // it was given up by the page
        });
        await page.route("**/predict", async (route) => {
          if (older(route.request())) {
            asked.resolve();
            await newer.promise;
          }
          await route.continue().catch(() => {});
        });
      },
    });
    await page.fill("#frame_rate", "24");
    await asked.promise;
    await sleep(200);
    await change(page, () => page.fill("#frame_rate", "50"));
    const shown = await text(page, "#values");
    newer.resolve();
    await sleep(500);
    assert.equal(await text(page, "#values"), shown);
    assert.ok(page.asked.filter(older).every((request) => request.failure()), "the older question was given up");
  });

  test("waits as long as a limit says, and asks again only what was refused", async (t) => {
    const exporter = await Exporter.start("--limit.rate=2");
    t.after(() => exporter.stop());
    // Another client takes all that may be asked, from the page's first question for a ladder to its first answer.
    let greedy = false;
    const answered = [];
    const page = await visit(t, {
      exporter,
      before: async (page) => {
        page.on("response", (response) => {
          const path = new URL(response.url()).pathname;
          if (["/model", "/predict", "/ladder"].includes(path)) answered.push([path, response.status(), response.request().timing()]);
          if (path === "/ladder") greedy = false;
        });
        await page.route(
          "**/ladder",
          async (route) => {
            greedy = true;
            const taken = exporter.ask("model").catch(() => {});
            void (async () => {
              while (greedy) await exporter.ask("model").catch(() => {});
            })();
            await taken;
            await route.continue();
          },
          { times: 1 },
        );
      },
    });
    t.after(() => (greedy = false));
    await settled(page);
    const asked = (path, status) => answered.filter((one) => one[0] === path && one[1] === status);
    const [refused, ladder] = [asked("/ladder", 429), asked("/ladder", 200)];
    assert.ok(refused.length >= 1 && ladder.length === 1, JSON.stringify(answered));
    // Others may be refused as well on the way, as two a second are fewer than the page's questions; each is answered once.
    assert.deepEqual([asked("/model", 200).length, asked("/predict", 200).length], [1, 2], JSON.stringify(answered));
    answered.forEach(([path, status, { startTime, responseStart }], i) => {
      if (status !== 429) return;
      const [next, , { startTime: again }] = answered[i + 1];
      assert.ok(next === path && again - startTime - responseStart >= 999, JSON.stringify(answered));
    });
    assert.ok((await cells(page, "ladder")).length > 2);
    assert.equal(await page.isVisible("#alarm"), false);
  });

  test("keeps what it shows while it asks", async (t) => {
    const page = await visit(t);
    await settled(page);
    await page.route("**/predict", async (route) => {
      await sleep(250);
      await route.continue();
    });
    // A look at every frame: the charts are never empty, and their places never move.
    const looking = page.evaluate(async () => {
      const seen = { empty: 0, heights: new Set() };
      for (const end = performance.now() + 900; performance.now() < end; ) {
        await new Promise(requestAnimationFrame);
        if (!document.querySelector("#chart-vmaf .curve")) seen.empty++;
        seen.heights.add(document.getElementById("charts").offsetTop);
      }
      return { empty: seen.empty, places: seen.heights.size };
    });
    await change(page, () => page.fill("#motion_intensity", "0.3"));
    assert.deepEqual(await looking, { empty: 0, places: 1 });
  });

  test("tells that the exporter is gone, and recovers when it is back", async (t) => {
    const exporter = await Exporter.start();
    t.after(() => exporter.stop());
    const page = await visit(t, { exporter });
    await settled(page);
    await exporter.stop();
    await page.selectOption("#encoder", "libx265");
    await page.waitForSelector("#alarm:not([hidden])");
    assert.match(await text(page, "#alarm"), /can’t be reached/);
    assert.match(await text(page, "#state"), /older/);
    assert.equal((await cells(page, "values")).length, 49);
    await exporter.again();
    await settled(page);
    assert.equal(await page.isVisible("#alarm"), false);
    const rows = await cells(page, "values");
    const [answer] = await exporter.ask("predict", [
      { encoder: "libx265", resolution: "1920x1080", frame_rate: 30, motion_intensity: 0.5, bitrate_kbps: 100 },
    ]);
    assert.ok(rows[0][1].startsWith(answer.estimates.vmaf.toFixed(1)), rows[0][1]);
  });

  test("shows another model as soon as it answers", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "encast-page-"));
    t.after(() => rm(folder, { recursive: true }));
    const [path, next] = ["model.encast", "next.encast"].map((name) => join(folder, name));
    await copyFile(new URL("../../models/default/default.encast", import.meta.url), path);
    const exporter = await Exporter.start(`--model-path=${path}`);
    t.after(() => exporter.stop());
    const page = await visit(t, { exporter });
    await settled(page);
    const { version } = await exporter.ask("model");
    assert.ok((await text(page, "#model")).includes(`Version ${version},`));
    // Between two of the questions that are shown together.
    let other;
    await page.route("**/ladder", async (route) => {
      if (!other) {
        await copyFile(new URL("../../testdata/bundles/v3.encast", import.meta.url), next);
        await rename(next, path);
        await exporter.ask("reload", {});
        other = await exporter.ask("model");
      }
      await route.continue();
    });
    await change(page, () => page.fill("#motion_intensity", "0.4"));
    assert.notEqual(other.version, version);
    const request = { encoder: "libx264", preset: "medium", resolution: "1920x1080", frame_rate: 30, motion_intensity: 0.4, bitrate_kbps: 100 };
    const answer = await exporter.ask("predict", { ...request, max_bitrate_kbps: 20000 });
    assert.ok((await cells(page, "values"))[0][1].startsWith(answer.estimates.vmaf.toFixed(1)), "the curves are the other model's too");
    assert.ok((await text(page, "#model")).includes(`Version ${other.version},`), await text(page, "#model"));
    const offered = await page.$$eval("#encoder option", (all) => all.map((one) => one.textContent));
    // What was chosen stays, known to the model or not.
    const expected = new Set(["not told", "libx264", ...other.encoders, ...other.codecs]);
    assert.deepEqual([...offered].sort(), [...expected].sort());
  });
});
