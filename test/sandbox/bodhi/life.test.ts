import { describe, expect, test } from 'vitest';
import { type Browser, loggedIn } from './browser.ts';
import { EPOCH, type House, openHouse } from './house.ts';

const CANDIDATE = 'f43-updates-candidate';

async function create(house: House, me: Browser, nvr: string, more: Record<string, string> = {}) {
  if (house.koji.build(nvr) === undefined) house.koji.add(nvr, { tags: [CANDIDATE] });
  const { status, body } = await me.post('/updates/', {
    builds: nvr,
    type: 'bugfix',
    notes: `notes ${nvr}`,
    ...more,
  });
  expect(status).toBe(200);
  return String(body.alias);
}

async function read(me: Browser, alias: string) {
  return (await me.get(`/updates/${alias}`)).body.update;
}

/** Until the next night's push has begun; with its delay it is through after a further quarter of a day. */
async function night(house: House): Promise<void> {
  await house.clock.jump(86_400_000 - (house.clock.now() % 86_400_000) + 13 * 60_000);
  await house.clock.advance(61_000);
  const ended = () => house.topics().filter((topic) => topic === 'bodhi.compose.complete').length;
  const before = ended();
  while (ended() === before) await house.clock.advance(60_000);
}

describe('an update', () => {
  test('is announced before it is requested, and its build is tagged by bodhi', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    await create(house, me, 'a-1-1.fc43');
    expect(house.kit.archive.map(({ topic }) => topic.split('.').slice(3).join('.'))).toEqual([
      'bodhi.update.status.testing.koji-build-group.build.complete',
      'buildsys.tag',
      'bodhi.update.request.testing',
    ]);
    expect(house.kit.archive[1]?.body).toMatchObject({ user: 'bodhi', tag: 'f43-signing-pending' });
    expect(house.koji.tagsOf('a-1-1.fc43')).toEqual([CANDIDATE, 'f43-signing-pending']);
  });

  test('leaves the truth of when it was asked for, made, announced and let through', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    await create(house, me, 'a-1-1.fc43');
    expect(house.kit.truthOf('a-1-1.fc43')).toEqual({
      update_asked: EPOCH,
      update: EPOCH,
      announced: EPOCH,
      gate: EPOCH,
    });
  });

  test('has whole seconds only, cut off and not rounded', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    await house.clock.jump(700);
    const update = await read(me, await create(house, me, 'a-1-1.fc43'));
    expect(update.date_submitted).toBe('2026-11-21 11:18:57');
    expect(house.kit.truthOf('a-1-1.fc43').update).toBe(EPOCH + 700);
  });

  test('holds something while it is pending or testing, by the run in its own notes', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const old = await create(house, me, 'a-1-1.fc43', { notes: 'packprobe run 11' });
    expect(await house.kit.holdingsOf('11')).toEqual([
      { system: 'bodhi', kind: 'update', id: old, state: 'pending' },
    ]);
    await create(house, me, 'a-1-2.fc43', { notes: 'packprobe run 22' });
    expect(await house.kit.holdingsOf('11')).toEqual([]);
    expect(await house.kit.holdingsOf('22')).toHaveLength(1);
  });

  test('that is obsoleted loses its tags but the one of signing', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const alias = await create(house, me, 'a-1-1.fc43');
    await me.post(`/updates/${alias}/request`, { request: 'obsolete' });
    expect(house.koji.tagsOf('a-1-1.fc43')).toEqual(['f43-signing-pending']);
    expect(await read(me, alias)).toMatchObject({ status: 'obsolete', request: null, pushed: false });
  });

  test('that was obsoleted and is requested again is sent to signing again', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const alias = await create(house, me, 'a-1-1.fc43');
    await me.post(`/updates/${alias}/request`, { request: 'obsolete' });
    const before = house.kit.archive.length;
    await me.post(`/updates/${alias}/request`, { request: 'testing' });
    const tagged = house.kit.archive.slice(before).filter(({ topic }) => topic.endsWith('.buildsys.tag'));
    expect(tagged.map(({ body }) => body['tag'])).toEqual(['f43-signing-pending', CANDIDATE]);
    expect(await read(me, alias)).toMatchObject({ status: 'pending', request: 'testing' });
  });

  test('that is revoked keeps its candidate tag and can be made afresh with the same build', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const alias = await create(house, me, 'a-1-1.fc43');
    await me.post(`/updates/${alias}/request`, { request: 'revoke' });
    expect(house.koji.tagsOf('a-1-1.fc43')).toEqual([CANDIDATE]);
    expect(await read(me, alias)).toMatchObject({ status: 'unpushed', request: null });
    const again = await create(house, me, 'a-1-1.fc43');
    expect(again).not.toBe(alias);
    expect(await read(me, alias)).toMatchObject({ builds: [], title: alias, content_type: null });
    const { body } = await me.post(`/updates/${alias}/request`, { request: 'testing' });
    expect(body.errors[0].description).toBe('ACL validation mechanism was unable to determine ACLs.');
  });

  test('that is unpushed goes back from the testing tag to the candidate tag', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const alias = await create(house, me, 'a-1-1.fc43');
    const early = await me.post(`/updates/${alias}/request`, { request: 'unpush' });
    expect(early.body.errors[0].description).toBe("Can't unpush a pending update");
    await house.sign('a-1-1.fc43');
    await night(house);
    expect(house.koji.tagsOf('a-1-1.fc43')).toEqual(['f43-updates-testing']);
    await me.login();
    await me.csrf();
    await me.post(`/updates/${alias}/request`, { request: 'unpush' });
    expect(house.koji.tagsOf('a-1-1.fc43')).toEqual([CANDIDATE]);
    expect(await read(me, alias)).toMatchObject({ status: 'unpushed' });
    expect(house.topics().slice(-2)).toEqual(['bodhi.update.comment', 'bodhi.update.request.unpush']);
  });

  test('takes the place of an older one of the same package, with its bugs and notes and without a message', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const old = await create(house, me, 'a-1-9.fc43', { bugs: '12' });
    const before = house.topics().length;
    const newer = await create(house, me, 'a-1-10.fc43');
    expect(await read(me, old)).toMatchObject({ status: 'obsolete' });
    const update = await read(me, newer);
    expect(update.notes).toBe('notes a-1-10.fc43\n\n----\n\nnotes a-1-9.fc43');
    expect(update.bugs.map((bug: { bug_id: number }) => bug.bug_id)).toEqual([12]);
    expect(house.topics()).toHaveLength(before + 2);
  });

  test('of one who may not commit to the package is refused', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: [CANDIDATE] });
    const other = await loggedIn(house.bodhi, house.kit.world.users[1]);
    const { status } = await other.post('/updates/', { builds: 'a-1-1.fc43', type: 'bugfix', notes: 'text' });
    expect(status).toBe(403);
  });

  test('from a side tag is sent to signing without a request, which comes with the last signature', async () => {
    await using house = await openHouse();
    for (const nvr of ['a-1-1.fc43', 'b-1-1.fc43']) house.koji.add(nvr, { tags: ['f43-build-side-7'] });
    const me = await loggedIn(house.bodhi);
    const made = await me.post('/updates/', { from_tag: 'f43-build-side-7', type: 'bugfix', notes: 'text' });
    expect(made.body).toMatchObject({
      request: null,
      test_gating_status: 'waiting',
      title: 'a-1-1.fc43 b-1-1.fc43',
    });
    await house.sign('a-1-1.fc43');
    expect((await read(me, made.body.alias)).request).toBeNull();
    await house.sign('b-1-1.fc43');
    expect(await read(me, made.body.alias)).toMatchObject({
      request: 'testing',
      test_gating_status: 'ignored',
    });
  });
});

