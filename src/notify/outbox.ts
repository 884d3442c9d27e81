import { bell } from '../core/bell.ts';
import { asFault, Fault } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { Channel, IncidentMessage, Notice, Outbox } from '../core/notice.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { retryAfterOf } from './exchange.ts';
import { grace } from './grace.ts';
import { giveUpStrangers } from './strangers.ts';
import { oneLine } from './text.ts';

/** Milliseconds, all of the host's clock. */
const SEND_LIMIT_MS = 60_000;
/** Between two tries of a message: from the first to the longest, twice as long each time. */
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 900_000;
const GIVE_UP_MS = 3 * 86_400_000;
/** Between two looks into the outbox that nobody asked for: other processes write there, too. */
const LOOK_MS = 30_000;
const REFRESH_MS = 60_000;
/** What the two clocks, of records and of durations, may differ by: a message is due again before those behind it are looked at. */
const SLACK_MS = 100;
/** Where something should be due and is not: never a busy loop. */
const IDLE_MS = 500;
/** After the outbox itself failed. */
const STORE_PAUSE_MS = 5000;

/** So often the runs and steps behind a message wait for it; from then on they pass it, and only then it can be given up for its age. */
const TRIES_IN_ORDER = 8;

const BATCH = 20;

export interface SenderOptions {
  readonly outbox: Outbox;
  /** By the name of the receiver. */
  readonly channels: ReadonlyMap<string, Channel>;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
  /** The open incidents as they would be told now; for channels that tell them anew. */
  readonly open?: () => Promise<readonly IncidentMessage[]>;
}

/** Carries what waits in the outbox to its receivers, at least once each. */
export interface Sender {
  /**
   * Sends until the signal aborts, one loop for each receiver: one that hangs delays no other. Then a send under way has 3 s to end, is aborted, and
   * is sent again by the next run. Never throws. Notices for receivers that are not configured any more are given up.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Something new is in the outbox. */
  nudge(): void;
  state(): readonly ReceiverState[];
}

/** How it goes with one receiver. Epoch ms of the host. */
export interface ReceiverState {
  readonly receiver: string;
  /** Since when a send is under way. */
  readonly sending_since: number | null;
  readonly delivered_at: number | null;
  /** How many tries in a row have failed, and what the last one met. */
  readonly failures: number;
  readonly last_error: string | null;
}

export function openSender(options: SenderOptions): Sender {
  const lines = [...options.channels].map(([receiver, channel]) => lineTo(receiver, channel, options));
  return {
    async run(signal) {
      const closing = new AbortController();
      const loops = Promise.all([
        ...lines.map((line) => line.run(signal, closing.signal)),
        giveUpStrangers(options),
      ]);
      using late = grace(options.clock, signal, closing);
      await Promise.race([loops, late.over]);
    },
    nudge: () => {
      for (const line of lines) line.nudge();
    },
    state: () => lines.map((line) => line.state()),
  };
}

interface Line {
  run(signal: AbortSignal, closing: AbortSignal): Promise<void>;
  nudge(): void;
  state(): ReceiverState;
}

