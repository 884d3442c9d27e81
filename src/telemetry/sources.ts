import type { EventSource } from '../core/event.ts';
import type { Incidents } from '../core/incident.ts';
import type { Credential } from '../core/metrics.ts';
import type { Outbox } from '../core/notice.ts';
import type { Observations } from '../core/observations.ts';
import type { Dues } from '../core/schedule.ts';
import type { Site } from '../core/site.ts';
import type { WriteStatistics } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import type { Totals } from '../core/totals.ts';

/** The parts of a Store that metrics are made of. */
export interface MetricsStore {
  readonly totals: Pick<Totals, 'all'>;
  readonly incidents: Pick<Incidents, 'live' | 'systems'>;
  readonly outbox: Pick<Outbox, 'backlog'>;
  readonly dues: Pick<Dues, 'waiting'>;
  readonly observations: Observations;
  version(): string;
  size(): Promise<number>;
  writes(): WriteStatistics;
}

/** What a service knows beside its store. Times: epoch ms of the host. */
export interface ServiceNumbers {
  /** Whether it is the one that starts runs. */
  readonly leads: boolean;
  /** When its scheduler last went round. */
  readonly tickAt: number | undefined;
  /** The last reading of the configuration. */
  readonly reload: { readonly ok: boolean; readonly at: number };
  /** What it logs in with, as far as it is known when that expires. */
  readonly credentials: readonly {
    readonly environment: string;
    readonly credential: Credential;
    readonly expiresAt: number;
  }[];
  /** By how much clocks of systems are ahead of ours. Milliseconds. */
  readonly clockOffsets: readonly {
    readonly environment: string;
    readonly system: Charge;
    readonly offsetMs: number;
  }[];
  readonly sources: readonly {
    readonly environment: string;
    readonly source: EventSource;
    readonly connected: boolean;
    readonly lastMessageAt: number | undefined;
  }[];
}

/** Where all numbers of `/metrics` come from, beside the process itself; whoever serves gives them. */
export interface MetricsSources {
  readonly store: MetricsStore;
  /** As they are now: a reload makes new ones. */
  sites(): readonly Site[];
  /** Names of all receivers that are configured. */
  receivers(): readonly string[];
  service(): ServiceNumbers;
  /** Epoch ms of the environment's clock; undefined where it is not scheduled. */
  nextDue(site: Site, probe: string): number | undefined;
}

/** What the store said, all at one moment or nearly so. */
export interface StoreSnapshot {
  readonly totals: Awaited<ReturnType<Totals['all']>>;
  readonly live: Awaited<ReturnType<Incidents['live']>>;
  readonly systems: Awaited<ReturnType<Incidents['systems']>>;
  readonly backlog: Awaited<ReturnType<Outbox['backlog']>>;
  readonly waiting: Awaited<ReturnType<Dues['waiting']>>;
  readonly active: Awaited<ReturnType<Observations['active']>>;
  readonly leftovers: Awaited<ReturnType<Observations['leftovers']>>;
  /** By scope and probe, each as `SCOPE PROBE`. */
  readonly firstDue: ReadonlyMap<string, number>;
}

/** Reads the store anew only where something was written to it since the last time. */
export function snapshots(store: MetricsStore): (sites: readonly Site[]) => Promise<StoreSnapshot> {
  let last: { readonly version: string; readonly of: string; readonly taken: Promise<StoreSnapshot> };
  const firstDue = new Map<string, number>();

  async function take(sites: readonly Site[]): Promise<StoreSnapshot> {
    for (const { scope, probes } of sites) {
      for (const probe of probes.keys()) {
        const id = `${scope} ${probe}`;
        // It never changes once it is there.
        const first = firstDue.get(id) ?? (await store.observations.firstDue(scope, probe));
        if (first !== undefined) firstDue.set(id, first);
      }
    }
    return {
      totals: await store.totals.all(),
      live: await store.incidents.live(),
      systems: await store.incidents.systems(),
      backlog: await store.outbox.backlog(),
      waiting: await store.dues.waiting(),
      active: await store.observations.active(),
      leftovers: await store.observations.leftovers(),
      firstDue,
    };
  }

  return async (sites) => {
    const version = store.version();
    const of = sites.map(({ scope, probes }) => `${scope} ${[...probes.keys()].join(' ')}`).join('\n');
    if (last?.version !== version || last.of !== of) {
      const taken = take(sites);
      const mine = { version, of, taken };
      last = mine;
      // What failed is asked again.
      taken.catch(() => {
        if (last === mine) last = { ...mine, version: '' };
      });
    }
    return last.taken;
  };
}
