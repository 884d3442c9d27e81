import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { Channel, IncidentMessage, Notice, Outbox } from '../../src/core/notice.ts';
import type { Logger } from '../../src/core/ports.ts';
import { noticeId } from '../../src/notify/notice-id.ts';
import { openSender, type Sender } from '../../src/notify/outbox.ts';
import { openStore } from '../../src/store/store.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { FakeOutbox } from '../support/fake-outbox.ts';
import { incident, incidentMessage, newNotice, runMessage } from '../support/notices.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A receiver that does what the test says, and what it got. */
class FakeChannel implements Channel {
  readonly carries = ['incident', 'run', 'step'] as const;
  readonly got: string[] = [];
  readonly told: string[][] = [];
  tries = 0;
  answer: (notice: Notice, signal: AbortSignal) => Promise<void> = async () => {};
  refresh?: (open: readonly IncidentMessage[]) => Promise<void>;

  async send(notice: Notice, signal: AbortSignal): Promise<void> {
    this.tries += 1;
    await this.answer(notice, signal);
    this.got.push(noticeId(notice));
  }
}

const unavailable = (evidence = {}) =>
  new Fault('it is down', { code: 'DOWN', kind: 'unavailable', system: 'own', evidence });

/** Until the signal aborts. */
const hang = (_: Notice, signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

let clock: FakeClock;
let outbox: FakeOutbox;
let lines: { readonly level: string; readonly sentence: string; readonly fields: object }[];
let running: { readonly stop: () => Promise<void> }[];

const log: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields, sentence) => void lines.push({ level: 'warn', sentence, fields }),
  error: (fields, sentence) => void lines.push({ level: 'error', sentence, fields }),
  child: () => log,
};

beforeEach(() => {
  clock = new FakeClock();
  outbox = new FakeOutbox();
  lines = [];
  running = [];
});
afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop();
  // No timer, and so nobody who waits, is left.
  expect(clock.waiting).toBe(0);
});

function start(
  channels: Readonly<Record<string, Channel>>,
  { box = outbox as Outbox, open }: { box?: Outbox; open?: () => Promise<readonly IncidentMessage[]> } = {},
): Sender & { readonly stop: () => Promise<void> } {
  const sender = openSender({
    outbox: box,
    channels: new Map(Object.entries(channels)),
    clock,
    log,
    ...(open === undefined ? {} : { open }),
  });
  const shutdown = new AbortController();
  const run = sender.run(shutdown.signal);
  const stop = async () => {
    shutdown.abort(new Error('the service stops'));
    await settle();
    await clock.advance(5000);
    await run;
  };
  running.push({ stop });
  return { ...sender, stop };
}

/** As `serve` does: stored, then the sender is told. */
async function tell(sender: Sender, ...notices: ReturnType<typeof newNotice>[]): Promise<void> {
  for (const one of notices) outbox.add(one);
  sender.nudge();
  await clock.advance(0);
}

