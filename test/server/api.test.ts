import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultData } from '../../src/core/fault.ts';
import type { StepProgress } from '../../src/core/store.ts';
import { ROOT } from '../support/sources.ts';
import { digestOf, dueOf, ended, headerOf, incidentOf, OWNER, SCOPE } from '../support/store-world.ts';
import { DOCUMENT, HOUR_MS, type ServerWorld, serverWorld, siteOf, TOKEN } from './world.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
  readonly security?: readonly object[];
}

const document = JSON.parse(readFileSync(`${ROOT}/docs/openapi.json`, 'utf8')) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object; readonly securitySchemes: object };
};
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'doc', ...document });

const RUN = (number: number) => `019a9000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const INCIDENT = '019a9000-0000-7000-8000-0000000000aa';
const OLD_INCIDENT = '019a9000-0000-7000-8000-0000000000a0';
const fault: FaultData = {
  message: 'koji task 7 ended failed',
  code: 'KOJI_TASK_NOT_CLOSED',
  kind: 'rejected',
  system: 'koji',
  evidence: { task_id: 7 },
};

let world: ServerWorld;
beforeAll(async () => {
  world = await serverWorld();
  const { store, clock } = world;
  const now = clock.now();
  for (const [number, outcome] of [
    [1, 'passed'],
    [2, 'failed'],
    [3, 'errored'],
  ] as const) {
    const at = now - (10 - number) * 60_000;
    const run = {
      started_at: at - 30_000,
      ended_at: at,
      outcome,
      ...(outcome === 'failed' ? { fault } : {}),
    };
    await ended(store, RUN(number), { ...run, duration_ms: 30_000 }, { started_at: at - 30_000 });
  }
  const journal = await store.begin(
    headerOf(RUN(4), { started_at: now - 5_000, deadline_at: now + HOUR_MS }),
    OWNER,
    () => true,
  );
  const build = { index: 0, step: 'build', uses: 'koji/build', system: 'koji' } as const;
  await journal.stepStarted({
    ...build,
    inputs: { target: 'f44' },
    started_at: now - 5_000,
    deadline_at: now + 60_000,
  });
  await journal.stepEnded({
    ...build,
    outcome: 'passed',
    duration_ms: 1_000,
    outputs: { task_id: 7 },
    phases: [{ phase: 'queued', started_at: now - 5_000, duration_ms: 500 }],
    attempts: [{ attempt: 1, started_at: now - 5_000, duration_ms: 1_000, outcome: 'passed' }],
  });
  const wait = { index: 1, step: 'wait', uses: 'bodhi/wait-status', system: 'bodhi' } as const;
  await journal.stepStarted({ ...wait, inputs: {}, started_at: now - 4_000, deadline_at: now + 60_000 });
  await journal.intend({
    step: 'build',
    kind: 'koji-task',
    key: '',
    system: 'koji',
    intended_at: now - 5_000,
    undoable: true,
    sought: null,
  });
  await store.digests.digest(
    digestOf(RUN(2), {
      evidence: [
        {
          scope: SCOPE,
          environment: 'test',
          system: 'koji',
          probe: 'single-build',
          run_id: RUN(2),
          at: now - 8 * 60_000,
          good: false,
          counted: true,
        },
        {
          scope: SCOPE,
          environment: 'test',
          system: 'bodhi',
          probe: 'single-build',
          run_id: RUN(2),
          at: now - 8 * 60_000,
          good: true,
          counted: true,
        },
      ],
      incidents: [
        incidentOf(OLD_INCIDENT, {
          state: 'resolved',
          since: now - 50 * HOUR_MS,
          resolved_at: now - 49 * HOUR_MS,
        }),
        incidentOf(INCIDENT, {
          since: now - 8 * 60_000,
          updated_at: now - 8 * 60_000,
          runs: [
            {
              run_id: RUN(2),
              probe: 'single-build',
              ended_at: now - 8 * 60_000,
              step: 'build',
              fault,
              builds: ['a-1-1'],
              updates: [],
              details: [],
            },
          ],
          last_good: { run_id: RUN(1), probe: 'single-build', ended_at: now - 9 * 60_000 },
          changes: [{ at: now - HOUR_MS, kind: 'version', text: 'koji 1 → 2', link: null }],
        }),
      ],
    }),
  );
  await store.dues.claim([dueOf(now - HOUR_MS), dueOf(now - 2 * HOUR_MS)]);
});
afterAll(() => world[Symbol.asyncDispose]());

/** Asks, and holds the answer against what the document says of it. */
async function documented(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown, from = world) {
  const [template, operation] = operationFor(method, path);
  const answer =
    operation.security === undefined ? await from.ask(path) : await from.write(method, path, body);
  const answers = operation.responses[String(answer.status)];
  expect(answers, `${method} ${template} answered ${answer.status}: ${answer.text}`).toBeDefined();
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const known = Object.keys(answers?.content ?? {});
  expect(known.map((one) => one.split(';')[0])).toContain(type);
  if (type === 'application/json' && template !== '/api/v1/openapi.json') {
    const pointer = [
      'paths',
      template,
      method.toLowerCase(),
      'responses',
      String(answer.status),
      'content',
      'application/json',
      'schema',
    ]
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = ajv.compile({ $ref: `doc#/${pointer}` });
    validate(answer.json);
    expect(validate.errors, `${method} ${path}`).toBeNull();
  }
  walked.add(`${method} ${template}`);
  return answer;
}

