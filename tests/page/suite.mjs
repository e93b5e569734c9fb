// All tests in one process: browsers start slowly, and most of a test is waiting.
import "./forecasts.mjs";
import "./trouble.mjs";
import "./access.mjs";
