// One browser and one exporter for all tests.
import { after, before } from "node:test";
import { launch, open } from "./browser.mjs";
import { Exporter } from "./exporter.mjs";

export const session = { browser: null, exporter: null };

before(async () => {
  // Each is kept as soon as it is there: where one does not start, the other one has to be ended.
  const started = await Promise.allSettled([
    launch().then((browser) => (session.browser = browser)),
    Exporter.start().then((exporter) => (session.exporter = exporter)),
  ]);
  for (const { reason } of started) if (reason) throw reason;
});

after(async () => {
  await session.browser?.close();
  await session.exporter?.stop();
});

/** Opens the page and closes it with the test; of another exporter than the shared one where that is told. */
export async function visit(t, { exporter = session.exporter, ...options } = {}) {
  const page = await open(session.browser, exporter.url, options);
  t.after(() => page.context().close());
  return page;
}