const walked = new Set<string>();

function operationFor(method: string, path: string): readonly [string, Operation] {
  const plain = path.split('?')[0] ?? '';
  const found = Object.entries(document.paths).find(
    ([template, operations]) =>
      operations[method.toLowerCase()] !== undefined &&
      new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+?')}$`).test(plain),
  );
  if (found === undefined) throw new Error(`${method} ${path} is not documented`);
  return [found[0], found[1][method.toLowerCase()] as Operation];
}

describe('the document', () => {
  test('is OpenAPI 3.1: ids of operations are unique, every reference leads somewhere, every path parameter is described', () => {
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name ?? '',
    );
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !Object.hasOwn(document.components.schemas, name))).toEqual([]);
    expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/g)).toBeNull();
    for (const [path, methods] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const operation of Object.values(methods)) {
        const parameters =
          (operation as unknown as { parameters?: { in: string; name: string }[] }).parameters ?? [];
        expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(wanted);
      }
    }
  });

  test('every schema in it compiles', () => {
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.compile({ $ref: `doc#/components/schemas/${name}` })).not.toThrow();
    }
  });
});

describe('reading', () => {
  test('runs come in pages, newest first, each once, with their age', async () => {
    const first = await documented('GET', '/api/v1/runs?limit=2');
    expect(first.json.items.map((run: { run_id: string }) => run.run_id)).toEqual([RUN(4), RUN(3)]);
    const second = await documented('GET', `/api/v1/runs?limit=2&before=${first.json.next}`);
    expect(second.json.items.map((run: { run_id: string }) => run.run_id)).toEqual([RUN(2), RUN(1)]);
    expect(second.json.next).toBeNull();
    expect(first.json.items[0]).toMatchObject({ outcome: null, state: 'executing', age_ms: 5_000 });
    expect(second.json.items[1]).toMatchObject({
      outcome: 'passed',
      age_ms: 9 * 60_000,
      duration_ms: 30_000,
    });
  });

  test.each([
    ['outcome=failed', [2]],
    ['system=koji', [2]],
    ['state=executing', [4]],
    ['environment=test&probe=by-hand', []],
    ['probe=single-build&outcome=errored', [3]],
    ['since=2026-11-17T07:52:00Z', [4, 3]],
  ])('runs?%s', async (query, numbers) => {
    const { json } = await documented('GET', `/api/v1/runs?${query}`);
    expect(json.items.map((run: { run_id: string }) => run.run_id)).toEqual(numbers.map(RUN));
  });

  test.each([
    ['runs?environment=tset', 'there is no environment "tset"; did you mean "test"?'],
    ['runs?probe=singel-build', 'there is no probe "singel-build"; did you mean "single-build"?'],
    ['runs?environment=test&probe=elsewhere&outcome=failed', 'there is no probe "elsewhere"'],
    ['steps?environment=elsewhere', 'there is no environment "elsewhere"'],
    ['schedule?probe=elsewhere', 'there is no probe "elsewhere"'],
  ])('a name that nobody knows is no empty list: %s', async (query, message) => {
    const { status, json } = await documented('GET', `/api/v1/${query}`);
    expect(status).toBe(404);
    expect(json.message).toBe(message);
    expect(json.hint).toMatch(/^Known: .*(test|single-build)/);
  });

  test('what only old runs know is known', async () => {
    await ended(world.store, RUN(9), {}, { environment: 'gone', scope: 'gone@17', probe: 'old-build' });
    for (const query of ['environment=gone&outcome=errored', 'probe=old-build&system=bodhi']) {
      const { status, json } = await documented('GET', `/api/v1/runs?${query}`);
      expect([status, json.items]).toEqual([200, []]);
    }
  });

  test('one run has its steps and its ledger; so many letters of its id as tell it apart will do', async () => {
    const { json } = await documented('GET', `/api/v1/runs/${RUN(4)}`);
    expect(json.steps.map((step: StepProgress) => [step.step, step.outcome])).toEqual([
      ['build', 'passed'],
      ['wait', null],
    ]);
    expect(json.effects).toMatchObject([{ kind: 'koji-task', state: 'intended' }]);
    expect((await documented('GET', `/api/v1/runs/${RUN(4)}/steps`)).json.items).toEqual(json.steps);
    expect((await documented('GET', '/api/v1/runs/019a9000')).json).toMatchObject({ error: 'ambiguous' });
    expect((await documented('GET', '/api/v1/runs/019a9001')).status).toBe(404);
  });

  test('steps of all runs, in pages that lose and double none', async () => {
    const first = await documented('GET', '/api/v1/steps?limit=1');
    expect(first.json.items).toMatchObject([{ step: 'wait', outcome: null, run_id: RUN(4), age_ms: 4_000 }]);
    const second = await documented('GET', `/api/v1/steps?limit=1&before=${first.json.next}`);
    expect(second.json).toMatchObject({ items: [{ step: 'build', attempts: 1 }], next: null });
    expect(
      (await documented('GET', '/api/v1/steps?uses=koji/build&outcome=passed&system=koji')).json.items,
    ).toHaveLength(1);
    expect((await documented('GET', '/api/v1/steps?outcome=skipped')).json.items).toEqual([]);
  });

  test('a system fails while its incident is open, and is unknown when nothing young speaks for it', async () => {
    const { json } = await documented('GET', '/api/v1/systems');
    const states = json.items.map((one: { system: string; state: string; age_ms: number | null }) => [
      one.system,
      one.state,
      one.age_ms,
    ]);
    expect(states).toEqual([
      ['koji', 'failing', 8 * 60_000],
      ['bodhi', 'operational', 8 * 60_000],
      ['greenwave', 'unknown', null],
      ['own', 'unknown', null],
    ]);
    expect(json.items[0].incident_id).toBe(INCIDENT);
    const first = await documented('GET', '/api/v1/systems?limit=3');
    expect((await documented('GET', `/api/v1/systems?before=${first.json.next}`)).json.items).toHaveLength(1);
    expect(
      (await documented('GET', '/api/v1/systems?state=failing&environment=test&system=koji')).json.items,
    ).toHaveLength(1);
  });

  test('probes tell when they are due, what is under way and what came last', async () => {
    const { json } = await documented('GET', '/api/v1/probes?limit=2');
    expect(json.items.map((one: { probe: string }) => one.probe)).toEqual(['by-hand', 'scratch-build']);
    expect(json.items[0]).toMatchObject({ next_due_at: null, interval_ms: null, last: null });
    const rest = await documented('GET', `/api/v1/probes?before=${json.next}`);
    expect(rest.json.items).toMatchObject([
      {
        probe: 'single-build',
        under_way: [RUN(4)],
        last: { run_id: RUN(3), outcome: 'errored' },
        next_due_at: '2026-11-17T09:00:00.000Z',
      },
    ]);
    expect(
      (await documented('GET', '/api/v1/probes?system=greenwave&environment=test&probe=by-hand')).json.items,
    ).toHaveLength(1);
  });

  test('incidents, those that were over before a time left out', async () => {
    expect((await documented('GET', '/api/v1/incidents')).json.items).toHaveLength(2);
    const since = await documented('GET', '/api/v1/incidents?since=2026-11-16&system=koji&environment=test');
    expect(since.json.items).toMatchObject([{ incident_id: INCIDENT, state: 'open', age_ms: 8 * 60_000 }]);
    const page = await documented('GET', '/api/v1/incidents?limit=1');
    expect(
      (await documented('GET', `/api/v1/incidents?limit=1&before=${page.json.next}`)).json.items,
    ).toMatchObject([{ incident_id: OLD_INCIDENT }]);
    expect((await documented('GET', `/api/v1/incidents/${INCIDENT}`)).json.runs).toHaveLength(1);
    expect((await documented('GET', `/api/v1/incidents/${RUN(9)}`)).status).toBe(404);
  });

  test('due times in pages', async () => {
    const first = await documented(
      'GET',
      '/api/v1/schedule?limit=1&environment=test&probe=single-build&state=waiting',
    );
    expect(first.json.items).toMatchObject([{ state: 'waiting', cause: 'schedule' }]);
    const second = await documented('GET', `/api/v1/schedule?limit=1&before=${first.json.next}`);
    expect(second.json.items).toHaveLength(1);
    expect(second.json.items[0].due_id).not.toBe(first.json.items[0].due_id);
  });

  test('the badge says the state, and its age', async () => {
    const koji = await documented('GET', '/badge/test/koji.svg');
    expect(koji.text).toContain('<title>koji on test: failing, evidence is 8m 00s old</title>');
    expect((await documented('GET', '/badge/test/greenwave.svg')).text).toContain('unknown');
    expect((await documented('GET', '/badge/test/fas.svg')).status).toBe(404);
    expect((await documented('GET', '/badge/nowhere/koji.svg')).status).toBe(404);
  });

  test('what else there is', async () => {
    for (const path of ['/healthz/live', '/healthz/ready', '/metrics', '/probe?probe=by-hand']) {
      expect((await documented('GET', path)).status).toBe(200);
    }
    expect((await documented('GET', '/api/v1/openapi.json')).text).toBe(DOCUMENT);
  });
});

