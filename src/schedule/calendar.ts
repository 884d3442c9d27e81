import { byWeight, type Concern, strictest } from '../core/calendar.ts';
import type { Period } from '../core/schedule.ts';
import type { Site } from '../core/site.ts';
import type { Charge } from '../core/system.ts';

/** Outages, freezes and the like, as they concern runs. Times: epoch ms of the environment's clock. */
export interface Calendar {
  /** The strictest period that concerns a run of these systems at that moment. */
  at(site: Site, systems: readonly Charge[], at: number): Period | undefined;
  /** The strictest one that touches a run from its start to its end; `leftOutBy` says what to store. */
  over(site: Site, systems: readonly Charge[], from: number, to: number): Period | undefined;
}

/**
 * @param config periods of the configuration, in the environment's time: whoever writes one for a sandbox means the time there
 * @param feeds periods that others tell, in the time of the host, which is theirs
 */
export function openCalendar(config: () => readonly Period[], feeds: () => readonly Period[]): Calendar {
  const over = (site: Site, systems: readonly Charge[], from: number, to: number) => {
    const concern: Concern = { environment: site.environment.name, systems, from, to };
    const { clock } = site;
    const told = strictest(feeds(), { ...concern, from: clock.toHost(from), to: clock.toHost(to) });
    const known = strictest(config(), concern);
    return [known, told].filter((period) => period !== undefined).sort(byWeight)[0];
  };
  return { over, at: (site, systems, at) => over(site, systems, at, at) };
}
