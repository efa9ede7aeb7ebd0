import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as after } from 'node:timers/promises';

const root = path.resolve(fileURLToPath(new URL('.', import.meta.url)), '../..');

/** A start includes creating a PostgreSQL cluster, on a machine that is several times overloaded. */
export const StartMaxMs = 240_000;

/** Below the ports that Linux gives to outgoing connections, so that a Veza that was killed finds its port again. */
const PortMin = 20_000;
const PortMax = 32_000;

/** Veza as an operator runs it: the built program in its own folder, with its private PostgreSQL and the built page. */
export class Veza {
  readonly #output: string[] = [];
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly environment: Record<string, string>,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<Veza> {
    const folder = await mkdtemp(path.join(tmpdir(), 'veza-web-'));
    // PostgreSQL runs as another user when the tests run as root.
    await chmod(folder, 0o755);
    const veza = new Veza(await freePort(), folder, { PROMETHEUS_PORT: String(await freePort()), ...environment });
    try {
      await veza.start();
    } catch (error) {
      await veza.#end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    return veza;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get home(): string {
    return path.join(this.folder, '.veza');
  }

  /** Its last lines, for a test that failed. */
  get output(): string {
    return this.#output.join('').slice(-20_000);
  }

  /** Starts it, for the first time or again at the same port. */
  async start(): Promise<void> {
    const program = path.join(root, 'src/Cli/bin/Release/net10.0/Veza.Cli.dll');
    // The kernel ends it in order when the tests themselves are killed, and no Veza is left behind.
    const process_ = spawn('setpriv', ['--pdeathsig', 'TERM', 'dotnet', program, 'run'], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DOTNET_TieredPGO: '0',
        PORT: String(this.port),
        VEZA_HOME: this.home,
        WEB_ROOT: process.env['WEB_ROOT'] ?? path.join(root, 'src/Web/dist'),
        // One address sends all requests of a test run.
        RATE_LIMIT_PER_MINUTE: '1000000',
        LOG_FORMAT: 'json',
        LOG_LEVEL: 'warning',
        ...this.environment,
      },
    });
    this.#process = process_;
    for (const stream of [process_.stdout, process_.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    const deadline = Date.now() + StartMaxMs;
    while (!(await this.#isReady())) {
      if (process_.exitCode !== null) throw new Error(`veza run ended with ${process_.exitCode}:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`veza run is not ready after ${StartMaxMs} ms:\n${this.output}`);
      await after(50);
    }
  }

  /** SIGKILL: no shutdown and no flush. PostgreSQL runs on, and the next start adopts it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it in order, with its PostgreSQL, and removes its folder. */
  async remove(): Promise<void> {
    // A Veza that was killed has left its PostgreSQL behind; only a Veza stops that.
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.#end('SIGTERM');
    else {
      await this.start();
      await this.#end('SIGTERM');
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const process_ = this.#process;
    if (process_ === undefined || process_.exitCode !== null || process_.signalCode !== null) return;
    const ended = once(process_, 'exit');
    process_.kill(signal);
    await ended;
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.address}/health/ready`)).ok;
    } catch {
      return false;
    }
  }

  #keep(text: string): void {
    this.#output.push(text);
    if (this.#output.length > 1000) this.#output.splice(0, 500);
  }
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = PortMin + Math.floor(Math.random() * (PortMax - PortMin));
    const server = createServer();
    const free = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
