import { describe, expect, test } from 'vitest';
import type { SandboxFault } from '../../../src/sandbox/kit/kit.ts';
import { loggedIn } from './browser.ts';
import { type House, openHouse } from './house.ts';

const CANDIDATE = 'f45-updates-candidate';
const TEST = 'fedora-ci.koji-build.tier0.functional';

async function build(house: House, nvr: string): Promise<void> {
  house.koji.add(nvr);
  house.koji.tag(nvr, CANDIDATE, 'packager1');
  await house.settle();
}

async function find(house: House, nvr: string) {
  const answer = await fetch(`${house.bodhi.url}/updates/?builds=${nvr}`);
  // biome-ignore lint/suspicious/noExplicitAny: the wire is looked into freely.
  return ((await answer.json()) as any).updates[0];
}

function fault(house: House, point: string, say: unknown): void {
  const one: SandboxFault = {
    name: point,
    hooks: { rule: (at) => (at === point ? say : undefined) },
  };
  house.kit.faults.set(one.name, one);
}

describe('in Rawhide', () => {
  test('a build gets its update by itself and goes all the way to the stable tag', async () => {
    await using house = await openHouse();
    house.gating.required.set('a-1-1.fc45', [{ testcase: TEST, state: 'missing' }]);
    await build(house, 'a-1-1.fc45');
    expect(await find(house, 'a-1-1.fc45')).toMatchObject({
      status: 'pending',
      request: null,
      test_gating_status: 'waiting',
      type: 'newpackage',
    });
    expect(house.gating.asked[0]?.decision_context).toEqual(['bodhi_update_push_stable']);
    await house.sign('a-1-1.fc45');
    expect((await find(house, 'a-1-1.fc45')).status).toBe('testing');
    expect(house.koji.tagsOf('a-1-1.fc45')).toEqual([CANDIDATE, 'f45-updates-testing']);

    house.gating.required.set('a-1-1.fc45', [{ testcase: TEST, state: 'passed', result_id: 1 }]);
    house.kit.publish('resultsdb.result.new', {
      outcome: 'PASSED',
      data: { item: ['a-1-1.fc45'], type: ['koji_build'] },
    });
    await house.settle();
    expect((await find(house, 'a-1-1.fc45')).status).toBe('testing');
    await house.clock.advance(180_000);
    expect((await find(house, 'a-1-1.fc45')).status).toBe('stable');
    expect(house.koji.tagsOf('a-1-1.fc45')).toEqual(['f45']);
    expect(house.topics().some((topic) => topic.startsWith('bodhi.update.complete'))).toBe(false);
  });

  test('the update comes within seconds of the tag, not at once', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc45');
    const tagged = house.clock.now();
    house.koji.tag('a-1-1.fc45', CANDIDATE, 'packager1');
    await house.settle();
    const made = house.kit.truthOf('a-1-1.fc45').update ?? 0;
    expect(made - tagged).toBeGreaterThanOrEqual(500);
    expect(made - tagged).toBeLessThanOrEqual(20_000);
  });

  test('a newer build in the stable tag stops an older update', async () => {
    await using house = await openHouse();
    await build(house, 'a-1-1.fc45');
    house.koji.add('a-1-2.fc45', { tags: ['f45'] });
    await house.sign('a-1-1.fc45');
    await house.clock.advance(180_000);
    const update = await find(house, 'a-1-1.fc45');
    expect(update.status).toBe('obsolete');
    expect(update.comments.at(-1).text).toMatch(/These builds a-1-1\.fc45 have a more recent build/);
  });

  test('the changelog of the update tells what is new since the build in stable', async () => {
    await using house = await openHouse();
    const entry = (day: string, text: string) => `* ${day} A Packager <a@example.test> - 1-1\n- ${text}`;
    house.distGit.files.set(
      'a/a.spec',
      `Name: a\n%changelog\n${entry('Tue Nov 17 2026', 'packprobe run 33')}\n\n${entry('Mon Nov 16 2026', 'older')}\n`,
    );
    await build(house, 'a-1-1.fc45');
    expect((await find(house, 'a-1-1.fc45')).notes).toBe(
      `Automatic update for a-1-1.fc45.\n\n##### **Changelog**\n\n\`\`\`\n${entry('Tue Nov 17 2026', 'packprobe run 33')}\n\n\`\`\``,
    );
    expect(await house.kit.holdingsOf('33')).toHaveLength(1);
  });

  test('no update is made by hand', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc45', { tags: [CANDIDATE] });
    const me = await loggedIn(house.bodhi);
    const { body } = await me.post('/updates/', { builds: 'a-1-1.fc45', type: 'bugfix', notes: 'text' });
    expect(body.errors[0].description).toMatch(/^Cannot manually create updates for a Release/);
  });
});

