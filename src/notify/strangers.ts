import type { Channel, Outbox } from '../core/notice.ts';
import type { Clock, Logger } from '../core/ports.ts';

const BATCH = 100;

interface Strangers {
  readonly outbox: Outbox;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Gives up what waits for receivers that the configuration has no more: it would wait for ever, and look like a receiver that is down. */
export async function giveUpStrangers({ outbox, channels, clock, log }: Strangers): Promise<void> {
  try {
    for (const { receiver, length } of await outbox.backlog()) {
      if (channels.has(receiver)) continue;
      log.warn({ receiver, length }, 'messages are given up: their receiver is not configured any more');
      // Those of an incident come one behind the other.
      for (;;) {
        const left = await outbox.due(receiver, Number.MAX_SAFE_INTEGER, BATCH);
        if (left.length === 0) break;
        for (const { notice_id } of left) {
          await outbox.failed(notice_id, 'the receiver is not configured any more', clock.now());
        }
      }
    }
  } catch (error) {
    log.error({ err: error }, 'the outbox could not be read');
  }
}