describe('the sender', () => {
  test('delivers what waits at once, and what comes later when it is told', async () => {
    const channel = new FakeChannel();
    outbox.add(newNotice('ops', runMessage('run-1')));
    const sender = start({ ops: channel });
    await clock.advance(0);
    expect(channel.got).toEqual(['run-1/ended']);
    await tell(sender, newNotice('ops', runMessage('run-2')));
    expect(channel.got).toEqual(['run-1/ended', 'run-2/ended']);
    expect(outbox.rows.map(({ delivered_at }) => delivered_at)).toEqual([clock.now(), clock.now()]);
  });

  test('finds within half a minute what another process has stored', async () => {
    const channel = new FakeChannel();
    start({ ops: channel });
    await clock.advance(0);
    outbox.add(newNotice('ops', runMessage('run-1')));
    await clock.advance(30_000);
    expect(channel.got).toEqual(['run-1/ended']);
  });

  test('lets a receiver that hangs for ever delay no other', async () => {
    const [hanging, deaf, well] = [new FakeChannel(), new FakeChannel(), new FakeChannel()];
    hanging.answer = hang;
    deaf.answer = () => new Promise(() => {});
    const sender = start({ hanging, deaf, well });
    await tell(
      sender,
      ...['hanging', 'deaf', 'well'].map((receiver) => newNotice(receiver, incidentMessage())),
      newNotice('well', runMessage('run-1')),
    );
    expect(well.got).toHaveLength(2);
    await clock.advance(10 * MINUTE);
    await tell(sender, newNotice('well', runMessage('run-2')));
    expect(well.got).toHaveLength(3);
    expect(sender.state()).toMatchObject([
      { receiver: 'hanging', last_error: expect.stringContaining('RECEIVER_TIMED_OUT') },
      { receiver: 'deaf', sending_since: expect.any(Number), delivered_at: null },
      { receiver: 'well', sending_since: null, failures: 0, last_error: null },
    ]);
  });

  test('waits for the end of quiet hours', async () => {
    const channel = new FakeChannel();
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage(), { due_at: clock.now() + 8 * 3_600_000 }));
    await clock.advance(8 * 3_600_000 - 1);
    expect(channel.got).toEqual([]);
    await clock.advance(1);
    expect(channel.got).toHaveLength(1);
  });

  test('tells the changes of one incident in their order, whatever fails', async () => {
    const channel = new FakeChannel();
    channel.answer = async () => {
      if (channel.tries <= 3) throw unavailable();
    };
    const sender = start({ ops: channel });
    await tell(
      sender,
      newNotice('ops', incidentMessage('opened')),
      newNotice('ops', incidentMessage('resolved')),
    );
    await clock.advance(5 * MINUTE);
    expect(channel.got.map((id) => id.split('/')[1])).toEqual(['opened', 'resolved']);
  });

  test('gives up what waits for a receiver that is not configured any more', async () => {
    outbox.add(newNotice('gone', incidentMessage('opened')));
    outbox.add(newNotice('gone', incidentMessage('resolved')));
    start({});
    await clock.advance(0);
    expect(outbox.rows.map(({ gave_up_at }) => gave_up_at)).toEqual([clock.now(), clock.now()]);
    expect(lines).toMatchObject([{ level: 'warn', fields: { receiver: 'gone', length: 2 } }]);
  });

  test('gives up what a receiver does not carry any more', async () => {
    const people: Channel = { carries: ['incident'], send: async () => {} };
    outbox.add(newNotice('ops', runMessage('run-1')));
    start({ ops: people });
    await clock.advance(0);
    expect(outbox.rows).toMatchObject([{ delivered_at: null, gave_up_at: clock.now() }]);
  });
});

describe('a message that is not taken', () => {
  test('is tried again under the same id after 5 s, 10 s, 20 s … at most 15 min', async () => {
    const channel = new FakeChannel();
    const times: number[] = [];
    const ids = new Set<string>();
    channel.answer = async (notice) => {
      times.push(clock.now());
      ids.add(noticeId(notice));
      if (times.length < 11) throw unavailable();
    };
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()));
    await clock.advance(2 * 3_600_000);
    const pauses = times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 1000);
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    expect(ids.size).toBe(1);
    expect(channel.got).toHaveLength(1);
  });

  test.each(['unavailable', 'timeout', 'malformed'] as const)('for being %s is tried again', async (kind) => {
    const channel = new FakeChannel();
    channel.answer = async () => {
      if (channel.tries === 1) throw new Fault('no', { code: 'NO', kind, system: 'own' });
    };
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()));
    await clock.advance(5000);
    expect(channel.got).toHaveLength(1);
  });

  test.each(['rejected', 'prober', 'unexpected'] as const)(
    'for being %s is given up at once and said to the operator',
    async (kind) => {
      const channel = new FakeChannel();
      channel.answer = async () => {
        throw new Fault('no such room', { code: 'NO', kind, system: 'own' });
      };
      const sender = start({ ops: channel });
      await tell(sender, newNotice('ops', incidentMessage()));
      await clock.advance(DAY);
      expect(channel.tries).toBe(1);
      expect(outbox.rows).toMatchObject([{ gave_up_at: expect.any(Number), last_error: 'NO: no such room' }]);
      expect(lines).toMatchObject([{ level: 'error', fields: { receiver: 'ops', attempts: 1 } }]);
    },
  );

  test('is given up after three days, and not before', async () => {
    const channel = new FakeChannel();
    channel.answer = async () => {
      throw unavailable();
    };
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()));
    await clock.advance(3 * DAY - MINUTE);
    expect(outbox.rows[0]?.gave_up_at).toBeNull();
    await clock.advance(20 * MINUTE);
    expect(outbox.rows[0]?.gave_up_at).not.toBeNull();
  });

  test('waits as long as the receiver asks', async () => {
    const channel = new FakeChannel();
    channel.answer = async () => {
      if (channel.tries === 1) throw unavailable({ retry_after_ms: 10 * MINUTE });
    };
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()), newNotice('ops', runMessage('run-1')));
    await clock.advance(10 * MINUTE - 1);
    expect(channel.tries).toBe(1);
    await clock.advance(1000);
    expect(channel.got).toHaveLength(2);
  });

  test('within a minute is aborted', async () => {
    const channel = new FakeChannel();
    channel.answer = async (notice, signal) => {
      if (channel.tries === 1) await hang(notice, signal);
    };
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()));
    await clock.advance(MINUTE);
    expect(outbox.rows[0]?.last_error).toContain('RECEIVER_TIMED_OUT');
    await clock.advance(5000);
    expect(channel.got).toHaveLength(1);
  });
});

