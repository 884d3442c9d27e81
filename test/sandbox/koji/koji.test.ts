import { expect, test } from 'vitest';
import { heldClock } from '../../../src/sandbox/kit/clock.ts';
import { type Rpc, read } from './client.ts';
import { commitOf, hubWith, STARTS, specOf, until } from './hub.ts';

const PKG = 'dummy-test-package-gloster';
const COMMIT = '1'.repeat(40);
const OTHER = '2'.repeat(40);
const SOURCE = `git+http://127.0.0.1:1/rpms/${PKG}.git#${COMMIT}`;
const NVR = `${PKG}-1.0-1.fc44`;

type Row = Record<string, Rpc>;
type Open = Awaited<ReturnType<typeof hubWith>>;

async function ended(hub: Open, id: Rpc): Promise<Row> {
  return until(async () => {
    const info = (await hub.call('getTaskInfo', [id])) as Row;
    return [2, 3, 5].includes(Number(info['state'])) ? info : undefined;
  });
}

async function start(hub: Open, source = SOURCE, opts: Row = {}, target = 'f44-candidate') {
  const session = await hub.login('packprobe', 'sandbox');
  return { session, id: await hub.call('build', [source, target, opts], session) };
}

const DAY_MS = 86_400_000;

const good = commitOf(PKG, COMMIT, specOf(PKG));

test('a build runs from the queue to its candidate tag within ten minutes', async () => {
  // A timer of the host may be late by milliseconds, each of which is half a second here.
  await using hub = await hubWith({ files: good, speed: 500 });
  const { id } = await start(hub);
  const info = await ended(hub, id);
  expect(info['state']).toBe(2);
  const took = Number(info['completion_ts']) - Number(info['create_ts']);
  expect(took).toBeGreaterThan(240);
  expect(took).toBeLessThan(600);
  expect(hub.port.build(NVR)).toMatchObject({ state: 1, tags: ['f44-updates-candidate'], task_id: id });
  const tree = (await hub.call('getTaskDescendents', [id])) as Record<string, Row[]>;
  expect(tree[String(id)]?.map(({ method, label }) => `${method} ${label}`)).toEqual([
    'buildSRPMFromSCM srpm',
    'buildArch x86_64',
    'buildArch aarch64',
    'tagBuild tag',
  ]);
  expect(hub.troubles).toEqual([]);
});

test('the truth of a build has exactly the stamps of the API', async () => {
  await using hub = await hubWith({ files: good });
  const { id } = await start(hub);
  await ended(hub, id);
  const build = (await hub.call('getBuild', [NVR])) as Row;
  const history = (await hub.call('queryHistory', [
    { tables: ['tag_listing'], build: NVR, __starstar: true },
  ])) as Record<string, Row[]>;
  expect(hub.kit.truthOf(NVR)).toEqual({
    build: Number(build['completion_ts']) * 1000,
    candidate_tag: Number(history['tag_listing']?.[0]?.['create_ts']) * 1000,
  });
});

test('the build entry is there only after the source package, and complete before it is tagged', async () => {
  await using hub = await hubWith({ files: good, speed: 1500 });
  const { id } = await start(hub);
  expect(await hub.call('getBuild', [NVR])).toBeNull();
  await ended(hub, id);
  const children = (await hub.call('getTaskChildren', [id])) as Row[];
  const build = (await hub.call('getBuild', [NVR])) as Row;
  expect(build['creation_ts']).toBeGreaterThan(Number(children[0]?.['completion_ts']));
  expect(build['completion_ts']).toBeLessThan(Number(children.at(-1)?.['create_ts']));
});

test('an NVR that is used up is refused after its source package', async () => {
  await using hub = await hubWith({ files: good });
  const { id, session } = await start(hub);
  await ended(hub, id);
  const again = await hub.call('build', [SOURCE, 'f44-candidate', {}], session);
  expect(await ended(hub, again)).toMatchObject({ state: 5 });
  await expect(hub.call('getTaskResult', [again])).rejects.toThrow(
    /^Build already exists \(id=1, state=COMPLETE\): /,
  );
});

