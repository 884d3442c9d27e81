import type { Config } from '../core/config.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { Place } from './scheduler.ts';

/** Who runs, and who still finds a place beside them. */
export interface Places {
  take(place: Place): void;
  leave(place: Place): void;
  all(): readonly Place[];
  /** The run of this probe that still goes. */
  ofProbe(scope: string, probe: string): Place | undefined;
  /** Why a run finds no place now; undefined where it does. */
  lack(site: Site, probe: SiteProbe): string | undefined;
}

export function openPlaces(limits: () => Config['schedule']): Places {
  const places = new Set<Place>();
  const count = (counts: (place: Place) => boolean) => [...places].filter(counts).length;
  return {
    take: (place) => void places.add(place),
    leave: (place) => void places.delete(place),
    all: () => [...places],
    ofProbe: (scope, probe) => [...places].find((place) => place.scope === scope && place.probe === probe),
    lack(site, probe) {
      const { max_runs, systems } = limits();
      if (places.size >= max_runs) return `${max_runs} runs go at the same time, as schedule.max_runs says`;
      const there = (place: Place) => place.scope === site.scope;
      const holder = [...places].find((place) => there(place) && place.package === probe.package);
      if (holder !== undefined) return `a run of ${holder.probe} holds package ${probe.package}`;
      if (site.maxRuns !== undefined && count(there) >= site.maxRuns) {
        return `${site.maxRuns} runs go in ${site.environment.name} at the same time, as its max_runs says`;
      }
      for (const [system, most] of Object.entries(systems)) {
        if (most === undefined || !probe.systems.some((each) => each === system)) continue;
        const using = count((place) => there(place) && place.systems.some((each) => each === system));
        if (using >= most) return `${most} runs use ${system} at the same time, as schedule.systems says`;
      }
      return undefined;
    },
  };
}