describe('runs and steps', () => {
  test('arrive in their order after an outage', async () => {
    const channel = new FakeChannel();
    let down = true;
    channel.answer = async () => {
      if (down) throw unavailable();
    };
    const sender = start({ bus: channel });
    const ids = Array.from({ length: 30 }, (_, index) => `run-${index}`);
    for (const id of ids) {
      await tell(sender, newNotice('bus', runMessage(id)));
      await clock.advance(1000);
    }
    await clock.advance(4 * MINUTE);
    down = false;
    await clock.advance(10 * MINUTE);
    expect(channel.got).toEqual(ids.map((id) => `${id}/ended`));
  });

  test('pass one that is never taken after eight tries of it', async () => {
    const channel = new FakeChannel();
    channel.answer = async ({ subject }) => {
      if (subject === 'poison') throw unavailable();
    };
    const sender = start({ bus: channel });
    await tell(sender, newNotice('bus', runMessage('poison')), newNotice('bus', runMessage('run-1')));
    await clock.advance(10 * MINUTE);
    expect(channel.got).toEqual([]);
    await clock.advance(2 * MINUTE);
    expect(channel.got).toEqual(['run-1/ended']);
    await tell(sender, newNotice('bus', runMessage('run-2')));
    expect(channel.got).toEqual(['run-1/ended', 'run-2/ended']);
  });
});