test('a failed build is recycled: same build id, new task', async () => {
  const files = {
    ...commitOf(PKG, COMMIT, specOf(PKG).replace('\ntrue\n', '\nexit 3\n')),
    ...commitOf(PKG, OTHER, specOf(PKG)),
  };
  await using hub = await hubWith({ files });
  const { id, session } = await start(hub);
  await ended(hub, id);
  const failed = (await hub.call('getBuild', [NVR])) as Row;
  expect(failed).toMatchObject({ state: 3, task_id: id });
  const again = await hub.call('build', [SOURCE.replace(COMMIT, OTHER), 'f44-candidate', {}], session);
  await ended(hub, again);
  expect(await hub.call('getBuild', [NVR])).toMatchObject({ id: failed['id'], state: 1, task_id: again });
});

test.each([
  {
    title: 'a %build that fails',
    spec: specOf(PKG).replace('\ntrue\n', '\nfalse\n'),
    fault:
      /^error building package \(arch \w+\), mock exited with status 10; see build.log for more information$/,
    log: /error: Bad exit status from \S+ \(%build\)/,
  },
  {
    title: 'a spec without a version',
    spec: specOf(PKG).replace(/^Version.*$/m, ''),
    fault: /^error building srpm, mock exited with status 1; see build.log or root.log for more information$/,
    log: /error: Version field must be present in package/,
  },
  {
    title: 'a spec with an unknown tag',
    spec: specOf(PKG, { more: 'Wrong: yes' }),
    fault: /^error building srpm, mock exited with status 1; see build.log or root.log for more information$/,
    log: /error: line 7: Unknown tag: Wrong: yes/,
  },
  {
    title: 'a source that nobody has',
    spec: specOf(PKG, { more: 'Source1: more.tar.gz' }),
    fault: /^error building srpm, mock exited with status 1; see build.log or root.log for more information$/,
    log: /Bad source: \S+more\.tar\.gz: No such file or directory/,
  },
])("$title fails with the builder's words and rpmbuild's log", async ({ spec, fault, log }) => {
  await using hub = await hubWith({ files: commitOf(PKG, COMMIT, spec) });
  const { id } = await start(hub);
  expect(await ended(hub, id)).toMatchObject({ state: 5 });
  await expect(hub.call('getTaskResult', [id])).rejects.toThrow(fault);
  const children = (await hub.call('getTaskChildren', [id])) as Row[];
  const child = children.find(({ state }) => state === 5);
  const text = String(await hub.call('downloadTaskOutput', [child?.['id'] ?? null, 'build.log']));
  expect(Buffer.from(text, 'base64').toString()).toMatch(log);
  const file = await fetch(`${hub.url}/kojifiles/work/tasks/${child?.['id']}/${child?.['id']}/build.log`);
  expect(await file.text()).toMatch(log);
});

test.each([
  {
    title: 'a repository that is not there',
    source: 'git+http://127.0.0.1:1/rpms/nope.git#abc',
    fault:
      /^Error running GIT command "git clone -n http:\/\/127.0.0.1:1\/rpms\/nope.git \S+", see checkout.log/,
  },
  {
    title: 'a commit that is not there',
    source: SOURCE.replace(COMMIT, '9'.repeat(40)),
    fault: /^Error running GIT command "git reset --hard 9{40}", see checkout.log for details$/,
  },
  {
    title: 'an address outside of dist-git',
    source: `git+http://127.0.0.1:1/forks/me/rpms/${PKG}.git#${COMMIT}`,
    fault: /^SCM: 127.0.0.1:1:\/forks\/me\/rpms\/\S+ not allowed$/,
  },
  { title: 'an unknown target', source: SOURCE, target: 'f99', fault: /^unknown build target: f99$/ },
])('$title fails the build', async ({ source, fault, target = 'f44-candidate' }) => {
  await using hub = await hubWith({ files: good });
  const { id } = await start(hub, source, {}, target);
  await ended(hub, id);
  await expect(hub.call('getTaskResult', [id])).rejects.toThrow(fault);
});

test('a commit on no branch is against policy, but not for a scratch build', async () => {
  await using hub = await hubWith({ files: good, offBranch: [COMMIT] });
  const real = await start(hub);
  await ended(hub, real.id);
  await expect(hub.call('getTaskResult', [real.id])).rejects.toMatchObject({
    code: 1004,
    message: 'policy violation (scm): Commit must be present on some branch',
  });
  const scratch = await start(hub, SOURCE, { scratch: true });
  expect(await ended(hub, scratch.id)).toMatchObject({ state: 2 });
  expect(await hub.call('getBuild', [NVR])).toBeNull();
});

