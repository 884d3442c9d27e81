import { z } from 'zod';
import type { Judge, Subject } from '../core/event.ts';
import { FACT, KIND } from '../core/facts.ts';
import { Fault } from '../core/fault.ts';
import type { Http } from '../core/ports.ts';
import type { Release } from '../core/release.ts';
import { chargedTo, chunks, excerpt, malformed, readAs, refusal } from './http-answer.ts';
import { decodeAnswer, encodeCall, named, type XmlRpcValue } from './xmlrpc.ts';

export function taskSubject(taskId: number): Subject {
  return { kind: KIND.task, key: String(taskId) };
}

export function buildSubject(nvr: string): Subject {
  return { kind: KIND.build, key: nvr };
}

const STATES = ['free', 'open', 'closed', 'canceled', 'assigned', 'failed'] as const;

export type TaskState = (typeof STATES)[number];

/** Closed, failed and canceled tasks never change again. */
export function hasEnded(state: TaskState): boolean {
  return state === 'closed' || state === 'failed' || state === 'canceled';
}

const task = z.object({
  id: z.number().int(),
  method: z.string(),
  state: z
    .number()
    .int()
    .min(0)
    .max(5)
    .transform((state): TaskState => STATES[state] ?? 'free'),
  parent: z.number().int().nullish(),
  label: z.string().nullish(),
  arch: z.string().nullish(),
  owner: z.number().int().nullish(),
  create_ts: z.number(),
  start_ts: z.number().nullish(),
  completion_ts: z.number().nullish(),
  request: z.array(z.unknown()).nullish(),
});

export type KojiTask = z.output<typeof task>;

const build = z.object({
  build_id: z.number().int(),
  nvr: z.string(),
  state: z.number().int(),
  task_id: z.number().int().nullish(),
  completion_ts: z.number().nullish(),
});

export type KojiBuild = z.output<typeof build>;

const builtRpms = z.object({ rpms: z.array(z.string()) });

/** Koji's numbers of a build's states, as far as they matter here. */
export const BUILD_STATE = { complete: 1, failed: 3, canceled: 4 } as const;

const tagging = z.object({
  'tag.name': z.string(),
  create_event: z.number().int(),
  create_ts: z.number(),
  creator_name: z.string().nullish(),
});

export type Tagging = z.output<typeof tagging>;

const target = z.object({ name: z.string(), build_tag_name: z.string(), dest_tag_name: z.string() });

export type BuildTarget = z.output<typeof target>;

export interface Call {
  readonly method: string;
  readonly params: readonly XmlRpcValue[];
}

/** One item of a multicall: its value, or the fault that this item alone has. */
export type Item = { readonly value: XmlRpcValue } | { readonly fault: Fault };

export interface TaskTree {
  readonly task: KojiTask;
  /** All tasks below it, in no promised order. */
  readonly descendents: readonly KojiTask[];
}