describe('writing', () => {
  test('a run that is asked for is a waiting row of the schedule', async () => {
    const before = world.nudges();
    const answers = await Promise.all(
      [1, 2].map(() => documented('POST', '/api/v1/probes/test/scratch-build/run')),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(await world.store.dues.list({ probe: 'scratch-build', limit: 9 })).toMatchObject([
      { cause: 'request', by: 'ops', state: 'waiting' },
      { cause: 'request', by: 'ops', state: 'waiting' },
    ]);
    expect(world.nudges()).toBe(before + 2);
    expect((await documented('POST', '/api/v1/probes/test/scratch-biuld/run')).json.message).toBe(
      'there is no probe "scratch-biuld"; did you mean "scratch-build"?',
    );
  });

  test('a run under way is asked to end; one that has ended is refused', async () => {
    expect((await documented('POST', `/api/v1/runs/${RUN(4)}/cancel`)).status).toBe(202);
    expect(await world.store.toCancel()).toEqual([{ run_id: RUN(4), by: 'ops' }]);
    expect((await documented('POST', `/api/v1/runs/${RUN(1)}/cancel`)).json).toMatchObject({
      error: 'run_finished',
    });
  });

  test('a pause holds until somebody ends it, and stands beside the probe', async () => {
    const until = await documented('POST', '/api/v1/schedule/pause', {
      environment: 'test',
      probe: 'by-hand',
      reason: 'koji moves',
      until: '2h',
    });
    expect(until).toMatchObject({ status: 201, json: { by: 'ops', until: '2026-11-17T10:00:00.000Z' } });
    expect(
      (await documented('POST', '/api/v1/schedule/pause', { environment: 'test', reason: 'all' })).json.until,
    ).toBeNull();
    const { json } = await documented('GET', '/api/v1/probes?probe=by-hand');
    // The one that holds longest.
    expect(json.items[0].paused).toEqual({ reason: 'all', by: 'ops', until: null });
    expect(
      (await documented('GET', '/api/v1/schedule?environment=test&probe=by-hand')).json.pauses,
    ).toHaveLength(2);
    expect(
      (await documented('POST', '/api/v1/schedule/unpause', { environment: 'test' })).json.ended,
    ).toMatchObject([{ probe: null, ended_by: 'ops' }]);
    expect((await documented('GET', '/api/v1/probes?probe=by-hand')).json.items[0].paused.reason).toBe(
      'koji moves',
    );
    expect(
      (await documented('POST', '/api/v1/schedule/unpause', { environment: 'test' })).json,
    ).toMatchObject({ error: 'not_paused' });
  });

  test.each([
    ['a time that has passed', { environment: 'test', reason: 'x', until: '2026-11-17T07:00Z' }, 400],
    ['no time', { environment: 'test', reason: 'x', until: 'soon' }, 400],
    ['no reason', { environment: 'test', reason: '  ' }, 400],
    ['another key', { environment: 'test', reason: 'x', utnil: '2h' }, 400],
    ['an environment that is not served', { environment: 'tset', reason: 'x' }, 404],
    ['a probe that is not served', { environment: 'test', probe: 'nope', reason: 'x' }, 404],
  ])('a pause with %s is refused and not written down', async (_, body, status) => {
    const before = (await world.store.audit.list(100)).length;
    expect((await documented('POST', '/api/v1/schedule/pause', body)).status).toBe(status);
    expect(await world.store.audit.list(100)).toHaveLength(before);
  });

  test('an incident is acknowledged and given a ticket; one that is over needs nobody', async () => {
    expect((await documented('POST', `/api/v1/incidents/${INCIDENT}/acknowledge`)).json).toMatchObject({
      acknowledged_by: 'ops',
      acknowledged_at: '2026-11-17T08:00:00.000Z',
    });
    expect((await documented('POST', `/api/v1/incidents/${OLD_INCIDENT}/acknowledge`)).json).toMatchObject({
      error: 'incident_over',
    });
    const ticket = 'https://forge.example.org/infra/1';
    expect((await documented('PUT', `/api/v1/incidents/${INCIDENT}/ticket`, { ticket })).json.ticket).toBe(
      ticket,
    );
    expect(
      (await documented('PUT', `/api/v1/incidents/${INCIDENT}/ticket`, { ticket: 'javascript:alert(1)' }))
        .status,
    ).toBe(400);
    expect(
      (await documented('PUT', `/api/v1/incidents/${INCIDENT}/ticket`, { ticket: null })).json.ticket,
    ).toBeNull();
  });

  test.each([
    ['nothing said', { because: ' ' }, 400],
    ['no reason', {}, 400],
    ['more than a message can hold', { because: 'x'.repeat(501) }, 400],
    ['another key', { because: 'x', by: 'somebody' }, 400],
  ])('an incident is not closed with %s, and that is not written down', async (_, body, status) => {
    const before = (await world.store.audit.list(100)).length;
    expect((await documented('POST', `/api/v1/incidents/${INCIDENT}/close`, body)).status).toBe(status);
    expect(await world.store.audit.list(100)).toHaveLength(before);
    expect((await world.store.incidents.find(INCIDENT))?.state).toBe('open');
  });

  test('an incident is closed once, with who and why; one that is over or unknown is refused', async () => {
    const close = (id: string, because: string) =>
      documented('POST', `/api/v1/incidents/${id}/close`, { because });
    expect((await close(INCIDENT, ' shut down ')).json).toMatchObject({
      state: 'resolved',
      resolved_at: '2026-11-17T08:00:00.000Z',
      closed_at: '2026-11-17T08:00:00.000Z',
      closed_by: 'ops',
      closed_because: 'shut down',
    });
    expect(await close(INCIDENT, 'again')).toMatchObject({
      status: 409,
      json: { error: 'incident_over', message: `incident ${INCIDENT} is resolved: ops closed it` },
    });
    expect(await close(OLD_INCIDENT, 'x')).toMatchObject({ status: 409, json: { error: 'incident_over' } });
    expect((await close('019a9000-0000-7000-8000-00000000ffff', 'x')).status).toBe(404);
    expect((await world.store.incidents.find(INCIDENT))?.closed_because).toBe('shut down');
  });

  test('every one of these was written down, with the token that asked and its address', async () => {
    const { json } = await documented('GET', '/api/v1/audit?limit=200');
    expect(new Set(json.items.map((one: { action: string }) => one.action))).toEqual(
      new Set([
        'run.start',
        'run.cancel',
        'schedule.pause',
        'schedule.unpause',
        'incident.acknowledge',
        'incident.close',
        'incident.ticket',
      ]),
    );
    for (const entry of json.items) {
      expect(entry).toMatchObject({ who: 'ops', through: 'api' });
      expect(entry.detail).toContain('from 127.0.0.1');
    }
  });

  test('every route was walked', () => {
    const all = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...walked].toSorted()).toEqual(all.toSorted());
  });
});

