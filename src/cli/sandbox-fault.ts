import { nearest } from '../core/suggest.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { dataDir, join, type PlaceOptions } from './places.ts';
import { table } from './style.ts';
import { UsageError } from './usage-error.ts';

export interface SandboxFaultOptions extends PlaceOptions {
  readonly url?: string;
  readonly json?: boolean;
}

interface KnownFault {
  readonly name: string;
  readonly outcome: string;
  readonly charge: string | null;
  readonly says: string;
  readonly active: boolean;
}

/** Real milliseconds for one question to the control port. */
const LIMIT_MS = 10_000;

/** `packprobe sandbox fault on|off NAME…`: breaks and mends a sandbox that runs. All names are known, or nothing is switched. */
export async function turnFaults(
  state: 'on' | 'off',
  names: readonly string[],
  options: SandboxFaultOptions,
  host: Host,
): Promise<number> {
  const control = await controlOf(options, host);
  const known = await faultsOf(control, host);
  for (const name of names) assertKnown(name, known, host);
  for (const name of names) {
    await ask(control, state === 'on' ? 'PUT' : 'DELETE', `/faults/${name}`, host);
    host.stderr.write(`${name} is ${state}\n`);
  }
  return EXIT.passed;
}

/** `packprobe sandbox fault list`: what is broken in it now. */
export async function listTurnedFaults(options: SandboxFaultOptions, host: Host): Promise<number> {
  const known = await faultsOf(await controlOf(options, host), host);
  const active = known.filter((fault) => fault.active);
  if (options.json === true) host.stdout.write(jsonText(active));
  else if (active.length === 0) host.stderr.write('nothing is broken in it\n');
  else {
    const rows = active.map(({ name, outcome, charge, says }) => [name, outcome, charge ?? '–', says]);
    host.stdout.write(`${table([['name', 'outcome', 'charge', 'says'], ...rows], '')}\n`);
  }
  return EXIT.passed;
}

/** Control addresses of the sandboxes that live and have their folder in this data folder. */
export async function runningSandboxes(data: string, host: Host): Promise<readonly string[]> {
  const folders = (await host.listFiles(data).catch(() => [])).filter((name) => name.startsWith('sandbox-'));
  const running: string[] = [];
  for (const folder of folders) {
    const control = await host.readText(join(join(data, folder), 'control')).catch(() => '');
    if (control !== '' && !(await host.isSandboxGone(control.trim()))) running.push(control.trim());
  }
  return running;
}

/** Where the sandbox is: as said, as `env.sh` says, or the one whose folder lies in the data folder. */
async function controlOf(options: SandboxFaultOptions, host: Host): Promise<string> {
  const said = options.url ?? (host.env['PACKPROBE_SANDBOX'] || undefined);
  if (said !== undefined) return said.replace(/\/+$/, '');
  const data = dataDir(options, host);
  const running = await runningSandboxes(data, host);
  const [only] = running;
  if (only !== undefined && running.length === 1) return only;
  throw new UsageError(
    running.length === 0
      ? `no sandbox runs in ${data}`
      : `${running.length} sandboxes run in ${data}: which?`,
    `Give the control address that it printed: --url ${only ?? 'http://127.0.0.1:PORT'}`,
  );
}

function assertKnown(name: string, known: readonly KnownFault[], { program }: Host): void {
  const names = known.map((fault) => fault.name);
  if (names.includes(name)) return;
  const near = nearest(name, names);
  throw new UsageError(
    `the sandbox has no fault "${name}"${near === undefined ? '' : `; did you mean ${near}?`}`,
    `\`${program} sandbox --list-faults\` lists them all.`,
  );
}

async function faultsOf(control: string, host: Host): Promise<readonly KnownFault[]> {
  const answer = await ask(control, 'GET', '/faults', host);
  try {
    return (JSON.parse(answer) as { readonly faults: readonly KnownFault[] }).faults;
  } catch (cause) {
    throw notOne(control, cause);
  }
}

async function ask(control: string, method: string, path: string, host: Host): Promise<string> {
  const http = await host.openHttp('sandbox fault');
  try {
    const request = { method, url: `${control}${path}`, limitMs: LIMIT_MS };
    const { status, body } = await http(request, new AbortController().signal);
    if (status === 200) return body;
    throw new UsageError(`${control} answered HTTP ${status} to ${method} ${path}: ${body.slice(0, 200)}`);
  } catch (cause) {
    throw cause instanceof UsageError ? cause : notOne(control, cause);
  }
}

function notOne(control: string, cause: unknown): UsageError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new UsageError(
    `no sandbox answers at ${control}${why}`,
    'Start one with `packprobe sandbox` and give the control address that it prints with --url.',
  );
}
