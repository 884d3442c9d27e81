import { asFault } from '../core/fault.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Site } from '../core/site.ts';
import type { Loop } from './service.ts';

/** What broke something was often changed an hour before. Milliseconds of the host. */
const LOOK_MS = 60 * 60_000;

export interface VersionsOptions {
  sites(): readonly Site[];
  /** Asks the systems of an environment for their versions and writes them down. */
  note(site: Site, signal: AbortSignal): Promise<void>;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks at the versions of systems every hour: only who knew the old one can say that there is a new one. */
export function watchVersions({ sites, note, clock, log }: VersionsOptions): Loop {
  return {
    name: 'versions',
    component: 'worker',
    async run(signal) {
      while (!signal.aborted) {
        // First the pause: a start has better things to do.
        await clock.sleep(LOOK_MS, signal).catch(() => {});
        for (const site of sites()) {
          if (signal.aborted) return;
          await note(site, signal).catch((error: unknown) => {
            if (signal.aborted) return;
            const fields = { environment: site.environment.name, err: asFault(error) };
            log.warn(fields, 'versions of systems could not be written down');
          });
        }
      }
    },
  };
}
