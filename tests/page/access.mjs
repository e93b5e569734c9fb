// For everybody: keyboard, screen readers, contrast, small screens, both themes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { change, settled } from "./browser.mjs";
import { visit } from "./session.mjs";

const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** What axe finds wrong, one line each. */
async function violations(page) {
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  assert.ok(found.passes.length > 20, "axe looked at something");
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}

/** Contrast of what axe can't judge: text and lines of the charts against the page. */
const contrasts = (page) =>
  page.evaluate(() => {
    const luminance = (colour) => {
      const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = luminance(getComputedStyle(document.body).backgroundColor);
    const ratio = (colour) => {
      const [dark, bright] = [luminance(colour), paper].sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    };
    const styleOf = (selector) => getComputedStyle(document.querySelector(selector));
    return {
      text: ratio(styleOf("#charts .tick").fill),
      lines: [".curve", ".recommended", ".target", ".axis", ".cursor-mark circle"].map((name) => [name, ratio(styleOf(`#charts ${name}`).stroke)]),
      controls: ratio(styleOf("#frame_rate").borderTopColor),
    };
  });

describe("access", { concurrency: 3 }, () => {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing in the ${colorScheme} theme`, async (t) => {
      // axe is a foreign script, which the page's own policy forbids.
      const page = await visit(t, { colorScheme, bypassCSP: true });
      await settled(page);
      // All that can be seen: what is folded, and a mistake.
      for (const summary of await page.$$("summary")) await summary.click();
      const { text, lines, controls } = await contrasts(page);
      assert.ok(text >= 4.5, `text of charts: ${text}`);
      for (const [name, ratio] of lines) assert.ok(ratio >= 3, `${name}: ${ratio}`);
      assert.ok(controls >= 3, `controls: ${controls}`);
      await page.fill("#frame_rate", "abc");
      await page.waitForSelector("#frame_rate[aria-invalid]");
      await page.evaluate(axe);
      assert.deepEqual(await violations(page), []);
    });
  }

  test("everything is reached and worked by keyboard alone", async (t) => {
    const page = await visit(t);
    await settled(page);
    const controls = await page.$$eval("a[href], input, select, button, summary, .scroll", (all) =>
      all.filter((one) => one.checkVisibility()).map((one, i) => (one.dataset.order = String(i))),
    );
    const reached = [];
    for (let presses = 0; presses < controls.length; presses++) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        const { top, bottom, left, right } = document.activeElement.getBoundingClientRect();
        return {
          order: document.activeElement.dataset.order,
          ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
          visible: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
        };
      });
      assert.ok(focus.ring && focus.visible, `control ${focus.order} does not show that it has the focus`);
      reached.push(focus.order);
    }
    assert.deepEqual(reached, controls, "in the order of the page, each once, and none holds the focus");
    // A change by keyboard alone.
    await page.focus("#encoder");
    await change(page, () => page.keyboard.type("libx265"));
    assert.equal(await page.inputValue("#encoder"), "libx265");
    await page.focus("#complexity summary");
    await page.keyboard.press("Enter");
    assert.equal(await page.isVisible("#si_mean"), true);
    await page.focus("#reset");
    await change(page, () => page.keyboard.press("Enter"));
    assert.equal(await page.inputValue("#encoder"), "libx264");
  });

  test("controls have names, charts have titles and descriptions", async (t) => {
    const page = await visit(t);
    await settled(page);
    const nameless = await page.$$eval("form input, form select, #at", (all) => all.filter((one) => !one.labels.length).map((one) => one.id));
    assert.deepEqual(nameless, []);
    // What is busy is silent: the state has to be heard while it is asked.
    assert.ok(await page.$eval("#state", (state) => state.getAttribute("role") === "status" && !state.closest("[aria-busy]")));
    const described = await page.$$eval("#charts svg", (all) =>
      all.map((one) => [document.getElementById(one.getAttribute("aria-labelledby")).textContent, document.getElementById(one.getAttribute("aria-describedby")).textContent]),
    );
    assert.equal(described.length, 4);
    for (const [title, description] of described) {
      assert.match(title, /over the bitrate$/);
      assert.match(description, /^From .* at 100 kbit\/s to .* at 20,000 kbit\/s\./);
    }
  });

  test("nothing needs sideways scrolling on small screens", async (t) => {
    for (const width of [320, 700]) {
      const page = await visit(t, { width, height: 700, query: "?encoder=libx264&resolution=3840x2160&frame_rate=119.88&content=vda_tokyo&target_vmaf=97&duration_s=360000&min_bitrate_kbps=1&max_bitrate_kbps=100000" });
      await settled(page);
      for (const summary of await page.$$("summary")) await summary.click();
      const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(needed <= there, `${needed} pixels needed of ${there}`);
      // The labels of an axis don't touch each other.
      const overlaps = await page.$$eval("#charts figure", (figures) =>
        figures.flatMap((figure) => {
          const boxes = [...figure.querySelectorAll(".tick.rate")].map((tick) => tick.getBoundingClientRect());
          return boxes.filter((box, i) => i > 0 && box.left < boxes[i - 1].right + 2);
        }),
      );
      assert.deepEqual(overlaps, []);
    }
  });

  test("the theme follows the system until one is chosen, which stays", async (t) => {
    const page = await visit(t, { colorScheme: "dark" });
    await settled(page);
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.selectOption("#theme", "light");
    const light = await paper();
    assert.notEqual(light, dark);
    await page.reload();
    assert.equal(await paper(), light);
    assert.equal(await page.inputValue("#theme"), "light");
    await page.selectOption("#theme", "");
    assert.equal(await paper(), dark);
  });

  // The picture of the docs: scripts/test-page.sh --picture.
  test("the picture", { skip: !process.env.ENCAST_PICTURE }, async (t) => {
    const page = await visit(t, { width: 1180, height: 1015, query: "?encoder=libx264&preset=medium&resolution=1920x1080&frame_rate=30&content=sam2_juggle&min_bitrate_kbps=100&max_bitrate_kbps=20000" });
    await settled(page);
    await page.screenshot({ path: process.env.ENCAST_PICTURE });
  });
});