describe('whatever is sent', () => {
  const paths = Object.keys(document.paths);

  test('nothing makes it answer 500, and every no has the same form', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '%2e%2e',
        '%00',
        "'",
        '%',
        '%zz',
        '%c0%af',
        '{}',
        '019a9000',
        'null',
        '__proto__',
        'a'.repeat(300),
      ),
      fc.string({ maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
    );
    const path = fc
      .tuple(fc.constantFrom(...paths), fc.array(segment, { minLength: 3, maxLength: 3 }), fc.option(segment))
      .map(([template, parts, query]) => {
        let at = 0;
        const filled = template.replaceAll(/\{\w+\}/g, () => parts[at++] ?? '');
        return query === null ? filled : `${filled}?limit=${query}&before=${query}`;
      });
    const body = fc.oneof(fc.json({ maxDepth: 3 }), fc.string({ maxLength: 50 }));
    await fc.assert(
      fc.asyncProperty(
        path,
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD'),
        body,
        async (where, method, sent) => {
          const bare = method === 'GET' || method === 'HEAD';
          const answer = await world.ask(where, {
            method,
            headers: {
              authorization: `Bearer ${TOKEN}`,
              ...(bare ? {} : { 'content-type': 'application/json' }),
            },
            ...(bare ? {} : { body: sent }),
          });
          expect(answer.status).not.toBe(500);
          if (answer.status >= 400 && method !== 'HEAD') {
            expect(Object.keys(answer.json)).toEqual(['error', 'message', 'hint']);
            expect(answer.text).not.toMatch(/\bat .*\.ts|node_modules|sqlite/i);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a header above 16 KiB is refused', async () => {
    const answer = await world.ask('/metrics', { headers: { 'x-long': 'x'.repeat(20_000) } });
    expect(answer.status).toBe(431);
  });
});

test('a run of an environment that is not served has no age, for nobody here knows its clock', async () => {
  await using other = await serverWorld({ sites: () => [] });
  await ended(other.store, RUN(1), { ended_at: 5_000 });
  expect((await documented('GET', '/api/v1/runs', undefined, other)).json.items[0].age_ms).toBeNull();
  expect((await documented('GET', '/api/v1/systems', undefined, other)).json.items).toEqual([]);
});

test('a name that two environments have needs its environment', async () => {
  await using other = await serverWorld();
  const sites = [siteOf(other.clock), siteOf(other.clock, 'staging', 'staging@1')];
  await using both = await serverWorld({ sites: () => sites });
  expect((await both.ask('/probe?probe=by-hand')).json.hint).toBe(
    'Say environment=NAME, one of: test, staging.',
  );
  expect((await both.ask('/probe?probe=by-hand&environment=staging')).text).toContain('staging/by-hand');
});
