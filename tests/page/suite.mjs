// All tests in one process, and its files beside each other: browsers start slowly, and most of a test is waiting.
import { describe } from "node:test";

describe("the what-if page", { concurrency: true }, async () => {
  for (const file of ["forecasts", "trouble", "access"]) await import(`./${file}.mjs`);
});
