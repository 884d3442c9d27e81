import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commitOf, hubWith, specOf, until } from './hub.ts';

const PKG = 'dummy-test-package-gloster';
const COMMIT = '1'.repeat(40);
const SOURCE = `git+http://127.0.0.1:1/rpms/${PKG}.git#${COMMIT}`;
const NVR = `${PKG}-1.0-1.fc44`;

let hub: Awaited<ReturnType<typeof hubWith>>;

beforeAll(async () => {
  hub = await hubWith({ files: commitOf(PKG, COMMIT, specOf(PKG)), speed: 3000 });
  const session = await hub.login('packprobe', 'sandbox');
  await hub.call('build', [SOURCE, 'f44-candidate'], session);
  await until(async () => hub.port.build(NVR)?.tags.length === 1 || undefined);
});
afterAll(() => hub[Symbol.asyncDispose]());

async function get(path: string) {
  const answer = await fetch(`${hub.url}${path}`);
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

describe('the pages that the commands link to', () => {
  test.each([
    [
      'taskinfo?taskID=1',
      `<title>build (f44-candidate, /rpms/${PKG}.git:${COMMIT}) | Task Info | koji</title>`,
    ],
    ['taskinfo?taskID=1', `<a href="/koji/buildinfo?buildID=1">${NVR}</a> complete`],
    ['buildinfo?buildID=1', `<title>${NVR} | Build Info | koji</title>`],
    [`buildinfo?buildID=${NVR}`, 'f44-updates-candidate'],
    ['taginfo?tagID=f44-updates-candidate', NVR],
    ['repoinfo?repoID=1', 'ready'],
    ['rpminfo?rpmID=1', `${NVR}.src.rpm`],
    ['hostinfo?hostID=1', 'x86_64'],
    ['userinfo?userID=packprobe', NVR],
    [`packageinfo?packageID=${PKG}`, NVR],
    ['tasks', 'tagBuild'],
    ['builds', NVR],
    ['', '/koji/tasks'],
  ])('%s shows %s', async (page, text) => {
    const { status, type, text: html } = await get(`/koji/${page}`);
    expect({ status, type }).toEqual({ status: 200, type: 'text/html; charset=utf-8' });
    expect(html).toContain(text);
  });

  test.each(['taskinfo?taskID=999', 'buildinfo?buildID=nope', 'taskinfo', 'getfile?taskID=1&name=x', 'nope'])(
    '%s is an error, as a page',
    async (page) => {
      const { status, text } = await get(`/koji/${page}`);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).toContain('<title>Error | koji</title>');
    },
  );

  test('what is asked for is never written into a page as it stands', async () => {
    const { text } = await get('/koji/taskinfo?taskID=%3Cscript%3E');
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script>');
  });

  test('a log is given out, its end alone too', async () => {
    const whole = await get('/koji/getfile?taskID=3&name=build.log');
    expect(whole).toMatchObject({ status: 200, type: expect.stringContaining('text/plain') });
    const end = await get('/koji/getfile?taskID=3&name=build.log&offset=-20');
    expect(end.text).toBe(whole.text.slice(-20));
  });

  test('the hub itself still takes nothing but POST', async () => {
    expect((await get('/kojihub')).status).toBe(405);
  });
});

test('no RPM came from a buildroot that nobody kept', async () => {
  expect(await hub.call('listRPMs', [])).not.toEqual([]);
  for (const key of ['buildrootID', 'componentBuildrootID']) {
    expect(await hub.call('listRPMs', [{ [key]: 1, __starstar: true }])).toEqual([]);
  }
});
