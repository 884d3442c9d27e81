import { describe, expect, test } from 'vitest';
import { decisionContexts, gatingOf } from '../../../src/sandbox/bodhi/gating.ts';
import type { Update } from '../../../src/sandbox/bodhi/model.ts';
import { loggedIn } from './browser.ts';
import { openHouse } from './house.ts';

const HOUR = 3_600_000;
const missing = { type: 'test-result-missing', result_id: null };
const running = { type: 'test-result-missing', result_id: 7 };
const failed = { type: 'test-result-failed', result_id: 7 };
const passed = { type: 'test-result-passed', result_id: 7 };

describe('the gating status follows from the requirements', () => {
  test.each([
    { name: 'nothing required', satisfied: [], unsatisfied: [], age: 0, status: 'ignored' },
    { name: 'all satisfied', satisfied: [passed], unsatisfied: [], age: 9 * HOUR, status: 'passed' },
    { name: 'one missing, young', satisfied: [passed], unsatisfied: [missing], age: HOUR, status: 'waiting' },
    {
      name: 'one missing for two hours',
      satisfied: [],
      unsatisfied: [missing],
      age: 2 * HOUR,
      status: 'failed',
    },
    { name: 'one running for long', satisfied: [], unsatisfied: [running], age: 9 * HOUR, status: 'waiting' },
    {
      name: 'one running, one missing',
      satisfied: [],
      unsatisfied: [running, missing],
      age: 3 * HOUR,
      status: 'failed',
    },
    { name: 'one failed', satisfied: [passed], unsatisfied: [missing, failed], age: 0, status: 'failed' },
  ])('$name: $status', ({ satisfied, unsatisfied, age, status }) => {
    const decision = { satisfied_requirements: satisfied, unsatisfied_requirements: unsatisfied };
    expect(gatingOf([decision], 0, age)).toBe(status);
  });

  test('an update of the critical path asks for each of its groups before the base context', () => {
    const update = { request: 'testing', status: 'pending', critpath: true, critpath_groups: 'core gnome' };
    expect(decisionContexts(update as Update)).toEqual([
      'bodhi_update_push_testing_gnome_critpath',
      'bodhi_update_push_testing_core_critpath',
      'bodhi_update_push_testing',
    ]);
    expect(decisionContexts({ ...update, request: null, critpath_groups: '' } as Update)).toEqual([
      'bodhi_update_push_stable_critpath',
      'bodhi_update_push_stable',
    ]);
  });
});

const REQUIRED = [{ testcase: 'fedora-ci.koji-build.tier0.functional', state: 'missing' as const }];
const NEW = { type: 'bugfix', notes: 'run 1' };

