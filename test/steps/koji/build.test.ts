import { describe, expect, test } from 'vitest';
import { taskSubject } from '../../../src/clients/koji.ts';
import type { XmlRpcValue } from '../../../src/clients/xmlrpc.ts';
import build from '../../../src/steps/koji/build.ts';
import { canned } from '../../support/canned.ts';
import { fakeHub, HubFault } from '../../support/fake-hub.ts';
import { reportOf } from '../../support/reports.ts';
import { cannedExec, cannedHttp, stepContext, testEnvironment } from '../../support/step-context.ts';

const COMMIT = '3'.repeat(40);
const SOURCE = `git+https://src.test/rpms/p.git#${COMMIT}`;
const task = (id: number, request: XmlRpcValue[]) => ({
  id,
  method: 'build',
  state: 1,
  create_ts: 1,
  request,
});

const created = canned(['fedpkg', 'build'], { stdout: 'Building p for t\nCreated task: 42\nTask info: x\n' });
const head = canned(['git', 'rev-parse'], { stdout: `${COMMIT}\n` });
const refused = (stderr: string, stdout = '') => canned(['fedpkg', 'build'], { exit: 1, stderr, stdout });
const lost = refused('Could not execute build: unable to retry call 2 (method build) for session 4243\n');

function hub(tasks: readonly XmlRpcValue[], more: Readonly<Record<string, XmlRpcValue>> = {}) {
  return cannedHttp(
    fakeHub((method) => {
      const answers: Readonly<Record<string, XmlRpcValue>> = {
        getUser: { id: 7, name: 'packprobe' },
        listTasks: tasks,
        listBuilds: [{ build_id: 9, nvr: 'p-1-1.fc44', state: 1, task_id: 42 }],
        ...more,
      };
      const answer = answers[method];
      if (answer === undefined) throw new HubFault(1000, `no ${method}`);
      return answer;
    }),
  );
}

const closed = [reportOf(taskSubject(42), 'created'), reportOf(taskSubject(42), 'closed', { at: 60 })];
const failed = (data = {}) => [
  reportOf(taskSubject(42), 'failed', { at: 60, data: { failed_child: null, ...data } }),
];

describe('a build that Koji closes', () => {
  test('has the NVR that Koji says, and its task is cancelled afterwards', async () => {
    const exec = cannedExec([head, created]);
    const ctx = stepContext({ dir: '/run', exec, http: hub([]), reports: closed });
    expect(await build.run({ dir: 'p' }, ctx)).toEqual({ task_id: 42, nvr: 'p-1-1.fc44', build_id: 9 });
    expect(ctx.undos).toEqual([{ uses: 'koji/cancel-task', with: { task_id: 42 } }]);
    expect(ctx.followed).toContainEqual({ kind: 'build', key: 'p-1-1.fc44' });
    expect(exec.ran.at(-1)).toMatchObject({ file: 'fedpkg', cwd: '/run/p' });
  });

  test('without leaving a build is koji’s fault', async () => {
    const ctx = stepContext({
      dir: '/run',
      exec: cannedExec([head, created]),
      http: hub([], { listBuilds: [] }),
      reports: closed,
    });
    await expect(build.run({ dir: 'p' }, ctx)).rejects.toMatchObject({
      code: 'BUILD_MISSING',
      system: 'koji',
    });
  });

  test('whose build goes on all the same is koji’s fault', async () => {
    const ctx = stepContext({
      dir: '/run',
      exec: cannedExec([head, created]),
      http: hub([], { listBuilds: [{ build_id: 9, nvr: 'p-1-1.fc44', state: 0, task_id: 42 }] }),
      reports: closed,
    });
    await expect(build.run({ dir: 'p' }, ctx)).rejects.toMatchObject({
      code: 'BUILD_MISSING',
      system: 'koji',
      evidence: { build_state: 0 },
    });
  });
});

test('a session that always expires is koji’s fault, and worth another attempt', async () => {
  const expired = refused('Could not execute build: session "3" has expired\n', 'Building p for t\n');
  const ctx = stepContext({ dir: '/run', exec: cannedExec([expired, head]), http: hub([]) });
  await expect(build.run({ dir: 'p' }, ctx)).rejects.toMatchObject({
    code: 'KOJI_SESSION_EXPIRED',
    kind: 'unavailable',
    system: 'koji',
  });
});