describe('the nightly push', () => {
  test('begins at 00:14 and moves signed updates only', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const signed = await create(house, me, 'a-1-1.fc43');
    const waiting = await create(house, me, 'b-1-1.fc43');
    await house.sign('a-1-1.fc43');
    await house.clock.jump(86_400_000 - (house.clock.now() % 86_400_000) + 13 * 60_000);
    expect((await me.get('/composes/')).body.composes).toEqual([]);
    await house.clock.advance(61_000);
    expect((await me.get('/composes/F43/testing')).body.compose.update_summary).toEqual([
      { alias: signed, title: 'a-1-1.fc43' },
    ]);
    expect(await read(me, signed)).toMatchObject({ locked: true, status: 'pending' });
    expect(house.koji.tagsOf('a-1-1.fc43')).toEqual(['f43-updates-testing']);
    while ((await me.get('/composes/')).body.composes.length > 0) await house.clock.advance(600_000);
    expect(await read(me, signed)).toMatchObject({ locked: false, status: 'testing', request: null });
    expect(await read(me, waiting)).toMatchObject({ status: 'pending', request: 'testing' });
  });

  test('marks a build as signed that is no longer waiting for its signature', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const alias = await create(house, me, 'a-1-1.fc43');
    house.koji.untag('a-1-1.fc43', 'f43-signing-pending', 'autopen');
    await night(house);
    expect(await read(me, alias)).toMatchObject({ status: 'testing', builds: [{ signed: true }] });
  });
});

describe('lost signing', () => {
  test('is tried again at 02:33 when the update is older than two days', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    await create(house, me, 'a-1-1.fc43');
    const asked = () =>
      house.kit.archive.filter(
        ({ topic, body }) => topic.endsWith('.buildsys.tag') && body['tag'] === 'f43-signing-pending',
      ).length;
    await house.clock.jump(86_400_000 * 2 - (house.clock.now() % 86_400_000));
    await house.clock.advance(3 * 3_600_000);
    expect(asked()).toBe(1);
    await house.clock.jump(86_400_000 - 3 * 3_600_000);
    await house.clock.advance((2 * 60 + 32) * 60_000);
    expect(asked()).toBe(1);
    await house.clock.advance(60_000);
    expect(asked()).toBe(2);
  });
});

test('an edit that asks for less than the critical path wants gets what it wants', async () => {
  await using house = await openHouse();
  const me = await loggedIn(house.bodhi);
  const alias = await create(house, me, 'critpkg-1-1.fc43');
  const { body } = await me.post('/updates/', {
    builds: 'critpkg-1-1.fc43',
    type: 'bugfix',
    notes: 'notes',
    stable_karma: '1',
    edited: alias,
  });
  expect(body).toMatchObject({ critpath: true, stable_karma: 2, stable_days: 14 });
  const names = body.caveats.map(({ name }: { name: string }) => name);
  expect(names).toEqual(['stable days', 'stable karma', 'builds']);
});
