// A real Chromium, and what the tests read from the page.
import { chromium } from "playwright-core";

const executablePath = process.env.ENCAST_CHROMIUM;
if (!executablePath) throw new Error("ENCAST_CHROMIUM has to name the browser's program; scripts/test-page.sh does");

export const launch = () => chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

/** Opens the page at a query, after what is done before; what the console says and what is asked for is kept. */
export async function open(browser, url, { query = "", width = 1280, height = 900, before, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  page.said = [];
  page.asked = [];
  page.on("console", (message) => page.said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => page.said.push(`error: ${error}`));
  page.on("request", (request) => page.asked.push(request));
  await before?.(page);
  await page.goto(`${url}/${query}`);
  return page;
}

/** Waits until what is shown is what the controls ask for. */
export async function settled(page) {
  await page.waitForFunction(() => {
    const results = document.getElementById("results");
    return results.getAttribute("aria-busy") === "false" && !results.classList.contains("old") && !document.getElementById("forecast").hidden;
  });
}

/** Does something to the page and waits for the forecasts that follow. */
export async function change(page, act) {
  const answered = page.waitForResponse((response) => response.url().endsWith("/ladder"));
  await act();
  await answered;
  await settled(page);
}

/** Types values into controls at once, by their ids: one change. */
export const fill = (page, values) =>
  page.$eval(
    "#inputs",
    (form, values) => {
      for (const [id, value] of Object.entries(values)) {
        form.elements[id].value = value;
        form.elements[id].dispatchEvent(new Event("input", { bubbles: true }));
      }
    },
    values,
  );

/** The cells of a table's body, by row. */
export const cells = (page, table) =>
  page.$$eval(`#${table} tbody tr`, (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));

/** The text of an element. */
export const text = (page, selector) => page.$eval(selector, (element) => element.textContent);