describe('Greenwave is asked', () => {
  test('in the POST that makes an update, for its builds and itself, with one context in a list', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    const { body } = await me.post('/updates/', { ...NEW, builds: 'a-1-1.fc43' });
    expect(house.gating.asked).toEqual([
      {
        product_version: 'fedora-43',
        decision_context: ['bodhi_update_push_testing'],
        subject: [
          { item: 'a-1-1.fc43', type: 'koji_build' },
          { item: body.alias, type: 'bodhi_update' },
        ],
        verbose: false,
      },
    ]);
  });

  test('and its error makes the status waiting, after four tries', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    house.gating.decisionStatus = 404;
    const answer = me.post('/updates/', { ...NEW, builds: 'a-1-1.fc43' });
    let answered = false;
    void answer.finally(() => {
      answered = true;
    });
    while (!answered) await house.clock.advance(1000);
    const { status, body } = await answer;
    expect([status, body.test_gating_status, house.gating.asked.length]).toEqual([200, 'waiting', 4]);
  });

  test('and when nobody listens there, the POST is refused with the update already made', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    await house.gating.close();
    const { status, body } = await me.post('/updates/', { ...NEW, builds: 'a-1-1.fc43' });
    expect(status).toBe(400);
    expect(body.errors[0].description).toMatch(/^Unable to create update\. {2}\('Connection aborted\.'/);
    const found = await me.get('/updates/?builds=a-1-1.fc43');
    expect(found.body.updates[0]).toMatchObject({ request: 'testing', test_gating_status: null });
    expect(house.koji.tagsOf('a-1-1.fc43')).toContain('f43-signing-pending');
    expect(house.topics()).toContain('bodhi.update.request.testing');
  });

  test('again at the full hour, which heals a lost result message', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    house.gating.required.set('a-1-1.fc43', REQUIRED);
    const me = await loggedIn(house.bodhi);
    await me.post('/updates/', { ...NEW, builds: 'a-1-1.fc43' });
    house.gating.required.set('a-1-1.fc43', [{ ...REQUIRED[0]!, state: 'passed', result_id: 1 }]);
    await house.clock.advance(40 * 60_000);
    expect(house.gating.asked).toHaveLength(1);
    await house.clock.advance(2 * 60_000);
    await house.until(async () => {
      const { body } = await me.get('/updates/?builds=a-1-1.fc43');
      return body.updates[0].test_gating_status === 'passed';
    });
    expect(new Date(house.kit.truthOf('a-1-1.fc43').gate ?? 0).getUTCMinutes()).toBe(0);
  });

  test('not for a message that cannot change the status', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    house.gating.required.set('a-1-1.fc43', REQUIRED);
    const me = await loggedIn(house.bodhi);
    await me.post('/updates/', { ...NEW, builds: 'a-1-1.fc43' });
    const tell = async (outcome: string, type = 'koji_build') => {
      house.kit.publish('resultsdb.result.new', { outcome, data: { item: ['a-1-1.fc43'], type: [type] } });
      await house.settle();
      return house.gating.asked.length;
    };
    expect(await tell('QUEUED')).toBe(1);
    expect(await tell('PASSED', 'koji_build_group')).toBe(1);
    expect(await tell('PASSED')).toBe(2);
  });
});

describe('waiving', () => {
  test('posts one waiver for each unsatisfied requirement in the name of the caller, and is seen when WaiverDB tells', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    house.gating.required.set('a-1-1.fc43', [{ ...REQUIRED[0]!, state: 'failed', result_id: 1 }]);
    const me = await loggedIn(house.bodhi);
    const { alias } = (await me.post('/updates/', { ...NEW, builds: 'a-1-1.fc43' })).body;
    const waived = await me.post(`/updates/${alias}/waive-test-results`, { comment: 'known' });
    expect(waived.body.update.test_gating_status).toBe('waiting');
    expect(house.gating.waivers).toMatchObject([
      {
        subject_type: 'koji_build',
        subject_identifier: 'a-1-1.fc43',
        testcase: 'fedora-ci.koji-build.tier0.functional',
        product_version: 'fedora-43',
        waived: true,
        username: 'packager1',
        comment: 'known',
      },
    ]);
    house.kit.publish('waiverdb.waiver.new', {
      subject_identifier: 'a-1-1.fc43',
      subject_type: 'koji_build',
    });
    await house.settle();
    expect((await me.get(`/updates/${alias}`)).body.update.test_gating_status).toBe('waiting');
    house.kit.publish('waiverdb.waiver.new', { subject: { item: 'a-1-1.fc43', type: 'koji_build' } });
    await house.settle();
    expect((await me.get(`/updates/${alias}`)).body.update.test_gating_status).toBe('passed');
  });

  test('is refused with the words of a WaiverDB that says no', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    house.gating.required.set('a-1-1.fc43', [{ ...REQUIRED[0]!, state: 'failed', result_id: 1 }]);
    house.gating.waiverStatus = 401;
    const me = await loggedIn(house.bodhi);
    const { alias } = (await me.post('/updates/', { ...NEW, builds: 'a-1-1.fc43' })).body;
    const { status, body } = await me.post(`/updates/${alias}/waive-test-results`, { comment: 'known' });
    expect(status).toBe(400);
    expect(body.errors[0].description).toBe(
      `Bodhi failed to send POST request to WaiverDB at the following URL "${house.gating.url}/api/v1.0/waivers/". The status code was "401". The error was "{"message":"no"}".`,
    );
  });
});
