// Questions to the exporter that this page came from.

const retries = { first: 1000, longest: 8000 }; // ms until it is asked again, where the answer does not say when

/** Why there is no answer: rejected (the exporter says no: message, field), busy (ask again later, after `wait` ms where a
 *  limit tells) or unreachable. */
export class Failure extends Error {
  constructor(kind, message, { field, wait } = {}) {
    super(message);
    this.kind = kind;
    this.field = field;
    this.wait = wait;
  }
}

/** Asks and returns the JSON of the answer; throws a Failure, or the signal's reason when it is aborted. */
export async function ask(path, { body, signal } = {}) {
  let response, text;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure("unreachable", "The exporter can’t be reached");
  }
  const seconds = Number(response.headers.get("Retry-After"));
  const wait = seconds > 0 ? seconds * 1000 : undefined;
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    const kind = response.ok || (response.status < 500 && response.status !== 429) ? "rejected" : "busy";
    throw new Failure(kind, `/${path} answered ${response.status} ${response.statusText} without JSON`, { wait });
  }
  if (response.ok) return answer;
  const kind = response.status === 429 || response.status >= 500 ? "busy" : "rejected";
  const message = answer.message ?? `/${path} answered ${response.status} ${response.statusText}`;
  throw new Failure(kind, message, { field: answer.field, wait });
}

let notBefore = 0; // what Retry-After said last, on the clock of performance.now()

/** Asks until there is an answer or a no: an exporter that is busy or can't be reached is asked again, no sooner than it allows.
 *  `again` is called with each Failure after which that is done. */
export async function insist(path, { body, signal, again }) {
  for (let pause = retries.first; ; pause = Math.min(pause * 2, retries.longest)) {
    await sleep(notBefore - performance.now(), signal);
    try {
      return await ask(path, { body, signal });
    } catch (failure) {
      if (signal.aborted || !["busy", "unreachable"].includes(failure.kind)) throw failure;
      again(failure);
      if (failure.wait) notBefore = performance.now() + failure.wait;
      else await sleep(pause, signal);
    }
  }
}

/** Resolves after some ms, at once where these are not above 0; rejects when the signal is aborted. */
function sleep(ms, signal) {
  signal.throwIfAborted();
  if (!(ms > 0)) return;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
