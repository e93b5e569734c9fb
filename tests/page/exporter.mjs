// The real exporter, as a child process.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const program = process.env.ENCAST_EXPORTER;
if (!program) throw new Error("ENCAST_EXPORTER has to name the exporter's program; scripts/test-page.sh does");

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export class Exporter {
  /** Starts an exporter on a free port of this machine. */
  static async start(...flags) {
    const exporter = new Exporter();
    exporter.port = await freePort();
    exporter.url = `http://127.0.0.1:${exporter.port}`;
    exporter.flags = flags;
    await exporter.again();
    return exporter;
  }

  /** Starts it on the port that it had. */
  async again() {
    this.log = "";
    this.process = spawn(program, [`--web.listen-address=127.0.0.1:${this.port}`, ...this.flags], { stdio: ["ignore", "ignore", "pipe"] });
    this.process.stderr.on("data", (text) => (this.log += text));
    for (let tries = 0; tries < 100; tries++) {
      if (this.process.exitCode !== null) break;
      try {
        if ((await fetch(`${this.url}/health`)).ok) return;
      } catch {
        // Not listening yet.
      }
      await sleep(50);
    }
    await this.stop();
    throw new Error(`the exporter does not answer:\n${this.log}`);
  }

  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill("SIGKILL");
    await once(this.process, "exit");
  }

  /** Asks as any client does; returns the JSON of an answer that has to be 200. */
  async ask(path, body) {
    const response = await fetch(`${this.url}/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.status !== 200) throw new Error(`/${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }
}
