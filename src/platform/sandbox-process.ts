import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Fault } from '../core/fault.ts';
import { diskFault } from './files.ts';
import { nodeHttp } from './http.ts';
import { THRIFT } from './thrift.ts';

const ask = nodeHttp({ userAgent: 'packprobe' });
const NEVER = new AbortController().signal;

export interface StartSandboxOptions {
  readonly speed: number;
  readonly seed: string;
  readonly dir: string;
  /** Names of the faults that are on from the start. */
  readonly faults: readonly string[];
  /** Value of `--clients`. */
  readonly clients: string;
  readonly packagers: number;
  /** The file that is read, absolute. */
  readonly scenario?: { readonly file: string };
  /** The entry file of this program. */
  readonly program: string;
}

export interface RunningSandbox extends AsyncDisposable {
  readonly control: string;
  readonly environment: string;
  /** Resolves when it ended although nobody asked it to. */
  readonly ended: Promise<void>;
}

/** Real milliseconds. */
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 10_000;
const ASK_MS = 1000;
/** How much of what it says is kept, the end. Characters. */
const TALK_LIMIT = 64 * 1024;

/**
 * Starts a sandbox in a session of its own, so that a Ctrl-C on our terminal does not reach it; its standard input is the pipe whose end it ends with,
 * also when we are killed.
 */
export async function startSandbox({
  speed,
  seed,
  dir,
  faults,
  clients,
  packagers,
  scenario,
  program,
}: StartSandboxOptions): Promise<RunningSandbox> {
  const child = spawn(
    process.execPath,
    [
      // A service is thrifty, a sandbox works.
      ...process.execArgv.filter((flag) => !THRIFT.includes(flag)),
      program,
      'sandbox',
      '--child',
      '--speed',
      String(speed),
      '--seed',
      seed,
      '--dir',
      dir,
      '--clients',
      clients,
      '--packagers',
      String(packagers),
      ...(scenario === undefined ? [] : ['--scenario', scenario.file]),
      ...faults.flatMap((name) => ['--fault', name]),
    ],
    { detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let talk = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    talk = (talk + chunk).slice(-TALK_LIMIT);
  });
  child.stdin.on('error', () => {});
  let asked = false;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      if (!asked) resolve();
    });
  });
  const stop = async () => {
    asked = true;
    await stopChild(child);
    // One that was killed could not do it itself.
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const control = await firstWord(child, () => talk);
    return { control, environment: await environmentOf(control), ended, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A sandbox that somebody else runs; whether it is still there is asked again and again. */
export async function joinSandbox(control: string): Promise<RunningSandbox> {
  const address = control.replace(/\/+$/, '');
  const environment = await environmentOf(address);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(async () => {
    if (await isSandboxGone(address)) resolve();
  }, ASK_MS).unref();
  return {
    control: address,
    environment,
    ended,
    [Symbol.asyncDispose]: async () => clearInterval(timer),
  };
}

/** Whether nobody listens at its control address any more. One that is slow, or says something strange, is not gone. */
export function isSandboxGone(control: string): Promise<boolean> {
  if (!URL.canParse(control)) return Promise.resolve(false);
  const { hostname, port } = new URL(control);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || '80'), timeout: START_LIMIT_MS });
    const found = (gone: boolean) => {
      socket.destroy();
      resolve(gone);
    };
    socket.once('connect', () => found(false));
    socket.once('timeout', () => found(false));
    socket.once('error', (error) => found('code' in error && error.code === 'ECONNREFUSED'));
  });
}

async function environmentOf(control: string): Promise<string> {
  try {
    const url = `${control}/environment`;
    const { status, body } = await ask({ url, limitMs: START_LIMIT_MS }, NEVER);
    if (status !== 200) throw new Error(`HTTP ${status}`);
    return body;
  } catch (error) {
    throw new Fault(`no sandbox answers at ${control}`, {
      code: 'SANDBOX_UNREACHABLE',
      kind: 'prober',
      hint: 'Start one with `packprobe sandbox` and give the control address that it prints, or use --env sandbox.',
      cause: error,
    });
  }
}

async function firstWord(child: ChildProcess, talk: () => string): Promise<string> {
  if (child.stdout === null) throw new Error('the sandbox has no standard output');
  const lines = createInterface({ input: child.stdout });
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  try {
    const line = await Promise.race([
      once(lines, 'line', { signal: limit }).then(([text]) => String(text)),
      // Not `exit`: what it said last may still be on its way then.
      once(child, 'close').then(() => undefined),
    ]);
    if (line !== undefined) return (JSON.parse(line) as { readonly control: string }).control;
  } catch {
    // Said below, with what it told.
  }
  if (/ENOSPC|No space left on device|Out of diskspace/.test(talk()))
    throw diskFault('the sandbox did not start', { code: 'ENOSPC' });
  const said = /^error: (.*)$/m.exec(talk())?.[1] ?? talk().trim().split('\n')[0] ?? '';
  throw new Fault(`the sandbox did not start: ${said === '' ? 'it said nothing' : said}`, {
    code: 'SANDBOX_NOT_STARTED',
    kind: 'prober',
    evidence: { told: talk().slice(-4000) },
    hint: 'Try `packprobe sandbox` by itself and read what it says.',
  });
}

/** Closing its pipe asks it to end; what does not obey is ended. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(impatient);
}