describe('a rule that is bent', () => {
  test('bodhi.consume never: the update does not come, until the build is tagged again', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.consume', 'never');
    await build(house, 'a-1-1.fc45');
    expect(await find(house, 'a-1-1.fc45')).toBeUndefined();
    house.kit.faults.clear();
    house.koji.untag('a-1-1.fc45', CANDIDATE, 'packager1');
    house.koji.tag('a-1-1.fc45', CANDIDATE, 'packager1');
    await house.settle();
    expect((await find(house, 'a-1-1.fc45')).status).toBe('pending');
  });

  test('bodhi.announce never: the update is there and CI was not told', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.announce', 'never');
    await build(house, 'a-1-1.fc45');
    expect((await find(house, 'a-1-1.fc45')).status).toBe('pending');
    expect(house.topics()).toEqual([]);
    expect(house.kit.truthOf('a-1-1.fc45')).not.toHaveProperty('announced');
  });

  test('bodhi.tag-signing never: the build is not sent to signing', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.tag-signing', 'never');
    await build(house, 'a-1-1.fc45');
    expect(house.koji.tagsOf('a-1-1.fc45')).toEqual([CANDIDATE]);
  });

  test('bodhi.create with a text: the POST is refused, the row stays', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.create', 'something broke');
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    const { status, body } = await me.post('/updates/', {
      builds: 'a-1-1.fc43',
      type: 'bugfix',
      notes: 'text',
    });
    expect([status, body.errors[0].description]).toEqual([400, 'Unable to create update.  something broke']);
    expect(await find(house, 'a-1-1.fc43')).toMatchObject({ status: 'pending', request: null });
  });

  test('bodhi.create with forget: the POST is answered with an update that nobody knows', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.create', { forget: true });
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    const update = { builds: 'a-1-1.fc43', type: 'bugfix', notes: 'text' };
    const { status, body } = await me.post('/updates/', update);
    expect([status, body.builds[0].nvr]).toEqual([200, 'a-1-1.fc43']);
    expect(await find(house, 'a-1-1.fc43')).toBeUndefined();
    expect([house.topics(), house.koji.tagsOf('a-1-1.fc43')]).toEqual([[], ['f43-updates-candidate']]);
    house.kit.faults.clear();
    expect((await me.post('/updates/', update)).status).toBe(200);
  });

  test('bodhi.withdraw: somebody else makes the update obsolete', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.withdraw', 60_000);
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    await me.post('/updates/', { builds: 'a-1-1.fc43', type: 'bugfix', notes: 'text' });
    expect((await find(house, 'a-1-1.fc43')).status).toBe('pending');
    await house.clock.advance(60_000);
    expect((await find(house, 'a-1-1.fc43')).status).toBe('obsolete');
    expect(house.topics().at(-1)).toBe('bodhi.update.request.obsolete');
  });

  test('bodhi.announce with a number: CI is told so much later', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.announce', 60_000);
    await build(house, 'a-1-1.fc45');
    expect(house.topics()).toEqual([]);
    const before = house.clock.now();
    await house.clock.advance(60_000);
    expect(house.topics().at(-1)).toMatch(/build\.complete$/);
    expect(house.kit.truthOf('a-1-1.fc45').announced).toBeGreaterThan(before);
  });

  test('bodhi.gate with a status: that is written down, whatever Greenwave says', async () => {
    await using house = await openHouse();
    fault(house, 'bodhi.gate', 'passed');
    house.gating.required.set('a-1-1.fc45', [{ testcase: TEST, state: 'missing' }]);
    await build(house, 'a-1-1.fc45');
    expect((await find(house, 'a-1-1.fc45')).test_gating_status).toBe('passed');
  });

  test('a fault of the wire that swallows the POST leaves the truth that somebody asked', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    house.kit.faults.set('down', {
      name: 'down',
      hooks: {
        wire: (system, { call }) =>
          system === 'bodhi' && call === 'POST /updates/'
            ? { answer: { status: 504, contentType: 'text/html', body: '<h1>504 Gateway Time-out</h1>' } }
            : undefined,
      },
    });
    const { status } = await me.post('/updates/', { builds: 'a-1-1.fc43', type: 'bugfix', notes: 'text' });
    expect(status).toBe(504);
    expect(Object.keys(house.kit.truthOf('a-1-1.fc43'))).toEqual(['update_asked']);
  });
});
