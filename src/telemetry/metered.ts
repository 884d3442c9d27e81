import { basename } from 'node:path';
import type { Environment } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import { LOG_LEVELS, type RequestResult } from '../core/metrics.ts';
import type { Clock, Exec, Http, Logger } from '../core/ports.ts';
import { SYSTEMS, type System } from '../core/system.ts';
import type { Telemetry } from './telemetry.ts';

export interface MeterOptions {
  readonly environment: Environment;
  readonly telemetry: Telemetry;
  /** The host's. */
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Counts each exchange, and how long it took, for the system whose address is asked; one that was given up by us is no answer of anybody. */
export function meteredHttp(http: Http, { environment, telemetry, clock }: MeterOptions): Http {
  const addresses = addressesOf(environment);
  return (request, signal) => {
    const system = addresses.find(({ url }) => isBelow(request.url, url))?.system;
    if (system === undefined) return http(request, signal);
    return measured(() => http(request, signal), {
      signal,
      clock,
      resultOf: ({ status }) => (status >= 500 ? 'server_error' : status >= 400 ? 'client_error' : 'ok'),
      done: (result, seconds) =>
        telemetry.request({ environment: environment.name, system, result, seconds }),
    });
  };
}

/** Which system the commands of a packager talk with; for git and fedpkg the subcommand says it, and most of git talks with nobody. */
const SYSTEM_OF_COMMAND: ReadonlyMap<string, System> = new Map(
  Object.entries({ kinit: 'fas', koji: 'koji', bodhi: 'bodhi' }),
);

const SYSTEM_OF_SUBCOMMAND: ReadonlyMap<string, System> = new Map(
  Object.entries({
    clone: 'dist-git',
    fetch: 'dist-git',
    pull: 'dist-git',
    push: 'dist-git',
    'ls-remote': 'dist-git',
    'new-sources': 'lookaside',
    sources: 'lookaside',
    build: 'koji',
    'scratch-build': 'koji',
    'chain-build': 'koji',
  }),
);

/** Options before the subcommand that have a value of their own. */
const WITH_VALUE: ReadonlySet<string> = new Set(['-c', '-C', '--user']);

/** The same for commands: a non-zero exit counts as `client_error`, since only the client that reads it knows whose error it is. */
export function meteredExec(exec: Exec, { environment, telemetry, clock }: MeterOptions): Exec {
  const packager = environment.systems['dist-git']?.client;
  return (command, signal) => {
    const isKnown = ['git', 'kinit', 'koji', 'bodhi', packager].includes(basename(command.file));
    const system = isKnown ? systemOfCommand(command.file, command.args) : undefined;
    if (system === undefined) return exec(command, signal);
    return measured(() => exec(command, signal), {
      signal,
      clock,
      resultOf: ({ exit }) => (exit === 0 ? 'ok' : 'client_error'),
      done: (result, seconds) =>
        telemetry.request({ environment: environment.name, system, result, seconds }),
    });
  };
}

/** Counts each line by its level, also those of children. */
export function meteredLogger(log: Logger, telemetry: Telemetry): Logger {
  const [debug, info, warn, error] = LOG_LEVELS.map((level): Logger['info'] => (fields, sentence) => {
    telemetry.logLine(level);
    log[level](fields, sentence);
  }) as [Logger['info'], Logger['info'], Logger['info'], Logger['info']];
  return { debug, info, warn, error, child: (fields) => meteredLogger(log.child(fields), telemetry) };
}

interface Measuring<Answer> {
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly resultOf: (answer: Answer) => RequestResult;
  readonly done: (result: RequestResult, seconds: number) => void;
}

async function measured<Answer>(
  act: () => Promise<Answer>,
  { signal, clock, resultOf, done }: Measuring<Answer>,
): Promise<Answer> {
  const began = clock.monotonic();
  const seconds = () => (clock.monotonic() - began) / 1000;
  try {
    const answer = await act();
    done(resultOf(answer), seconds());
    return answer;
  } catch (thrown) {
    // A command that is not there asked nobody.
    const asked = !(thrown instanceof Fault) || thrown.kind !== 'prober';
    if (!signal.aborted && asked) done(isTimeout(thrown) ? 'timeout' : 'network', seconds());
    throw thrown;
  }
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Fault && ['HTTP_TIMED_OUT', 'COMMAND_TIMED_OUT'].includes(thrown.code);
}

interface Address {
  readonly system: System;
  readonly url: string;
}

/** The longest first: several systems may live below one host. */
function addressesOf({ systems }: Environment): readonly Address[] {
  return SYSTEMS.flatMap((system): readonly Address[] => {
    const entry = systems[system];
    if (entry === undefined || !('url' in entry) || entry.url === undefined) return [];
    return [{ system, url: entry.url }];
  }).sort((a, b) => b.url.length - a.url.length);
}

/** An address is a whole beginning: `/bodhi` is not above `/bodhi2`. */
function isBelow(url: string, address: string): boolean {
  const root = address.replace(/\/+$/, '');
  return url.startsWith(root) && /^$|^[/?#]/.test(url.slice(root.length));
}

function systemOfCommand(file: string, args: readonly string[]): System | undefined {
  const name = basename(file);
  const subcommand = args.find(
    (word, index) => !word.startsWith('-') && !WITH_VALUE.has(args[index - 1] ?? ''),
  );
  return SYSTEM_OF_COMMAND.get(name) ?? SYSTEM_OF_SUBCOMMAND.get(subcommand ?? '');
}
