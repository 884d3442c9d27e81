import { describe, expect, test } from 'vitest';
import { taskSubject } from '../../../src/clients/koji.ts';
import type { XmlRpcValue } from '../../../src/clients/xmlrpc.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import scratchBuild from '../../../src/steps/koji/scratch-build.ts';
import { canned } from '../../support/canned.ts';
import { fakeHub, HubFault } from '../../support/fake-hub.ts';
import { recordedCommand } from '../../support/recorded-command.ts';
import { reportOf } from '../../support/reports.ts';
import { cannedExec, cannedHttp, stepContext } from '../../support/step-context.ts';

const RUN = '019a9000-0000-7000-8000-000000000001';
/** What the ids of the context give. */
const MARK = '019a9000-0000-7000-8000-00000000ffff';
const SOURCE = `git+https://src.test/rpms/p.git#${'3'.repeat(40)}`;

const submitted = canned(['fedpkg', 'scratch-build'], recordedCommand('fedpkg/1.70/build-scratch-nowait'));
const TASK = 115;
const refused = (stderr: string, stdout = '') =>
  canned(['fedpkg', 'scratch-build'], { exit: 1, stderr, stdout });
const lost = refused(
  'Could not execute scratch_build: unable to retry call 2 (method build) for session 4243\n',
);

const task = (id: number, options: XmlRpcValue) => ({
  id,
  method: 'build',
  state: 1,
  create_ts: 1,
  request: [SOURCE, 'f44-candidate', options],
});
const marked = (id: number, mark = MARK) =>
  task(id, { scratch: true, custom_user_metadata: { packprobe_run: RUN, packprobe_build: mark } });
const childOf = (id: number, label: string) => ({ id, method: 'buildArch', label, state: 2, create_ts: 1 });

interface World {
  readonly tasks?: readonly XmlRpcValue[];
  readonly children?: readonly XmlRpcValue[];
  /** Of each child that has one, by its id. */
  readonly results?: Readonly<Record<number, XmlRpcValue>>;
  /** Of the task. */
  readonly failure?: string;
}

const BUILT: World = {
  children: [childOf(117, 'noarch'), { id: 116, method: 'buildSRPMFromSCM', state: 2, create_ts: 1 }],
  results: { 117: { rpms: ['tasks/117/117/p-1-1.fc44.noarch.rpm'], logs: [], srpms: [] } },
};

function hub({ tasks = [], children = [], results = {}, failure }: World) {
  return cannedHttp(
    fakeHub((method, params) => {
      const id = Number(params[0]);
      if (method === 'getUser') return { id: 7, name: 'packprobe' };
      if (method === 'listTasks') return tasks;
      if (method === 'getTaskInfo') return { id, method: 'build', state: 2, create_ts: 1 };
      if (method === 'getTaskDescendents') return { [id]: children };
      if (method === 'downloadTaskOutput') return '';
      if (method !== 'getTaskResult') throw new HubFault(1000, `no ${method}`);
      if (failure !== undefined) throw new HubFault(1005, failure);
      const result = results[id];
      if (result === undefined) throw new HubFault(1000, `Task ${id} is not finished`);
      return result;
    }),
  );
}

function ended(fact: string, data: JsonObject = {}) {
  return [reportOf(taskSubject(TASK), 'created'), reportOf(taskSubject(TASK), fact, { at: 60, data })];
}

const run = (ctx: ReturnType<typeof stepContext>, input: { target?: string } = {}) =>
  scratchBuild.run({ dir: 'p', ...input }, ctx);

describe('a scratch build that Koji closes', () => {
  test('is told with what was built, and its task is cancelled afterwards', async () => {
    const exec = cannedExec([submitted]);
    const ctx = stepContext({ dir: '/run', exec, http: hub(BUILT), reports: ended('closed') });
    expect(await run(ctx)).toEqual({ task_id: TASK, rpms: ['p-1-1.fc44.noarch.rpm'] });
    expect(ctx.undos).toEqual([{ uses: 'koji/cancel-task', with: { task_id: TASK } }]);
    expect(ctx.followed).toContainEqual(taskSubject(TASK));
    expect(exec.ran).toMatchObject([{ file: 'fedpkg', cwd: '/run/p' }]);
  });

  test.each([
    ['before any architecture was asked for', { children: [] }],
    ['while an architecture is still at work', { ...BUILT, results: {} }],
    ['without a package', { ...BUILT, results: { 117: { rpms: [], logs: [], srpms: [] } } }],
  ] as const)('%s is koji’s fault', async (_, world) => {
    const http = hub(world);
    const ctx = stepContext({ dir: '/run', exec: cannedExec([submitted]), http, reports: ended('closed') });
    await expect(run(ctx)).rejects.toMatchObject({
      code: 'BUILD_MISSING',
      kind: 'rejected',
      system: 'koji',
      evidence: { task_id: TASK },
    });
  });
});

