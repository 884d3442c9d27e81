import type { Clock, Http } from '../core/ports.ts';
import type { Period } from '../core/schedule.ts';
import type { Site } from '../core/site.ts';
import type { Store } from '../core/store.ts';
import { changesBefore } from '../incidents/changes.ts';
import { noteVersions } from '../incidents/versions.ts';
import type { DigesterOptions } from '../service/digester.ts';
import { playbooks } from '../sources/playbooks.ts';
import { systemVersions } from '../sources/versions.ts';

/** How long what only adds to a message may take: systems that are broken often hang. Milliseconds of the host. */
const BESIDE_MS = 10_000;

export interface ChangesOptions {
  readonly store: Store;
  httpOf(site: Site): Promise<Http>;
  /** In the time of the environment. */
  periods(site: Site): readonly Period[];
  /** The host's. */
  readonly clock: Clock;
}

/** What changes in an environment beside its runs. */
export interface Changes {
  /** Asked when a run has failed. */
  readonly before: DigesterOptions['changes'];
  /** Writes down which versions its systems have now: only who knew the old one can say that there is a new one. */
  note(site: Site, signal: AbortSignal): Promise<void>;
}

export function openChanges({ store, httpOf, periods, clock }: ChangesOptions): Changes {
  async function shortly<Answer>(
    ask: (signal: AbortSignal) => Promise<Answer>,
    instead: Answer,
    stop: AbortSignal,
  ): Promise<Answer> {
    using limit = clock.deadline(BESIDE_MS, () => new Error('it took too long'));
    return ask(AbortSignal.any([stop, limit.signal])).catch((error: unknown) => {
      if (stop.aborted || !limit.signal.aborted) throw error;
      return instead;
    });
  }

  async function note(site: Site, stop: AbortSignal): Promise<void> {
    const source = { http: await httpOf(site), env: site.environment };
    const versions = await shortly((signal) => systemVersions(source, signal), {}, stop);
    await noteVersions(store, { scope: site.scope, versions, at: site.clock.now() });
  }

  return {
    note,
    async before(site, asked, stop) {
      await note(site, stop);
      const source = { http: await httpOf(site), env: site.environment };
      return changesBefore(
        {
          ...asked,
          store,
          playbooks: (window, asking) => shortly((signal) => playbooks(source, window, signal), [], asking),
          periods: periods(site),
        },
        stop,
      );
    },
  };
}
