import { expect, test } from 'vitest';
import { configSchema } from '../../src/core/config.ts';
import { openPeriods } from '../../src/main/periods.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { SILENT } from '../support/schedule-world.ts';

const DAY = 86_400_000;

/** The clock of a sandbox that lives a day ahead of its host. */
class Ahead extends FakeClock {
  override fromHost(epochMs: number): number {
    return epochMs + DAY;
  }
}

test('what feeds tell is told in the time of the environment, as the configuration is', async () => {
  const config = configSchema.parse({
    calendar: {
      entries: [{ kind: 'freeze', from: '2026-11-17T00:00:00Z', to: '2026-11-19T00:00:00Z' }],
      feeds: { status: { kind: 'status_page', url: 'https://status.example/ongoing.json' } },
    },
  });
  const outage = {
    title: 'koji is out',
    startdate: '2026-11-17T07:00:00+0000',
    enddate: '2026-11-17T12:00:00+0000',
    ticket: null,
  };
  const clock = new FakeClock();
  const periods = openPeriods({
    config: () => config,
    http: async (request) => ({
      request,
      status: 200,
      headers: {},
      body: JSON.stringify({ outages: [outage] }),
    }),
    clock,
    log: SILENT,
  });
  const leave = new AbortController();
  const running = periods.loop.run(leave.signal);
  await settle();
  const starts = periods.all({ clock: new Ahead() }).map(({ from }) => new Date(from).toISOString());
  expect(starts).toEqual(['2026-11-17T00:00:00.000Z', '2026-11-18T07:00:00.000Z']);
  leave.abort();
  await running;
});
