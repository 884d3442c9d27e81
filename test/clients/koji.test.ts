import { describe, expect, test } from 'vitest';
import { kojiHub } from '../../src/clients/koji.ts';
import { Fault } from '../../src/core/fault.ts';
import { fakeHub, HubFault, recordedHub } from '../support/fake-hub.ts';
import { cannedHttp } from '../support/step-context.ts';

const signal = new AbortController().signal;
const url = 'http://koji.test/kojihub';

const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('no fault'),
    (fault: unknown) => fault as Fault,
  );

describe('on a recorded build', () => {
  const http = cannedHttp(recordedHub('koji/build-ok'));
  const hub = kojiHub({ http, url });

  test('a task tree comes with its children, in one request', async () => {
    const before = http.asked.length;
    const tree = (await hub.taskTrees([13], signal)).get(13);
    expect(http.asked.length - before).toBe(1);
    expect(tree?.task).toMatchObject({ id: 13, state: 'closed', method: 'build' });
    expect(tree?.descendents.map(({ label }) => label).sort()).toEqual(['noarch', 'srpm', 'tag']);
  });

  test('a build comes with its tag history; one that is not known is left out', async () => {
    const builds = await hub.builds(['world-2-1.fc44', 'nope-1-1.fc44'], signal);
    expect([...builds.keys()]).toEqual(['world-2-1.fc44']);
    expect(builds.get('world-2-1.fc44')?.build).toMatchObject({ state: 1, task_id: 13, build_id: 2 });
    expect(builds.get('world-2-1.fc44')?.taggings[0]).toMatchObject({ 'tag.name': 'f44-updates-candidate' });
  });

  test('the build of a task and the destination of a target are found', async () => {
    expect(await hub.buildOfTask(13, signal)).toMatchObject({ nvr: 'world-2-1.fc44', build_id: 2 });
    expect(await hub.buildTargets(['rawhide'], signal)).toMatchObject([
      { name: 'rawhide', dest_tag_name: 'f44-updates-candidate' },
    ]);
  });

  test('what its children built is listed without folders, and it has a result', async () => {
    expect(await hub.builtFiles(13, signal)).toEqual([
      'world-2-1.fc44.noarch.rpm',
      'world-doc-2-1.fc44.noarch.rpm',
    ]);
    expect(await hub.hasResult(13, signal)).toBe(true);
  });
});

describe('a task that Koji calls closed', () => {
  const child = (id: number) => ({ id, method: 'buildArch', state: 2, create_ts: 1, parent: 13 });
  const hubWith = (results: Readonly<Record<number, HubFault>>) =>
    kojiHub({
      http: cannedHttp(
        fakeHub((method, [id]) => {
          if (method === 'getTaskInfo') return { ...child(13), method: 'build' };
          if (method === 'getTaskDescendents') return { 13: [child(14), child(15)] };
          const fault = results[Number(id)];
          if (fault !== undefined) throw fault;
          return { rpms: ['tasks/14/14/p-1-1.fc44.x86_64.rpm'] };
        }),
      ),
      url,
    });
  const unfinished = (id: number) => new HubFault(1000, `Task ${id} is not finished`);

  test('has built nothing while one of its children is at work', async () => {
    expect(await hubWith({ 15: unfinished(15) }).builtFiles(13, signal)).toBeUndefined();
  });

  test('has no result while it goes on', async () => {
    expect(await hubWith({ 13: unfinished(13) }).hasResult(13, signal)).toBe(false);
  });

  test('is no answer where the hub breaks on the question', async () => {
    const broken = new HubFault(1, "<class 'OSError'>: x");
    expect(await faultOf(hubWith({ 14: broken }).builtFiles(13, signal))).toMatchObject({
      code: 'KOJI_BROKEN',
    });
    expect(await faultOf(hubWith({ 13: broken }).hasResult(13, signal))).toMatchObject({ system: 'koji' });
  });
});

test('the text of a failed task is read, also where the hub raises it', async () => {
  const hub = kojiHub({ http: cannedHttp(recordedHub('koji/build-fail-arch')), url });
  expect(await hub.failureOf(21, signal)).toBe(
    'error building package (arch aarch64), mock exited with status 1; see build.log or root.log for more information',
  );
});

test('a log is read to its end', async () => {
  const http = cannedHttp(fakeHub(() => Buffer.from('RPM build errors: ä').toString('base64')));
  expect(await kojiHub({ http, url }).logTail(21, 'build.log', signal)).toBe('RPM build errors: ä');
});

test('unknown tasks are no fault', async () => {
  const http = cannedHttp(fakeHub((method) => (method === 'getTaskInfo' ? null : { '999': [] })));
  expect((await kojiHub({ http, url }).taskTrees([999], signal)).size).toBe(0);
});

test.each([
  ['an offline hub', new HubFault(1014, 'server is offline'), 'unavailable', 'KOJI_OFFLINE', 'koji'],
  ['a broken database', new HubFault(1, "<class 'OSError'>: x"), 'unavailable', 'KOJI_BROKEN', 'koji'],
  [
    'a wrong argument of ours',
    new HubFault(1, "<class 'psycopg2.errors.UndefinedFunction'>: operator"),
    'unexpected',
    'KOJI_QUESTION_REFUSED',
    'own',
  ],
  [
    'an unknown keyword',
    new HubFault(1019, 'unexpected keyword'),
    'unexpected',
    'KOJI_QUESTION_REFUSED',
    'own',
  ],
  ['a plain no', new HubFault(1000, 'No such build'), 'rejected', 'KOJI_REFUSED', 'koji'],
] as const)('%s is told apart', async (_what, thrown, kind, code, system) => {
  const http = cannedHttp(
    fakeHub(() => {
      throw thrown;
    }),
  );
  expect(await faultOf(kojiHub({ http, url }).task(1, signal))).toMatchObject({ kind, code, system });
});

test.each([
  ['a proxy without a hub', { status: 503, body: '<html>x</html>' }, 'unavailable', 'API_UNAVAILABLE'],
  [
    'HTML with status 200',
    { status: 200, body: '<html><body>hi</body></html>' },
    'malformed',
    'API_MALFORMED',
  ],
  [
    'an answer that was cut off',
    { status: 200, body: '<?xml version="1.0"?><methodRe' },
    'malformed',
    'API_MALFORMED',
  ],
] as const)('%s is koji, not us', async (_what, response, kind, code) => {
  const hub = kojiHub({ http: cannedHttp(() => response), url });
  expect(await faultOf(hub.task(1, signal))).toMatchObject({ kind, code, system: 'koji' });
});

test('a refused connection is charged to koji, whoever asked', async () => {
  const refused = new Fault('refused', { code: 'HTTP_UNREACHABLE', kind: 'unavailable' });
  const hub = kojiHub({ http: () => Promise.reject(refused), url });
  expect(await faultOf(hub.task(1, signal))).toMatchObject({ code: 'HTTP_UNREACHABLE', system: 'koji' });
});