test('sources that the lookaside cache lacks fail the source package', async () => {
  await using hub = await hubWith({ files: good, inLookaside: false });
  const { id } = await start(hub);
  await ended(hub, id);
  await expect(hub.call('getTaskResult', [id])).rejects.toThrow(/^error retrieving sources, mock exited/);
});

test('cancelling takes children and build along, and only the owner may', async () => {
  await using hub = await hubWith({ files: good, speed: 1500 });
  const { id, session } = await start(hub);
  await until(async () => (await hub.call('getBuild', [NVR])) ?? undefined);
  const other = await hub.login('bodhi', 'sandbox');
  await expect(hub.call('cancelTask', [id], other)).rejects.toThrow('Cannot cancel task, not owner');
  expect(await hub.call('cancelTask', [id], session)).toBeNull();
  const tree = (await hub.call('getTaskChildren', [id])) as Row[];
  expect(tree.map(({ state }) => state)).toEqual([2, 3, 3]);
  expect(await hub.call('getBuild', [NVR])).toMatchObject({ state: 4 });
});

test('a builder that is made to fail says what the rule says', async () => {
  await using hub = await hubWith({ files: good });
  const fail = 'could not init mock buildroot, mock exited with status 30; see root.log for more information';
  hub.kit.faults.set('disk', {
    name: 'disk',
    hooks: {
      rule: (point, subject) =>
        point === 'koji.build-arch' && subject === `${NVR}.aarch64` ? { fail, log: 'no space' } : undefined,
    },
  });
  const { id } = await start(hub);
  await ended(hub, id);
  await expect(hub.call('getTaskResult', [id])).rejects.toMatchObject({ code: 1012, message: fail });
});

test('a rule has somebody cancel the whole build, or gets it into another tag', async () => {
  await using hub = await hubWith({ files: good });
  const bend = (at: string, answer: object) =>
    hub.kit.faults.set('bent', {
      name: 'bent',
      hooks: { rule: (point) => (point === at ? answer : undefined) },
    });
  bend('koji.build-arch', { cancel: true });
  const canceled = await start(hub);
  await ended(hub, canceled.id);
  expect(await hub.call('getTaskInfo', [canceled.id])).toMatchObject({ state: 3 });
  expect(await hub.call('getBuild', [NVR])).toMatchObject({ state: 4 });

  bend('koji.tag', { into: 'f44-override' });
  await ended(hub, (await start(hub)).id);
  expect(await hub.call('listTags', [NVR])).toMatchObject([{ name: 'f44-override' }]);
});

test('an open task of a run is held until it ends', async () => {
  await using hub = await hubWith({ files: good, speed: 1500 });
  const { id, session } = await start(hub);
  expect(await hub.kit.holdingsOf('run 1111')).toMatchObject([
    { system: 'koji', kind: 'koji-task', id: String(id) },
  ]);
  expect(await hub.kit.holdingsOf('run 2222')).toEqual([]);
  await hub.call('cancelTask', [id], session);
  expect(await hub.kit.holdingsOf('run 1111')).toEqual([]);
});

test('a scratch build of a run is held until it ends, by what its options say', async () => {
  await using hub = await hubWith({ files: good, speed: 1500 });
  const opts = { scratch: true, custom_user_metadata: { packprobe_run: 'run 3333' } };
  const { id, session } = await start(hub, SOURCE, opts);
  expect(await hub.kit.holdingsOf('run 3333')).toMatchObject([{ kind: 'koji-task', id: String(id) }]);
  const [info] = (await hub.call('listTasks', [{ method: 'build', decode: true }])) as Row[];
  expect(info?.['request']).toEqual([SOURCE, 'f44-candidate', opts]);
  await hub.call('cancelTask', [id], session);
  expect(await hub.kit.holdingsOf('run 3333')).toEqual([]);
});

test('a scratch build makes packages, and neither a build nor a tag', async () => {
  await using hub = await hubWith({ files: good });
  const { id } = await start(hub, SOURCE, { scratch: true });
  expect(await ended(hub, id)).toMatchObject({ state: 2 });
  const tree = (await hub.call('getTaskDescendents', [id])) as Record<string, Row[]>;
  const children = tree[String(id)] ?? [];
  expect(children.map(({ method, label }) => `${method} ${label}`)).toEqual([
    'buildSRPMFromSCM srpm',
    'buildArch x86_64',
    'buildArch aarch64',
  ]);
  const result = (await hub.call('getTaskResult', [children[1]?.['id'] ?? null])) as Row;
  expect(result['rpms']).toEqual([expect.stringMatching(new RegExp(`/${NVR}\\.x86_64\\.rpm$`))]);
  expect(await hub.call('getBuild', [NVR])).toBeNull();
  expect(await hub.call('listBuilds', [{ taskID: id, __starstar: true }])).toEqual([]);
});