/** The loop of one receiver. */
function lineTo(receiver: string, channel: Channel, { outbox, clock, log, open }: SenderOptions): Line {
  const rung = bell(clock);
  let sendingSince: number | null = null;
  let deliveredAt: number | null = null;
  let lastError: string | null = null;
  let failures = 0;
  let refreshFailed = false;
  /** Monotonic. */
  let blockedUntil = 0;
  let refreshAt = clock.monotonic();

  async function loop(signal: AbortSignal, closing: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (isRefreshDue()) await refresh(closing);
        // One small question for each look: an idle service asks it all day.
        const next = isBlocked() ? undefined : await outbox.nextDue(receiver);
        const isDue = next !== undefined && next <= clock.now();
        const sent = isDue ? await sendBatch(signal, closing) : 0;
        if (sent === 0) await rung.wait(pauseMs(isDue ? undefined : next), signal);
      } catch (error) {
        if (signal.aborted) return;
        log.error({ receiver, err: error }, 'the outbox could not be read or written');
        await rung.wait(STORE_PAUSE_MS, signal);
      }
    }
  }

  /** How many were dealt with. */
  async function sendBatch(signal: AbortSignal, closing: AbortSignal): Promise<number> {
    let dealtWith = 0;
    for (const notice of await outbox.due(receiver, clock.now(), BATCH)) {
      if (signal.aborted || isRefreshDue()) break;
      if (!(await deal(notice, signal, closing))) return 0;
      dealtWith += 1;
    }
    return dealtWith;
  }

  /** False where those behind this one have to wait. */
  async function deal(notice: Notice, signal: AbortSignal, closing: AbortSignal): Promise<boolean> {
    const fault = await attempt(notice, closing);
    if (fault === undefined) {
      failures = 0;
      deliveredAt = clock.now();
      const fields = { receiver, subject: notice.subject, state: notice.state };
      if (notice.message.type === 'incident') log.info(fields, 'a message was delivered');
      else log.debug(fields, 'a message was delivered');
      await write(() => outbox.delivered(notice.notice_id, clock.now()), signal);
      return true;
    }
    // Aborted by our own end: that is nobody's failure, and the next run sends it.
    if (fault === 'suspended') return false;
    return await fail(notice, fault, signal);
  }

  /** Whatever hinders a send comes back as a fault. */
  async function attempt(notice: Notice, closing: AbortSignal): Promise<Fault | 'suspended' | undefined> {
    if (!channel.carries.includes(notice.message.type)) return notCarried(notice);
    try {
      sendingSince = clock.now();
      await limited((signal) => channel.send(notice, signal), closing);
      return undefined;
    } catch (error) {
      return closing.aborted ? 'suspended' : asFault(error);
    } finally {
      sendingSince = null;
    }
  }

  async function limited(work: (signal: AbortSignal) => Promise<void>, closing: AbortSignal): Promise<void> {
    const tooLong = () =>
      new Fault(`receiver ${receiver} did not take a message within ${SEND_LIMIT_MS / 1000} s`, {
        code: 'RECEIVER_TIMED_OUT',
        kind: 'timeout',
        system: 'own',
      });
    using limit = clock.deadline(SEND_LIMIT_MS, tooLong);
    using stop = firstOf(closing, limit.signal);
    try {
      await work(stop.signal);
    } catch (error) {
      // Whatever a library makes of an abort.
      throw limit.signal.aborted ? limit.signal.reason : error;
    }
  }

  async function fail(notice: Notice, fault: Fault, signal: AbortSignal): Promise<boolean> {
    const now = clock.now();
    const attempts = notice.attempts + 1;
    const again =
      isTriedAgain(fault) && !(attempts >= TRIES_IN_ORDER && now - notice.created_at > GIVE_UP_MS);
    lastError = oneLine(`${fault.code}: ${fault.message}`, 500);
    const text = lastError;
    const fields = { receiver, subject: notice.subject, state: notice.state, attempts, err: fault };
    if (!again) {
      // An answer is an answer: others may be taken all the same.
      failures = isTriedAgain(fault) ? failures + 1 : 0;
      log.error(fields, 'a message could not be delivered and is given up');
      await write(() => outbox.failed(notice.notice_id, text, now), signal);
      return true;
    }
    failures += 1;
    log.warn(fields, 'a message could not be delivered yet');
    const asked = retryAfterOf(fault) ?? 0;
    const pause = Math.max(pauseAfter(attempts), pauseAfter(failures), asked);
    // One incident need not wait for another; runs and steps keep their order, unless it is the message that is at fault.
    const inOrder = notice.message.type !== 'incident' && attempts < TRIES_IN_ORDER;
    blockedUntil = clock.monotonic() + (inOrder ? pause + SLACK_MS : Math.max(FIRST_PAUSE_MS, asked));
    await write(() => outbox.failed(notice.notice_id, text, now, now + pause), signal);
    return false;
  }

  /** What happened is written down before anything else is sent: while the disk is full, nobody is told the same thing again and again. */
  async function write(store: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await store();
        return;
      } catch (error) {
        log.error({ receiver, err: error }, 'the outbox could not be read or written');
        await rung.wait(STORE_PAUSE_MS, signal);
        if (signal.aborted) return;
      }
    }
  }

  function isRefreshDue(): boolean {
    return channel.refresh !== undefined && open !== undefined && clock.monotonic() >= refreshAt;
  }

  /** In the loop of the receiver, so that the end of an incident is never overtaken by word from before it. */
  async function refresh(closing: AbortSignal): Promise<void> {
    refreshAt = clock.monotonic() + REFRESH_MS;
    const told: IncidentMessage[] = [];
    for (const message of (await open?.()) ?? []) {
      // What waits for the end of quiet hours, or is not for this receiver at all, was not told.
      const notices = await outbox.list({ receiver, subject: message.incident.incident_id, limit: 1000 });
      if (notices.some(({ delivered_at }) => delivered_at !== null)) told.push(message);
    }
    if (told.length === 0) return;
    try {
      await limited(async (signal) => channel.refresh?.(told, signal), closing);
      refreshFailed = false;
    } catch (error) {
      if (closing.aborted) return;
      // Said once: the next minute tries again.
      if (!refreshFailed)
        log.warn({ receiver, err: asFault(error) }, 'open incidents could not be told anew');
      refreshFailed = true;
    }
  }

  function isBlocked(): boolean {
    return clock.monotonic() < blockedUntil;
  }

  function pauseMs(next: number | undefined): number {
    const now = clock.monotonic();
    const waits = [LOOK_MS];
    if (channel.refresh !== undefined && open !== undefined) waits.push(refreshAt - now);
    if (isBlocked()) waits.push(blockedUntil - now);
    if (next !== undefined) waits.push(next - clock.now());
    const wait = Math.min(...waits);
    return wait > 0 ? wait : IDLE_MS;
  }

  return {
    run: loop,
    nudge: rung.ring,
    state: () => ({
      receiver,
      sending_since: sendingSince,
      delivered_at: deliveredAt,
      failures,
      last_error: failures > 0 ? lastError : null,
    }),
  };
}

function notCarried({ receiver, message }: Notice): Fault {
  return new Fault(`receiver ${receiver} is not configured for messages about a ${message.type}`, {
    code: 'RECEIVER_REFUSED',
    kind: 'rejected',
    system: 'own',
    hint: 'It was, when the message was stored: set `runs: true` again where they are wanted.',
  });
}

function isTriedAgain({ kind }: Fault): boolean {
  return kind === 'unavailable' || kind === 'timeout' || kind === 'malformed';
}

function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
}
