import { describe, expect, test } from 'vitest';
import createUpdate from '../../../src/steps/bodhi/create-update.ts';
import { canned } from '../../support/canned.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { fakeHub } from '../../support/fake-hub.ts';
import { recordedCommand } from '../../support/recorded-command.ts';
import {
  type CannedCommand,
  cannedExec,
  cannedHttp,
  RELEASE,
  stepContext,
} from '../../support/step-context.ts';

const RUN = '019a9000-0000-7000-8000-000000000001';
const input = { nvr: 'p-1-1.fc44', notes: '', type: 'enhancement' as const };

interface Shown {
  readonly alias: string;
  readonly notes: string;
  readonly status?: string;
}

/** A Bodhi that knows more with each look: the n-th look sees the n-th list, later looks the last. */
function world(lists: readonly (readonly Shown[])[], ...commands: CannedCommand[]) {
  let looks = 0;
  const http = cannedHttp(() => {
    const shown = lists[Math.min(looks, lists.length - 1)] ?? [];
    looks += 1;
    return {
      body: JSON.stringify({ updates: shown.map((row) => ({ status: 'pending', ...row })), pages: 1 }),
    };
  });
  const exec = cannedExec(commands);
  const clock = new FakeClock();
  return { http, exec, clock, ctx: stepContext({ dir: '/run', http, exec, clock, release: RELEASE }) };
}

const ours = { alias: 'FEDORA-2026-0a1b2c3d4e', notes: `run ${RUN},` };
const says = (name: string) => canned(['bodhi', 'updates', 'new'], recordedCommand(`bodhi/26.4.0/${name}`));

test('an update is made, read back, followed and withdrawn afterwards', async () => {
  const { ctx, exec } = world([[], [ours]], says('new-one-build'));
  expect(await createUpdate.run(input, ctx)).toEqual({
    update: ours.alias,
    url: `http://bodhi.test/updates/${ours.alias}`,
  });
  expect(ctx.undos).toEqual([{ uses: 'bodhi/obsolete', with: { update: ours.alias } }]);
  expect(ctx.followed.map(({ kind }) => kind)).toEqual(['update', 'decision']);
  const args = exec.ran[0]?.args ?? [];
  expect(args).toEqual(expect.arrayContaining(['--no-autotime', '--no-autokarma', 'p-1-1.fc44']));
  expect(args[args.indexOf('--notes') + 1]).toMatch(
    new RegExp(`https://example.org/packprobe.*${RUN}.*Karma is not needed`, 's'),
  );
});

test.each([
  ['without a ticket is ours', 'klist/1.20.1/s-no-cache', { code: 'KERBEROS_TICKET_EXPIRED', system: 'own' }],
  ['with a ticket that has expired is ours', 'klist/1.20.1/s-expired-20m', { kind: 'prober', system: 'own' }],
])('a login that is refused %s', async (_, klist, fault) => {
  const { ctx } = world([[]], says('spnego-no-ticket'), canned(['klist', '-s'], recordedCommand(klist)));
  await expect(createUpdate.run(input, ctx)).rejects.toMatchObject(fault);
});

test('an update that the run has made already is not made again', async () => {
  const { ctx, exec } = world([[ours]]);
  expect(await createUpdate.run(input, ctx)).toMatchObject({ update: ours.alias });
  expect(exec.ran).toEqual([]);
});

test('somebody else’s update of the same build is not taken for ours', async () => {
  const { ctx } = world([[{ alias: 'FEDORA-2026-other', notes: 'x' }]], says('new-refused-tag'));
  await expect(createUpdate.run(input, ctx)).rejects.toMatchObject({ code: 'BUILD_NOT_ACCEPTED' });
});

