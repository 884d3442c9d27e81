import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Environment, environmentSchema } from '../../src/core/environment.ts';
import { eventsOf, MayTurn, type Report, type Subject, sameSubject } from '../../src/core/event.ts';
import type { Json } from '../../src/core/json.ts';
import type {
  Command,
  CommandResult,
  Exec,
  Http,
  HttpRequest,
  HttpResponse,
  Logger,
} from '../../src/core/ports.ts';
import type { Release } from '../../src/core/release.ts';
import type { Files, StepContext, UndoStep } from '../../src/core/step.ts';
import { FakeClock } from './fake-clock.ts';

export const RELEASE: Release = {
  name: 'F44',
  long_name: 'Fedora 44',
  version: '44',
  branch: 'f44',
  dist_tag: 'f44',
  target: 'f44-candidate',
  product_version: 'fedora-44',
  composed_by_bodhi: true,
  candidate_tag: 'f44-updates-candidate',
  pending_signing_tag: 'f44-signing-pending',
  pending_testing_tag: 'f44-updates-testing-pending',
  testing_tag: 'f44-updates-testing',
  stable_tag: 'f44-updates',
};

export function testEnvironment(systems: object = {}): Environment {
  return environmentSchema.parse({
    name: 'test',
    systems: {
      fas: {},
      'dist-git': { url: 'http://distgit.test' },
      lookaside: { url: 'http://lookaside.test/repo/pkgs' },
      koji: { url: 'http://koji.test/kojihub', poll: '30s' },
      signing: {},
      bodhi: { url: 'http://bodhi.test', id_provider: 'http://idp.test/openidc', poll: '30s' },
      ci: {},
      resultsdb: { url: 'http://resultsdb.test/api/v2.0', poll: '30s' },
      greenwave: { url: 'http://greenwave.test/api/v1.0', poll: '30s' },
      waiverdb: { url: 'http://waiverdb.test/api/v1.0', poll: '30s' },
      messaging: { topic_prefix: 'org.fedoraproject.test' },
      datagrepper: { url: 'http://datagrepper.test/v2', poll: '30s' },
      ...systems,
    },
    identity: {
      user: 'packprobe',
      principal: 'packprobe@TEST.INVALID',
      keytab: { file: '/run/secrets/keytab' },
    },
    packages: { single: 'dummy-test-package-gloster' },
    contact: 'https://example.org/packprobe',
  });
}

/** Answers commands: the first that matches by the words it begins with. */
export interface CannedCommand {
  readonly when: readonly string[];
  readonly then:
    | Partial<CommandResult>
    | ((command: Command) => Partial<CommandResult> | Promise<Partial<CommandResult>>);
}

export function cannedExec(canned: readonly CannedCommand[]): Exec & { readonly ran: Command[] } {
  const ran: Command[] = [];
  const exec = async (command: Command): Promise<CommandResult> => {
    ran.push(command);
    const words = [command.file, ...command.args];
    const match = canned.find(({ when }) => when.every((word) => words.includes(word)));
    if (match === undefined) throw new Error(`no canned answer for: ${words.join(' ')}`);
    const answer = typeof match.then === 'function' ? await match.then(command) : match.then;
    return { command, exit: 0, signal: undefined, stdout: '', stderr: '', truncated: false, ...answer };
  };
  return Object.assign(exec, { ran });
}