describe('a submission whose answer was lost', () => {
  const ours = task(42, [SOURCE, 'f44-candidate', {}]);

  test('is found by its commit', async () => {
    const http = hub([task(43, [`${SOURCE}9`, 'f44-candidate', {}]), ours]);
    const ctx = stepContext({ dir: '/run', exec: cannedExec([lost, head]), http, reports: closed });
    expect(await build.run({ dir: 'p' }, ctx)).toMatchObject({ task_id: 42 });
  });

  test('is found by a second attempt without submitting again', async () => {
    const exec = cannedExec([head]);
    const ctx = stepContext({
      dir: '/run',
      exec,
      http: hub([ours]),
      reports: closed,
      effects: { 'koji-task': 'lost' },
    });
    expect(await build.run({ dir: 'p' }, ctx)).toMatchObject({ task_id: 42 });
    expect(exec.ran.map(({ file }) => file)).toEqual(['git']);
  });

  test('is not mistaken for a scratch build, nor for one into another target', async () => {
    const others = [
      task(42, [SOURCE, 'f44-candidate', { scratch: true }]),
      task(41, [SOURCE, 'elsewhere', {}]),
    ];
    const ctx = stepContext({
      dir: '/run',
      exec: cannedExec([lost, head]),
      http: hub(others),
      reports: closed,
    });
    await expect(build.run({ dir: 'p', target: 'f44-candidate' }, ctx)).rejects.toMatchObject({
      code: 'KOJI_ANSWER_LOST',
      kind: 'unavailable',
    });
  });

  test('stays lost while Koji cannot be asked, for the next attempt to find', async () => {
    const http = cannedHttp(() => ({ status: 503, body: '' }));
    const ctx = stepContext({ dir: '/run', exec: cannedExec([lost, head]), http });
    await expect(build.run({ dir: 'p' }, ctx)).rejects.toMatchObject({ code: 'KOJI_ANSWER_LOST' });
  });
});

test('a hub that is away fails the submission without a task', async () => {
  const exec = cannedExec([head, refused('Could not execute build: server is offline\n')]);
  const ctx = stepContext({ dir: '/run', exec, http: hub([]) });
  await expect(build.run({ dir: 'p' }, ctx)).rejects.toMatchObject({ kind: 'unavailable', system: 'koji' });
  expect(ctx.undos).toEqual([]);
});

describe('a build that fails', () => {
  const run = (http: ReturnType<typeof hub>, reports = failed()) =>
    build.run({ dir: 'p' }, stepContext({ dir: '/run', exec: cannedExec([head, created]), http, reports }));
  const text = (faultString: string, log = '') =>
    hub([], {
      getTaskResult: { faultCode: 1005, faultString },
      downloadTaskOutput: Buffer.from(log).toString('base64'),
    });

  test('in rpmbuild is our package’s fault', async () => {
    const fault = run(
      text(
        'error building package (arch x86_64), mock exited with status 1; see build.log for more information',
      ),
    );
    await expect(fault).rejects.toMatchObject({
      code: 'BUILD_BROKEN_BY_PACKAGE',
      kind: 'prober',
      system: 'own',
    });
  });

  test('for want of a builder’s disk is koji’s, as its log says', async () => {
    const fault = run(
      text(
        'error building package (arch x86_64), mock exited with status 1; see build.log',
        'No space left on device',
      ),
    );
    await expect(fault).rejects.toMatchObject({ kind: 'rejected', system: 'koji' });
  });

  test('in its buildroot is koji’s, and the child is named', async () => {
    const http = text(
      'could not init mock buildroot, mock exited with status 30; see root.log for more information',
    );
    const fault = run(http, failed({ failed_child: { id: 44, name: 'buildArch x86_64' } }));
    await expect(fault).rejects.toMatchObject({
      code: 'BUILD_BROKEN_BY_BUILDER',
      system: 'koji',
      evidence: { child: 'buildArch x86_64' },
    });
  });

  test('is judged by its text where the log cannot be read', async () => {
    const http = hub([], { getTaskResult: { faultCode: 1005, faultString: 'No spec file found' } });
    await expect(run(http)).rejects.toMatchObject({ code: 'BUILD_BROKEN_BY_PACKAGE' });
  });

  test('because somebody cancelled it is koji’s', async () => {
    const fault = run(hub([]), [reportOf(taskSubject(42), 'canceled')]);
    await expect(fault).rejects.toMatchObject({ code: 'BUILD_CANCELED', kind: 'rejected', system: 'koji' });
  });
});

test('an open task is waited for', async () => {
  const reports = [reportOf(taskSubject(42), 'created'), reportOf(taskSubject(42), 'started')];
  const ctx = stepContext({ dir: '/run', exec: cannedExec([head, created]), http: hub([]), reports });
  await expect(build.run({ dir: 'p' }, ctx)).rejects.toThrow(/goes on waiting/);
});

test('the plan prints the command of the environment’s packager client', () => {
  const env = testEnvironment({ 'dist-git': { url: 'http://distgit.test', client: 'fedpkg-stage' } });
  const { run } = stepContext({ dir: '/run' });
  expect(build.commands?.({ dir: 'p' }, { run, env })).toEqual([
    ['fedpkg-stage', '--user', 'packprobe', 'build', '--nowait', '--skip-remote-rules-validation'],
  ]);
});