test('the bus hears of the states of builds, of tags and of the tasks of scratch builds only', async () => {
  await using hub = await hubWith({ files: good });
  const real = await start(hub);
  await ended(hub, real.id);
  await ended(hub, (await start(hub, SOURCE, { scratch: true })).id);
  const heard = hub.kit.archive.map(({ topic, body }) => [
    topic.replace('org.fedoraproject.sandbox.', ''),
    body['new'] ?? body['tag'],
  ]);
  expect(heard).toEqual([
    ['buildsys.build.state.change', 0],
    ['buildsys.build.state.change', 1],
    ['buildsys.tag', 'f44-updates-candidate'],
    ...['FREE', 'ASSIGNED', 'OPEN', 'CLOSED'].map((state) => ['buildsys.task.state.change', state]),
  ]);
});

test('a change of what a build tag inherits makes a new repo of it', async () => {
  await using hub = await hubWith({ files: good });
  const { id } = await start(hub);
  await ended(hub, id);
  const old = (await hub.call('repo.get', ['f44-build'])) as Row;
  hub.port.tag(NVR, 'f44', 'bodhi');
  const event = await hub.call('tagLastChangeEvent', ['f44-build']);
  const repo = (await until(
    async () =>
      (await hub.call('repo.get', ['f44-build', { min_event: event, __starstar: true }])) ?? undefined,
  )) as Row;
  expect(repo['id']).not.toBe(old['id']);
  const listed = await hub.call('listTagged', [
    'f44-build',
    { event: repo['create_event'] ?? null, package: PKG, inherit: true, __starstar: true },
  ]);
  expect(listed).toMatchObject([{ nvr: NVR, tag_name: 'f44' }]);
});

test('an uploaded source package is built as scratch, and refused as a real build', async () => {
  await using hub = await hubWith();
  const session = await hub.login('packprobe', 'sandbox');
  const file = `${PKG}-1.0-7.fc44.src.rpm`;
  const path = `/kojihub?filename=${file}&filepath=cli-build%2F1.abcdefgh&fileverify=adler32&offset=0&overwrite=1`;
  const { text } = await hub.send(Buffer.from('abc'), {
    path,
    headers: {
      'content-type': 'application/octet-stream',
      'koji-session-id': String(session.id),
      'koji-session-key': session.key,
    },
  });
  expect(read(text)).toEqual({ size: 3, fileverify: 'adler32', offset: 0, hexdigest: '024d0127' });
  expect(await hub.call('checkUpload', ['cli-build/1.abcdefgh', file])).toMatchObject({ size: 3 });
  const source = `cli-build/1.abcdefgh/${file}`;
  const scratch = await hub.call('build', [source, 'f44-candidate', { scratch: true }], session);
  expect(await ended(hub, scratch)).toMatchObject({ state: 2 });
  const real = await hub.call('build', [source, 'f44-candidate', {}], session);
  await ended(hub, real);
  await expect(hub.call('getTaskResult', [real])).rejects.toMatchObject({
    code: 1004,
    message: 'policy violation (build_from_srpm)',
  });
});

test('a session that is a day old must be renewed, and keeps its id then', async () => {
  const clock = heldClock({ epoch: STARTS, speed: 1 });
  await using hub = await hubWith({ clock });
  const session = await hub.login('packprobe', 'sandbox');
  await clock.runTo(STARTS + DAY_MS - 1000);
  await hub.call('getAPIVersion', [], session);
  await clock.runTo(STARTS + 2 * DAY_MS);
  await expect(hub.call('getAPIVersion', [], session)).rejects.toMatchObject({
    code: 1007,
    message: `session "${session.id}" has expired`,
  });
  const renewed = await hub.call(
    'login',
    ['packprobe', 'sandbox', { renew: true, __starstar: true }],
    session,
  );
  expect(renewed).toMatchObject({ 'session-id': session.id });
  expect(renewed).not.toMatchObject({ 'session-key': session.key });
});