/** Anonymous reads of a Koji hub. */
export interface KojiHub {
  call(call: Call, signal: AbortSignal): Promise<XmlRpcValue>;
  /** Many calls in few requests; an item that fails does not stop the others. */
  multiCall(calls: readonly Call[], signal: AbortSignal): Promise<readonly Item[]>;
  /** By task id; unknown tasks are left out. */
  taskTrees(taskIds: readonly number[], signal: AbortSignal): Promise<ReadonlyMap<number, TaskTree>>;
  task(taskId: number, signal: AbortSignal): Promise<KojiTask | undefined>;
  /** By NVR; unknown builds are left out. */
  builds(
    nvrs: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, { readonly build: KojiBuild; readonly taggings: readonly Tagging[] }>>;
  /** The build that a task made. */
  buildOfTask(taskId: number, signal: AbortSignal): Promise<KojiBuild | undefined>;
  /** In the order of `names`, undefined where there is none. */
  buildTargets(names: readonly string[], signal: AbortSignal): Promise<readonly (BuildTarget | undefined)[]>;
  /**
   * Files that the children of a build task built, without their folders; undefined where nothing was built, or not everything yet, whatever the task
   * itself says. A scratch build leaves no other trace.
   */
  builtFiles(taskId: number, signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** Whether a task has really ended: only then it has a result, whatever its state is said to be. */
  hasResult(taskId: number, signal: AbortSignal): Promise<boolean>;
  /** The fault text of a failed task, as its builder left it. */
  failureOf(taskId: number, signal: AbortSignal): Promise<string>;
  /** The end of a log of a task; empty where there is none. */
  logTail(taskId: number, name: string, signal: AbortSignal): Promise<string>;
  /** The user's newest build tasks, the newest first, with their requests. */
  newestBuildTasks(user: string, signal: AbortSignal): Promise<readonly KojiTask[]>;
}

/** Each call is one item; a multicall of some hundred is usual. */
const ITEMS_PER_REQUEST = 100;

export function kojiHub({ http, url }: { readonly http: Http; readonly url: string }): KojiHub {
  async function call({ method, params }: Call, signal: AbortSignal): Promise<XmlRpcValue> {
    const response = await chargedTo('koji', () =>
      http(
        { method: 'POST', url, headers: { 'content-type': 'text/xml' }, body: encodeCall(method, params) },
        signal,
      ),
    );
    if (response.status !== 200) throw refusal('koji', response);
    let answer: ReturnType<typeof decodeAnswer>;
    try {
      answer = decodeAnswer(response.body);
    } catch (cause) {
      throw malformed('koji', response, cause);
    }
    if ('fault' in answer) throw kojiFault(method, answer.fault);
    return answer.value;
  }

  async function multiCall(calls: readonly Call[], signal: AbortSignal): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (const part of chunks(calls, ITEMS_PER_REQUEST)) {
      const params = [part.map(({ method, params }) => ({ methodName: method, params }))];
      const answer = await call({ method: 'multiCall', params }, signal);
      const rows = readAs(z.array(z.unknown()).length(part.length), answer, {
        system: 'koji',
        what: 'multiCall',
      });
      rows.forEach((row, index) => void items.push(itemOf(row, part[index]?.method ?? '')));
    }
    return items;
  }

  /** What tasks gave, failures included; undefined for one that has not ended. */
  async function resultsOf(
    taskIds: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly (XmlRpcValue | undefined)[]> {
    if (taskIds.length === 0) return [];
    const items = await multiCall(
      taskIds.map((id) => ({ method: 'getTaskResult', params: [id, named({ raise_fault: false })] })),
      signal,
    );
    return items.map((item) =>
      'fault' in item && /is not finished/.test(textOf(item.fault)) ? undefined : itemValue(item),
    );
  }

  const read = <Schema extends z.ZodType>(schema: Schema, value: unknown, what: string) =>
    readAs(schema, value, { system: 'koji', what });

  return {
    call,
    multiCall,

    async taskTrees(taskIds, signal) {
      const items = await multiCall(
        taskIds.flatMap((id) => [
          { method: 'getTaskInfo', params: [id] },
          { method: 'getTaskDescendents', params: [id] },
        ]),
        signal,
      );
      const trees = new Map<number, TaskTree>();
      taskIds.forEach((id, index) => {
        const own = read(task.nullable(), itemValue(items[2 * index]), 'getTaskInfo');
        const below = read(
          z.record(z.string(), z.array(task)),
          itemValue(items[2 * index + 1]),
          'getTaskDescendents',
        );
        if (own !== null) trees.set(id, { task: own, descendents: Object.values(below).flat() });
      });
      return trees;
    },

    async task(taskId, signal) {
      const answer = await call({ method: 'getTaskInfo', params: [taskId] }, signal);
      return read(task.nullable(), answer, 'getTaskInfo') ?? undefined;
    },

    async builds(nvrs, signal) {
      const items = await multiCall(
        nvrs.flatMap((nvr) => [
          { method: 'getBuild', params: [nvr] },
          {
            method: 'queryHistory',
            params: [named({ tables: ['tag_listing'], build: nvr, queryOpts: { order: 'create_event' } })],
          },
        ]),
        signal,
      );
      const found = new Map<string, { build: KojiBuild; taggings: readonly Tagging[] }>();
      nvrs.forEach((nvr, index) => {
        const answer = items[2 * index];
        // Unknown is nil here, but a fault of its own for what is no NVR, and for the history of an unknown build.
        if (answer === undefined || 'fault' in answer) return;
        const known = read(build.nullable(), answer.value, 'getBuild');
        if (known === null) return;
        const history = read(
          z.object({ tag_listing: z.array(tagging).default([]) }),
          itemValue(items[2 * index + 1]),
          'queryHistory',
        );
        found.set(nvr, { build: known, taggings: history.tag_listing });
      });
      return found;
    },

    async buildOfTask(taskId, signal) {
      const answer = await call({ method: 'listBuilds', params: [named({ taskID: taskId })] }, signal);
      return read(z.array(build), answer, 'listBuilds')[0];
    },

    async buildTargets(names, signal) {
      const items = await multiCall(
        names.map((name) => ({ method: 'getBuildTarget', params: [name] })),
        signal,
      );
      return items.map((item) => read(target.nullable(), itemValue(item), 'getBuildTarget') ?? undefined);
    },

    async builtFiles(taskId, signal) {
      const below = (await this.taskTrees([taskId], signal)).get(taskId)?.descendents ?? [];
      const builders = below.filter(({ method }) => method === 'buildArch');
      const results = await resultsOf(
        builders.map(({ id }) => id),
        signal,
      );
      if (results.length === 0 || results.includes(undefined)) return undefined;
      const paths = results.flatMap((result) => read(builtRpms, result, 'getTaskResult').rpms);
      return paths.map((path) => path.split('/').at(-1) ?? path).sort();
    },

    async hasResult(taskId, signal) {
      const [result] = await resultsOf([taskId], signal);
      return result !== undefined;
    },

    async failureOf(taskId, signal) {
      const params = [taskId, named({ raise_fault: false })];
      const [item] = await multiCall([{ method: 'getTaskResult', params }], signal);
      // The task's own fault comes as a value, or, from older hubs, as the fault of this item: its text is the answer in both.
      if (item !== undefined && 'fault' in item) return textOf(item.fault);
      const answer = item?.value ?? null;
      const failure = z.object({ faultString: z.string() }).safeParse(answer);
      return failure.success ? failure.data.faultString : '';
    },

    async logTail(taskId, name, signal) {
      const params = [taskId, name, named({ offset: -4000 })];
      const [item] = await multiCall([{ method: 'downloadTaskOutput', params }], signal);
      if (item === undefined || 'fault' in item || typeof item.value !== 'string') return '';
      return textOfBase64(item.value);
    },

    async newestBuildTasks(user, signal) {
      const known = await call({ method: 'getUser', params: [user] }, signal);
      const owner = read(z.object({ id: z.number().int() }).nullable(), known, 'getUser');
      if (owner === null) return [];
      const answer = await call(
        {
          method: 'listTasks',
          params: [
            { owner: owner.id, method: 'build', decode: true },
            { order: '-id', limit: 100 },
          ],
        },
        signal,
      );
      return read(z.array(task), answer, 'listTasks');
    },
  };
}

function itemOf(row: unknown, method: string): Item {
  if (Array.isArray(row) && row.length === 1) return { value: row[0] };
  const fault = readAs(z.object({ faultCode: z.number(), faultString: z.string() }), row, {
    system: 'koji',
    what: 'an item of multiCall',
  });
  return { fault: kojiFault(method, { code: fault.faultCode, text: fault.faultString }) };
}

function itemValue(item: Item | undefined): XmlRpcValue {
  if (item === undefined) return null;
  if ('fault' in item) throw item.fault;
  return item.value;
}

function textOf(fault: Fault): string {
  const { text } = fault.evidence;
  return typeof text === 'string' ? text : fault.message;
}

const OUR_QUESTION = /psycopg2\.errors|TypeError|KeyError|Invalid order/;

/** What an XML-RPC fault of the hub says about whom; codes are Koji's exception classes. */
function kojiFault(method: string, { code, text }: { readonly code: number; readonly text: string }): Fault {
  const evidence = { method, fault: code, text: excerpt(text, 2000) };
  if (code === 1014) {
    return new Fault(`koji is offline: ${excerpt(text, 120)}`, {
      code: 'KOJI_OFFLINE',
      kind: 'unavailable',
      system: 'koji',
      evidence,
    });
  }
  const ours = [1002, 1004, 1006, 1007, 1008, 1009, 1019, 1023].includes(code);
  if (ours || (code === 1 && OUR_QUESTION.test(text))) {
    return new Fault(`koji did not accept ${method}: ${excerpt(text, 120)}`, {
      code: 'KOJI_QUESTION_REFUSED',
      kind: 'unexpected',
      evidence,
      hint: 'The hub may have changed its interface or its policy for anonymous readers: report it.',
    });
  }
  if (code === 1) {
    return new Fault(`koji broke on ${method}`, {
      code: 'KOJI_BROKEN',
      kind: 'unavailable',
      system: 'koji',
      evidence,
    });
  }
  return new Fault(`koji said no to ${method}: ${excerpt(text, 120)}`, {
    code: 'KOJI_REFUSED',
    kind: 'rejected',
    system: 'koji',
    evidence,
  });
}

function textOfBase64(text: string): string {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/**
 * Judges whether a build has come into a tag. The tags of a release are a way: one further on proves those before it.
 */
export function tagJudge({
  nvr,
  tag,
  release,
}: {
  readonly nvr: string;
  readonly tag: string;
  readonly release: Release;
}): Judge<string> {
  const way = [
    release.candidate_tag,
    release.pending_signing_tag,
    release.pending_testing_tag,
    release.testing_tag,
    release.stable_tag,
  ];
  const place = way.indexOf(tag);
  const proofs = place === -1 ? [tag] : way.slice(place);
  return ({ events }) => {
    const found = proofs.find((name) => events.some(({ fact }) => fact === FACT.tagged(name)));
    if (found !== undefined) return found;
    const gone = events.find(({ fact }) => fact === FACT.failed || fact === FACT.canceled);
    // A failed build can be built again under its name: only without a later success it is the end.
    if (gone === undefined || events.some(({ fact }) => fact === FACT.complete)) return undefined;
    throw new Fault(`build ${nvr} ${gone.fact}, it will not be tagged`, {
      code: 'BUILD_NOT_COMPLETE',
      kind: 'rejected',
      system: 'koji',
      evidence: { nvr, state: gone.fact },
    });
  };
}