describe('exit 0 is not believed', () => {
  test('a refusal is read from the raw body', async () => {
    const { ctx } = world([[]], says('new-refused-tag'));
    await expect(createUpdate.run(input, ctx)).rejects.toMatchObject({
      code: 'BUILD_NOT_ACCEPTED',
      kind: 'rejected',
      system: 'bodhi',
    });
    expect(ctx.undos).toEqual([]);
  });

  test('an update that is there in spite of an error is ours', async () => {
    const refused = canned(['bodhi'], { exit: 0, stderr: '<html><h1>504 Gateway Time-out</h1></html>' });
    expect(await createUpdate.run(input, world([[], [ours]], refused).ctx)).toMatchObject({
      update: ours.alias,
    });
  });

  test('after a gateway time-out the update is looked for again while the work may go on', async () => {
    const refused = canned(['bodhi'], { exit: 0, stderr: '<html><h1>504 Gateway Time-out</h1></html>' });
    const { ctx, clock } = world([[], [], [], [ours]], refused);
    const made = createUpdate.run(input, ctx);
    await clock.advance(60_000);
    expect(await made).toMatchObject({ update: ours.alias });
  });

  test('an update that the command names and Bodhi does not know is lost by Bodhi', async () => {
    const { ctx, clock } = world([[]], says('new-one-build'));
    const made = createUpdate.run(input, ctx).catch((fault: unknown) => fault);
    await clock.advance(120_000);
    expect(await made).toMatchObject({ code: 'UPDATE_LOST', system: 'bodhi' });
    // It may be there all the same: it is taken back by the name that Bodhi gave it.
    expect(ctx.undos).toEqual([{ uses: 'bodhi/obsolete', with: { update: 'FEDORA-2026-0a1b2c3d4e' } }]);
  });

  test('an update of another name is not the one that was asked for', async () => {
    const another = { alias: 'FEDORA-2026-ffffffffff', notes: 'x' };
    const { ctx, clock } = world([[], [another]], says('new-one-build'));
    const made = createUpdate.run(input, ctx).catch((fault: unknown) => fault);
    await clock.advance(120_000);
    expect(await made).toMatchObject({ code: 'UPDATE_LOST', system: 'bodhi' });
  });
});

test('a lost intent is found by the notes', async () => {
  const { http } = world([[ours]]);
  const ctx = stepContext({ dir: '/run', http, effects: { update: 'lost' }, release: RELEASE });
  expect(await createUpdate.run(input, ctx)).toMatchObject({ update: ours.alias });
});

test('several builds make one update', async () => {
  const { ctx, exec } = world([[], [ours]], says('new-one-build'));
  await createUpdate.run({ ...input, builds: ['a-1-1', 'b-1-1'] }, ctx);
  expect(exec.ran[0]?.args.at(-1)).toBe('a-1-1,b-1-1');
});

describe('a build that Bodhi takes for untagged', () => {
  const nvr = 'dummy-test-package-crested-1.0-2.fc44';
  const refused = (tags: readonly string[]) => {
    const hub = fakeHub((method) => {
      if (method === 'getBuild') return { build_id: 7, nvr, state: 1 };
      const rows = tags.map((tag) => ({ 'tag.name': tag, create_event: 1, create_ts: 2, creator_name: 'x' }));
      return { tag_listing: rows };
    });
    const http = cannedHttp((request) =>
      request.url.startsWith('http://koji.test') ? hub(request) : { body: '{"updates": [], "pages": 1}' },
    );
    const exec = cannedExec([says('new-refused-tag')]);
    const ctx = stepContext({ dir: '/run', http, exec, release: RELEASE });
    return createUpdate.run({ ...input, nvr }, ctx);
  };

  test('is Koji’s fault where Koji shows no candidate tag', async () => {
    await expect(refused(['f44-override'])).rejects.toMatchObject({
      code: 'BUILD_NOT_ACCEPTED',
      system: 'koji',
      evidence: { koji_tags: { [nvr]: ['f44-override'] } },
    });
  });

  test('is Bodhi’s where Koji shows it', async () => {
    await expect(refused([RELEASE.candidate_tag])).rejects.toMatchObject({
      code: 'BUILD_NOT_ACCEPTED',
      system: 'bodhi',
    });
  });
});
