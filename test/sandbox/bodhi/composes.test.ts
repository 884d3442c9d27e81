import { describe, expect, test } from 'vitest';
import { fault } from '../../../src/sandbox/faults/bodhi/compose-fails.ts';
import { type Browser, loggedIn } from './browser.ts';
import { type House, openHouse } from './house.ts';

const CANDIDATE = 'f43-updates-candidate';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function create(me: Browser, fields: Record<string, string>): Promise<string> {
  const { status, body } = await me.post('/updates/', { type: 'bugfix', notes: 'notes', ...fields });
  expect(status).toBe(200);
  return String(body.alias);
}

/** Until the push of the next night has begun. */
async function untilPush(house: House): Promise<void> {
  await house.clock.jump(DAY_MS - (house.clock.now() % DAY_MS) + 13 * 60_000);
  await house.clock.advance(61_000);
}

const compose = async (me: Browser, request: string) =>
  (await me.get(`/composes/F43/${request}`)).body.compose;

describe('a compose', () => {
  test('initializes for two minutes, then makes repositories, and is gone when it is through', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    house.koji.add('a-1-1.fc43', { tags: [CANDIDATE] });
    const alias = await create(me, { builds: 'a-1-1.fc43' });
    await house.sign('a-1-1.fc43');
    await untilPush(house);
    expect(await compose(me, 'testing')).toMatchObject({
      state: 'initializing',
      error_message: null,
      update_summary: [{ alias, title: 'a-1-1.fc43' }],
    });
    await house.clock.advance(120_000);
    const running = await compose(me, 'testing');
    expect(running.state).toBe('punging');
    expect(running.state_date > running.date_created).toBe(true);
    while (house.topics().at(-1) !== 'bodhi.compose.complete') await house.clock.advance(60_000);
    expect((await me.get('/composes/')).body).toEqual({ composes: [] });
  });

  test('that fails keeps its updates locked in their new tag, and the nights behind it idle, until it is resumed', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    for (const nvr of ['a-1-1.fc43', 'b-1-1.fc43']) house.koji.add(nvr, { tags: [CANDIDATE] });
    const alias = await create(me, { builds: 'a-1-1.fc43' });
    await house.sign('a-1-1.fc43');
    const hooks = typeof fault.hooks === 'function' ? fault.hooks(house.kit) : fault.hooks;
    house.kit.faults.set('broken', { name: 'broken', hooks });
    await untilPush(house);
    while (house.topics().at(-1) !== 'bodhi.compose.complete') await house.clock.advance(60_000);
    expect(house.kit.archive.at(-1)?.body).toMatchObject({ success: false, repo: 'f43-updates-testing' });
    expect(await compose(me, 'testing')).toMatchObject({
      state: 'failed',
      error_message: 'No space left on device',
    });
    expect((await me.get(`/updates/${alias}`)).body.update).toMatchObject({
      status: 'pending',
      request: 'testing',
      locked: true,
    });
    expect(house.koji.tagsOf('a-1-1.fc43')).toContain('f43-updates-testing');

    // Sessions end in such a night.
    const later = await loggedIn(house.bodhi);
    const other = await create(later, { builds: 'b-1-1.fc43' });
    await house.sign('b-1-1.fc43');
    await untilPush(house);
    expect((await me.get(`/updates/${other}`)).body.update.locked).toBe(false);

    house.kit.faults.clear();
    await house.clock.advance(HOUR_MS);
    expect((await me.get(`/updates/${alias}`)).body.update).toMatchObject({
      status: 'testing',
      locked: false,
    });
    expect((await me.get('/composes/')).body).toEqual({ composes: [] });
    expect(house.troubles).toEqual([]);
  });

  test('to stable takes the side tag of its update away', async () => {
    await using house = await openHouse();
    const { koji } = house;
    const me = await loggedIn(house.bodhi);
    koji.addSideTag('f43-build-side-7', 'packager1');
    koji.add('a-1-1.fc43', { tags: ['f43-build-side-7'] });
    const alias = await create(me, { from_tag: 'f43-build-side-7' });
    await house.sign('a-1-1.fc43');
    await untilPush(house);
    while (house.topics().at(-1) !== 'bodhi.compose.complete') await house.clock.advance(60_000);
    await house.clock.jump(7 * DAY_MS);
    expect(koji.sideTags()).toHaveLength(1);
    await house.clock.advance(180_000);
    await untilPush(house);
    while (house.topics().at(-1) !== 'bodhi.compose.complete') await house.clock.advance(60_000);
    expect((await me.get(`/updates/${alias}`)).body.update.status).toBe('stable');
    expect(koji.sideTags()).toEqual([]);
  });
});