describe('a crash', () => {
  test('between sending and writing it down repeats the message under the same id, and loses none', async () => {
    const channel = new FakeChannel();
    outbox.add(newNotice('ops', incidentMessage('opened')));
    outbox.add(newNotice('ops', incidentMessage('resolved')));
    outbox.broken = new Error('disk full');
    const first = start({ ops: channel });
    await clock.advance(0);
    expect(channel.got).toHaveLength(1);
    await first.stop();
    outbox.broken = undefined;
    start({ ops: channel });
    await clock.advance(0);
    expect(channel.got.map((id) => id.split('/')[1])).toEqual(['opened', 'opened', 'resolved']);
    expect(new Set(channel.got).size).toBe(2);
  });

  test('at any moment loses nothing and repeats at most what was under way', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'packprobe-sender-'));
    try {
      const file = join(dir, 'packprobe.db');
      const told = ['a', 'b', 'c'].map((id) =>
        newNotice(
          'ops',
          incidentMessage('opened', {
            incident: incident({ incident_id: id }),
          }),
        ),
      );
      await using writer = openStore(file);
      await writer.incidents.apply([], told);
      const got: string[] = [];
      // Killed at the nth thing that it does: before or after a send, before or after a write.
      for (let moment = 1; moment <= 12; moment += 1) {
        await using store = openStore(file);
        let steps = 0;
        const dead = new AbortController();
        const live = () => {
          steps += 1;
          if (steps >= moment) dead.abort();
          return dead.signal.aborted ? new Promise<never>(() => {}) : Promise.resolve();
        };
        const box: Outbox = {
          ...store.outbox,
          delivered: async (id, at) => {
            await live();
            await store.outbox.delivered(id, at);
            await live();
          },
        };
        const channel: Channel = {
          carries: ['incident'],
          send: async (notice) => {
            await live();
            got.push(noticeId(notice));
            await live();
          },
        };
        const killed = start({ ops: channel }, { box });
        await clock.advance(100);
        await killed.stop();
        running.pop();
      }
      await using last = openStore(file);
      expect(await last.outbox.backlog()).toEqual([]);
      expect(new Set(got)).toEqual(new Set(['a/opened', 'b/opened', 'c/opened']));
      expect(got.length).toBeGreaterThan(3);
      // The limits of sends whose process was killed.
      await clock.advance(MINUTE);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('is not made worse by a full disk: what was sent is written down before anything is sent again', async () => {
    const channel = new FakeChannel();
    outbox.add(newNotice('ops', incidentMessage()));
    outbox.broken = new Error('disk full');
    start({ ops: channel });
    await clock.advance(10 * MINUTE);
    expect(channel.got).toHaveLength(1);
    outbox.broken = undefined;
    await clock.advance(5000);
    expect(channel.got).toHaveLength(1);
    expect(outbox.rows[0]?.delivered_at).not.toBeNull();
  });
});

describe('a shutdown', () => {
  test('lets a send under way end, and writes it down', async () => {
    const channel = new FakeChannel();
    channel.answer = (_, signal) => clock.sleep(2000, signal);
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()));
    await sender.stop();
    expect(outbox.rows[0]?.delivered_at).not.toBeNull();
  });

  test('aborts a send that takes longer, which is no failure of its receiver', async () => {
    const channel = new FakeChannel();
    channel.answer = hang;
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()));
    await sender.stop();
    expect(outbox.rows).toMatchObject([{ attempts: 0, delivered_at: null, gave_up_at: null }]);
    expect(lines).toEqual([]);
  });

  test('is not held up by a channel that does not obey', async () => {
    const channel = new FakeChannel();
    channel.answer = () => new Promise(() => {});
    const sender = start({ ops: channel });
    await tell(sender, newNotice('ops', incidentMessage()));
    const before = clock.now();
    await sender.stop();
    expect(clock.now() - before).toBeLessThanOrEqual(5000);
    // The limit of the send that nobody ended.
    await clock.advance(MINUTE);
  });
});

describe('an incident that is still open', () => {
  test('is told anew every minute to who was told of it, and not any more when it is over', async () => {
    const channel = new FakeChannel();
    const told: string[][] = [];
    channel.refresh = async (open) =>
      void told.push(open.map(({ incident: { incident_id } }) => incident_id));
    const [known, quiet] = ['known', 'quiet'].map((incident_id) =>
      incidentMessage('opened', { incident: incident({ incident_id }) }),
    ) as [IncidentMessage, IncidentMessage];
    let open = [known, quiet];
    const sender = start({ ops: channel }, { open: async () => open });
    await tell(
      sender,
      newNotice('ops', known),
      newNotice('ops', quiet, { due_at: clock.now() + DAY }),
      newNotice('other', quiet),
    );
    await clock.advance(3 * MINUTE);
    expect(told).toEqual([['known'], ['known'], ['known']]);
    open = [];
    await clock.advance(3 * MINUTE);
    expect(told).toHaveLength(3);
  });

  test('that cannot be told anew is told the next minute, and this is said once', async () => {
    const channel = new FakeChannel();
    let tries = 0;
    channel.refresh = async () => {
      tries += 1;
      if (tries <= 3) throw unavailable();
    };
    const sender = start({ ops: channel }, { open: async () => [incidentMessage()] });
    await tell(sender, newNotice('ops', incidentMessage()));
    await clock.advance(5 * MINUTE);
    expect(tries).toBe(5);
    expect(lines).toHaveLength(1);
  });
});
