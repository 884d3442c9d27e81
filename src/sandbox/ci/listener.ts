import { randomUUID } from 'node:crypto';
import type { Delay } from '../kit/draw.ts';
import type { Kit, Message } from '../kit/kit.ts';

const STATES = ['queued', 'running', 'complete', 'error'] as const;

/** `test.result` in the words of ResultsDB. What was cut short is a crash: Fedora's ResultsDB takes no ERROR. */
const OUTCOMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    passed: 'PASSED',
    failed: 'FAILED',
    info: 'INFO',
    not_applicable: 'INFO',
    needs_inspection: 'NEEDS_INSPECTION',
  }),
);

const DELAY: Delay = { least: 5_000, median: 12_000, most: 30_000 };

/** Tries of one result, with pauses that double from this one. Sandbox ms. */
const TRIES = 24;
const FIRST_PAUSE = 300;
const LONGEST_PAUSE = 120_000;

interface CiBody {
  readonly run: { readonly url: string; readonly log: string; readonly rebuild: string };
  readonly artifact: {
    readonly id: number | null;
    readonly issuer: string;
    readonly component: string;
    readonly nvr: string;
    readonly scratch: boolean;
  };
  readonly test: {
    readonly namespace: string;
    readonly type: string;
    readonly category: string;
    readonly docs: string;
    readonly result?: string;
  };
  readonly contact: Readonly<Record<'name' | 'team' | 'docs' | 'irc' | 'email', string>>;
  readonly system?: readonly { readonly os: string; readonly provider: string }[];
  readonly note?: string;
}

const RETRIED: readonly number[] = [500, 502, 503, 504];

export interface ListenerOptions {
  /** Address of ResultsDB, without the API's path. */
  readonly resultsdbUrl: string;
  /** Stores the result of a build without the wire and tells the status; undefined where it has to go over it. */
  readonly inside?: ((nvr: string, result: unknown) => Promise<number> | undefined) | undefined;
}

/** resultsdb-ci-listener: hears what CI says and posts it to ResultsDB, one result for each message, in their order. */
export function listenForCi(kit: Kit, { resultsdbUrl, inside }: ListenerOptions): { close(): void } {
  const tails = new Map<string, Promise<void>>();
  let open = true;

  function hear(message: Message, state: (typeof STATES)[number]): void {
    const body = message.body as unknown as CiBody;
    const test = `${body.test.namespace}.${body.test.type}.${body.test.category}`;
    const { nvr } = body.artifact;
    const rule = kit.hooks.rule('resultsdb.listen', nvr);
    const isFinal = state === 'complete' || state === 'error';
    if (rule === 'never' || (rule === 'never-final' && isFinal)) return;
    const usual = kit.delay('resultsdb.listen', `${nvr} ${test} ${state} ${body.run.url}`, DELAY);
    const delay = typeof rule === 'number' ? rule : usual;
    const key = `${nvr} ${test}`;
    const due = pause(delay);
    // A QUEUED that is stored after its RUNNING would be the newest result for ever.
    const tail = (tails.get(key) ?? Promise.resolve()).then(async () => {
      await due;
      const result = resultOf(body, test, state, itemOf(rule) ?? nvr);
      await post(nvr, result);
      if (rule === 'twice') await post(nvr, result);
    });
    const told = tail
      .catch((error: unknown) => kit.trouble('resultsdb-ci-listener', error))
      .then(() => {
        if (tails.get(key) === told) tails.delete(key);
      });
    tails.set(key, told);
  }

  async function post(nvr: string, result: unknown): Promise<void> {
    for (let i = 0; i < TRIES && open; i++) {
      if (i > 0) await pause(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** i));
      const within = await inside?.(nvr, result);
      if (within !== undefined && !RETRIED.includes(within)) return;
      if (within !== undefined) continue;
      const response = await fetch(`${resultsdbUrl}/api/v2.0/results`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(result),
      }).catch(() => undefined);
      await response?.arrayBuffer().catch(() => undefined);
      if (response !== undefined && !RETRIED.includes(response.status)) return;
    }
  }

  function pause(ms: number): Promise<void> {
    return ms > 0 ? new Promise((resolve) => kit.clock.after(ms, resolve)) : Promise.resolve();
  }

  for (const state of STATES) {
    kit.subscribe(`ci.koji-build.test.${state}`, (message) => hear(message, state));
  }
  return {
    close() {
      open = false;
    },
  };
}

/** No architecture and no scenario: with one, the final result would not take the place of QUEUED and RUNNING. */
function resultOf(body: CiBody, test: string, state: (typeof STATES)[number], item: string) {
  const { run, artifact, contact, system = [] } = body;
  const final = state === 'error' ? 'CRASHED' : (OUTCOMES.get(body.test.result ?? '') ?? 'NEEDS_INSPECTION');
  const data = {
    item,
    type: 'koji_build',
    brew_task_id: artifact.id,
    category: body.test.category,
    component: artifact.component,
    scratch: artifact.scratch,
    issuer: artifact.issuer,
    rebuild: run.rebuild,
    log: run.log,
    system_os: system[0]?.os,
    system_provider: system[0]?.provider,
    ci_name: contact.name,
    ci_team: contact.team,
    ci_docs: contact.docs,
    ci_irc: contact.irc,
    ci_email: contact.email,
  };
  return {
    testcase: { name: test, ref_url: body.test.docs },
    outcome: state === 'queued' || state === 'running' ? state.toUpperCase() : final,
    groups: [{ uuid: randomUUID(), ref_url: run.url }],
    ref_url: run.url,
    note: body.note ?? '',
    data: Object.fromEntries(
      Object.entries(data).filter(([, value]) => value !== undefined && value !== null),
    ),
  };
}

function itemOf(rule: unknown): string | undefined {
  if (typeof rule !== 'object' || rule === null || !('item' in rule)) return undefined;
  return String(rule.item);
}
