// Questions to the exporter that this page came from.

/** Why there is no answer: rejected (the exporter says no: message, field), busy (ask again later) or unreachable. */
export class Failure extends Error {
  constructor(kind, message, field) {
    super(message);
    this.kind = kind;
    this.field = field;
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
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    const kind = response.ok || response.status < 500 ? "rejected" : "busy";
    throw new Failure(kind, `/${path} answered ${response.status} ${response.statusText} without JSON`);
  }
  if (response.ok) return answer;
  const kind = response.status === 429 || response.status >= 500 ? "busy" : "rejected";
  throw new Failure(kind, answer.message ?? `/${path} answered ${response.status} ${response.statusText}`, answer.field);
}
