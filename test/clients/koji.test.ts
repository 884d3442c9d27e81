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