describe('the command', () => {
  test('carries the run and a mark of this build, and asks for the target where there is one', async () => {
    const exec = cannedExec([submitted]);
    const ctx = stepContext({ dir: '/run', exec, http: hub(BUILT), reports: ended('closed') });
    await run(ctx, { target: 'f44-build-side-1' });
    expect(exec.ran[0]?.args).toEqual([
      ...[
        '--user',
        'packprobe',
        'scratch-build',
        '--nowait',
        '--skip-nvr-check',
        '--target=f44-build-side-1',
      ],
      `--custom-user-metadata={"packprobe_run":"${RUN}","packprobe_build":"${MARK}"}`,
    ]);
  });

  test('is printed by the plan without the mark, which only a run has', () => {
    const { run: facts, env } = stepContext({ dir: '/run' });
    const [words] = scratchBuild.commands?.({ dir: 'p' }, { run: facts, env }) ?? [];
    expect(words?.slice(0, 6)).toEqual([
      ...['fedpkg', '--user', 'packprobe', 'scratch-build', '--nowait', '--skip-nvr-check'],
    ]);
    expect(words?.at(-1)).toContain(RUN);
    expect(words?.at(-1)).not.toContain(MARK);
  });
});

describe('a submission whose answer was lost', () => {
  const ours = marked(TASK);
  const others = [
    marked(120, '019a9000-0000-7000-8000-00000000eeee'),
    task(119, { scratch: true }),
    task(118, {}),
    { ...task(117, {}), request: null },
  ];

  test('is found by its mark, among builds of the same commit', async () => {
    const http = hub({ ...BUILT, tasks: [...others, ours] });
    const ctx = stepContext({ dir: '/run', exec: cannedExec([lost]), http, reports: ended('closed') });
    expect(await run(ctx)).toMatchObject({ task_id: TASK });
  });

  test('is found by a second attempt without submitting again, by the mark of the first', async () => {
    const kept = '019a9000-0000-7000-8000-00000000dddd';
    const exec = cannedExec([]);
    const ctx = stepContext({
      dir: '/run',
      exec,
      http: hub({ ...BUILT, tasks: [...others, marked(TASK, kept)] }),
      reports: ended('closed'),
      effects: { 'koji-task': 'lost' },
      sought: { 'koji-task': kept },
    });
    expect(await run(ctx)).toMatchObject({ task_id: TASK });
    expect(exec.ran).toEqual([]);
  });

  test('that never came is submitted again with the mark of the first attempt', async () => {
    const kept = '019a9000-0000-7000-8000-00000000dddd';
    const exec = cannedExec([submitted]);
    const ctx = stepContext({
      dir: '/run',
      exec,
      http: hub({ ...BUILT, tasks: others }),
      reports: ended('closed'),
      effects: { 'koji-task': 'lost' },
      sought: { 'koji-task': kept },
    });
    await run(ctx);
    expect(exec.ran[0]?.args.at(-1)).toContain(kept);
  });

  test('is not mistaken for a task of somebody else, and stays lost', async () => {
    const http = hub({ ...BUILT, tasks: others });
    const ctx = stepContext({ dir: '/run', exec: cannedExec([lost]), http });
    await expect(run(ctx)).rejects.toMatchObject({ code: 'KOJI_ANSWER_LOST', kind: 'unavailable' });
    expect(ctx.undos).toEqual([]);
  });
});

test('a hub that refuses scratch builds is told in its own words', async () => {
  const stderr = 'Could not execute scratch_build: policy violation (build_from_scm): not allowed\n';
  const ctx = stepContext({ dir: '/run', exec: cannedExec([refused(stderr)]), http: hub({}) });
  await expect(run(ctx)).rejects.toMatchObject({
    code: 'BUILD_REFUSED',
    system: 'koji',
    message: 'koji: policy violation (build_from_scm): not allowed',
  });
});

describe('a scratch build that fails', () => {
  const failing = (failure: string, reports = ended('failed', { failed_child: null })) =>
    run(stepContext({ dir: '/run', exec: cannedExec([submitted]), http: hub({ failure }), reports }));

  test('in its buildroot is koji’s, and the child is named', async () => {
    const text =
      'could not init mock buildroot, mock exited with status 30; see root.log for more information';
    const reports = ended('failed', { failed_child: { id: 117, name: 'buildArch noarch' } });
    await expect(failing(text, reports)).rejects.toMatchObject({
      code: 'BUILD_BROKEN_BY_BUILDER',
      system: 'koji',
      evidence: { task_id: TASK, child: 'buildArch noarch' },
    });
  });

  test('because a tarball was not fetched is the lookaside’s', async () => {
    await expect(failing('error retrieving sources, see root.log')).rejects.toMatchObject({
      code: 'BUILD_SOURCES_NOT_FETCHED',
      system: 'lookaside',
    });
  });

  test('because somebody cancelled it is koji’s', async () => {
    await expect(failing('', ended('canceled'))).rejects.toMatchObject({
      code: 'BUILD_CANCELED',
      system: 'koji',
    });
  });
});
