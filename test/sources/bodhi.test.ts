import { describe, expect, test } from 'vitest';
import { type BodhiUpdate, updateSubject } from '../../src/clients/bodhi.ts';
import { bodhiSource } from '../../src/sources/bodhi.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { exchanges } from '../support/fake-hub.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const signal = new AbortController().signal;
const recorded = exchanges('bodhi/lifecycle-composed');
const states = new Map(
  recorded
    .filter(({ request }) => request.method === 'GET' && /^\/updates\/FEDORA-[^/]+$/.test(request.path))
    .map(({ note, response }) => [note, (response.body as { update: BodhiUpdate }).update]),
);
const alias = 'FEDORA-2026-f5e2b4470e';
const second = (hour: number, minute: number, seconds: number) =>
  Date.UTC(2026, 10, 21, hour, minute, seconds);

function world(tests: unknown = { decisions: [] }) {
  const clock = new FakeClock();
  const shown: BodhiUpdate[] = [];
  const http = cannedHttp(({ url }) =>
    url.includes('get-test-results')
      ? { body: JSON.stringify(tests) }
      : { body: JSON.stringify({ updates: shown, pages: 1 }) },
  );
  const source = bodhiSource({ http, env: testEnvironment(), clock });
  return {
    clock,
    http,
    look: (...updates: BodhiUpdate[]) => {
      shown.splice(0, shown.length, ...updates);
      return source.look([updateSubject(alias)], undefined, signal);
    },
  };
}

const state = (note: string) => states.get(note) ?? expect.fail(`not recorded: ${note}`);

describe('on a recorded update', () => {
  test('what bears whole seconds lies within its second', async () => {
    const reports = await world().look(state('just created'));
    const at = second(11, 19, 0);
    expect(reports.map(({ fact, earliest, latest }) => [fact, earliest, latest])).toEqual([
      ['submitted', at, at + 1000],
      ['status:pending', at, at + 1000],
      ['gating:waiting#14', at, at + 1000],
    ]);
  });

  test('a signature lies between the look that did not see it and the one that did, and stays there', async () => {
    const { clock, look } = world();
    const first = clock.now();
    await look(state('just created'));
    await clock.advance(30_000);
    const signed = (await look(state('signed'))).find(({ fact }) => fact === 'signed');
    expect(signed).toMatchObject({ earliest: first, latest: first + 30_000 });
    await clock.advance(30_000);
    const again = (await look(state('signed'))).find(({ fact }) => fact === 'signed');
    expect(again).toMatchObject({ earliest: first, latest: first + 30_000 });
  });

  test('a signature seen by the first look has no earliest', async () => {
    const reports = await world().look(state('signed'));
    expect(reports.find(({ fact }) => fact === 'signed')?.earliest).toBeUndefined();
  });

  test('the way to stable is told with every gating status on it', async () => {
    const facts = (await world().look(state('stable'))).map(({ fact }) => fact);
    expect(facts).toEqual(expect.arrayContaining(['status:pending', 'status:testing', 'status:stable']));
    expect(facts.filter((fact) => fact.startsWith('gating:')).map((fact) => fact.replace(/#.*/, ''))).toEqual(
      expect.arrayContaining(['gating:waiting', 'gating:failed', 'gating:passed']),
    );
  });

  test.each([
    ['test-result-failed', 'failed'],
    ['test-result-missing', 'missing'],
  ])('behind a failed gate with %s stands %s', async (type, reason) => {
    const decision = {
      policies_satisfied: false,
      summary: '',
      satisfied_requirements: [],
      unsatisfied_requirements: [{ type, testcase: 't', result_id: null }],
    };
    const reports = await world({ decisions: [decision] }).look(state('gating failed'));
    const last = reports.at(-1);
    expect(last?.fact).toMatch(new RegExp(`^gating-reason:${reason}#\\d+$`));
    expect(last?.data['unsatisfied']).toEqual([{ type, testcase: 't', running: false }]);
  });

  test('a reason that cannot be asked for does not hide the status', async () => {
    const reports = await world('garbage').look(state('gating failed'));
    expect(reports.some(({ fact }) => fact.startsWith('gating:failed#'))).toBe(true);
    expect(reports.some(({ fact }) => fact.startsWith('gating-reason'))).toBe(false);
  });

  test('many updates are asked in one request', async () => {
    const clock = new FakeClock();
    const http = cannedHttp(() => ({ body: JSON.stringify({ updates: [], pages: 0 }) }));
    const source = bodhiSource({ http, env: testEnvironment(), clock });
    const subjects = Array.from({ length: 40 }, (_, index) => updateSubject(`FEDORA-${index}`));
    await source.look(subjects, undefined, signal);
    expect(http.asked).toHaveLength(1);
  });

  test('an update made obsolete is told between two looks: Bodhi keeps no date of it', async () => {
    const { clock, look } = world();
    const first = clock.now();
    await look(state('just created'));
    await clock.advance(30_000);
    const reports = await look({ ...state('just created'), status: 'obsolete' });
    expect(reports.find(({ fact }) => fact === 'status:obsolete')).toMatchObject({
      earliest: first,
      latest: first + 30_000,
    });
  });
});
