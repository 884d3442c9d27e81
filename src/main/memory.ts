import type { Clock } from '../core/ports.ts';
import { giveBack } from '../platform/thrift.ts';
import type { Loop } from '../service/service.ts';

/** So long after it took the lease, all that a start makes has been made. Milliseconds of the host, as all here. */
const SETTLED_MS = 10_000;

/** Who has nothing to do collects no garbage by itself. */
const AGAIN_MS = 10 * 60_000;

/** Gives memory back that a start, or a busy hour, has needed and the wait behind it does not. */
export function givingBack(clock: Clock): Loop {
  return {
    name: 'memory',
    component: 'worker',
    async run(signal) {
      for (let pauseMs = SETTLED_MS; !signal.aborted; pauseMs = AGAIN_MS) {
        await clock.sleep(pauseMs, signal).catch(() => {});
        if (!signal.aborted) giveBack();
      }
    },
  };
}