/** Answers requests by a function; a plain object is sent as JSON with status 200. */
export function cannedHttp(
  answer: (request: HttpRequest) => Partial<HttpResponse> | Promise<Partial<HttpResponse>>,
): Http & { readonly asked: HttpRequest[] } {
  const asked: HttpRequest[] = [];
  const http = async (request: HttpRequest): Promise<HttpResponse> => {
    asked.push(request);
    const given = await answer(request);
    return { request, status: 200, headers: { 'content-type': 'application/json' }, body: '', ...given };
  };
  return Object.assign(http, { asked });
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

export interface TestContext extends StepContext {
  readonly clock: FakeClock;
  /** Undo steps of the effects that were made, in order. */
  readonly undos: UndoStep[];
  readonly followed: Subject[];
  readonly deferred: (() => Promise<void>)[];
}

export interface ContextOptions {
  readonly dir: string;
  readonly env?: Environment;
  readonly exec?: Exec;
  readonly http?: Http;
  readonly clock?: FakeClock;
  readonly signal?: AbortSignal;
  readonly release?: Release;
  readonly branch?: string;
  /** What has been heard of all subjects; `until` judges it once and fails the test when the judge wants to go on waiting. */
  readonly reports?: readonly Report[];
  /** Effects under their kind that already have an identity, or `'lost'`: an intent without one, so that `find` is asked. */
  readonly effects?: Readonly<Record<string, Json>>;
  /** What was kept with lost intents, under their kind; left out, it is asked now, as if nothing had happened since. */
  readonly sought?: Readonly<Record<string, Json>>;
}

/** A StepContext without an engine: effects are made at once, waits judge the given reports once. */
export function stepContext(options: ContextOptions): TestContext {
  const clock = options.clock ?? new FakeClock();
  const undos: UndoStep[] = [];
  const followed: Subject[] = [];
  const deferred: (() => Promise<void>)[] = [];
  const signal = options.signal ?? new AbortController().signal;
  let release = options.release;
  return {
    run: {
      id: '019a9000-0000-7000-8000-000000000001',
      probe: 'single-build',
      package: 'dummy-test-package-gloster',
      branch: options.branch ?? 'stable',
    },
    env: options.env ?? testEnvironment(),
    exec: options.exec ?? cannedExec([]),
    http: options.http ?? cannedHttp(() => ({ status: 404 })),
    clock,
    ids: { uuid: () => '019a9000-0000-7000-8000-00000000ffff', random: () => 0.5 },
    signal,
    log: silentLogger,
    dir: options.dir,
    home: resolve(options.dir, 'home'),
    files: filesBelow(options.dir),
    secretFile: async (secret) => ('file' in secret ? secret.file : resolve(options.dir, 'home', secret.env)),
    undos,
    followed,
    deferred,
    events: {
      follow: (...subjects) => void followed.push(...subjects),
      async until(subject, judge) {
        followed.push(subject);
        const beside = (other: Subject) =>
          eventsOf((options.reports ?? []).filter((report) => sameSubject(report.subject, other)));
        const events = beside(subject);
        const answer = judge({ events, last: events.at(-1), beside });
        if (answer === undefined)
          throw new Error(`the judge of ${subject.kind} ${subject.key} goes on waiting`);
        if (answer instanceof MayTurn) throw answer.fault;
        return answer;
      },
    },
    async effect({ kind, sought, find, make, undo, subjects }) {
      const known = options.effects?.[kind];
      type Sought = Parameters<typeof find>[1];
      const kept = async () => (options.sought?.[kind] ?? (await sought?.(signal)) ?? null) as Sought;
      const lookOrMake = async () => {
        const asked = await kept();
        return (known === 'lost' ? await find(signal, asked) : undefined) ?? (await make(signal, asked));
      };
      const identity =
        known === undefined || known === 'lost'
          ? await lookOrMake()
          : (known as Awaited<ReturnType<typeof make>>);
      if (undo !== undefined) undos.push(undo(identity));
      followed.push(...(subjects?.(identity) ?? []));
      return identity;
    },
    async release(ask) {
      release ??= await ask(signal);
      return release;
    },
    defer: (cleanUp) => void deferred.push(cleanUp),
  };
}

export function filesBelow(dir: string): Files {
  const at = (path: string) => resolve(dir, path);
  return {
    read: (path) => readFile(at(path), 'utf8'),
    async write(path, content, { mode } = {}) {
      await mkdir(dirname(at(path)), { recursive: true });
      await writeFile(at(path), content, mode === undefined ? {} : { mode });
    },
    exists: (path) =>
      stat(at(path)).then(
        () => true,
        () => false,
      ),
    list: async (path) => (await readdir(at(path))).sort(),
    remove: (path) => rm(at(path), { recursive: true, force: true }),
  };
}
