import { httpDate } from '../clients/timestamps.ts';
import type { Environment } from '../core/environment.ts';
import { EVENT_SOURCES, type EventSource } from '../core/event.ts';
import { parseIsoTime } from '../core/iso-time.ts';
import type { Clock, Http } from '../core/ports.ts';
import type { RunRecord } from '../core/run.ts';
import type { Check, Site } from '../core/site.ts';
import type { Store } from '../core/store.ts';
import type { System } from '../core/system.ts';
import type { Evidence } from '../service/evidence.ts';
import type { ServiceNumbers } from '../telemetry/sources.ts';

/** A stamp of HTTP is cut off to the second: on average half of one is missing. Milliseconds. */
const CUT_OFF_MS = 500;

type Numbers = Pick<ServiceNumbers, 'credentials' | 'clockOffsets' | 'sources'>;

/** What is seen of the world beside runs: when logins end, by how much clocks differ, what was heard when. */
export interface Observed {
  numbers(): Numbers;
  /** What the last run of an environment has told. */
  run(record: RunRecord, evidence: Pick<Evidence, 'reports'>, clock: Clock): void;
  checks(checks: readonly Check[]): void;
  /** Reads the clocks of those who answer. */
  http(http: Http, environment: Environment): Http;
}

/** @param clock the host's */
export function openObserved(clock: Clock): Observed {
  const credentials = new Map<string, Numbers['credentials'][number]>();
  const offsets = new Map<string, Numbers['clockOffsets'][number]>();
  const heard = new Map<string, number>();
  let checked: readonly Check[] = [];

  function sourcesOf(environment: string): Numbers['sources'] {
    const mine = checked.filter(({ name }) => name.startsWith(`${environment}/`));
    return EVENT_SOURCES.flatMap((source) => {
      const asked = mine.filter(({ name }) => name.endsWith('/datagrepper') === (source === 'archive'));
      // There is no bus that could be asked.
      if (source === 'bus' || asked.length === 0) return [];
      const lastMessageAt = heard.get(`${environment} ${source}`);
      return [{ environment, source, connected: asked.every(({ ok }) => ok), lastMessageAt }];
    });
  }

  function hear(environment: string, source: EventSource, at: number): void {
    const key = `${environment} ${source}`;
    heard.set(key, Math.max(at, heard.get(key) ?? 0));
  }

  return {
    numbers: () => ({
      credentials: [...credentials.values()],
      clockOffsets: [...offsets.values()],
      sources: [...new Set(checked.map(({ name }) => name.split('/')[0] ?? ''))].flatMap(sourcesOf),
    }),

    run({ environment, steps }, { reports }, itsClock) {
      const login = steps.find(({ uses, outcome }) => uses === 'fas/login' && outcome === 'passed');
      const expires = login?.outputs['expires_at'];
      const at = typeof expires === 'string' ? parseIsoTime(expires) : undefined;
      if (at !== undefined) {
        credentials.set(environment, { environment, credential: 'ticket', expiresAt: itsClock.toHost(at) });
      }
      for (const { source, latest } of reports) hear(environment, source, itsClock.toHost(latest));
    },

    checks(checks) {
      checked = checks;
    },

    http: (http, { name: environment, systems, clock: definition }) => {
      // Whoever answers in a sandbox has the clock of this host.
      if (definition !== undefined) return http;
      return async (request, signal) => {
        const response = await http(request, signal);
        const told = httpDate(response.headers['date']);
        const entry = Object.entries(systems).find(([, each]) => {
          const url = each !== undefined && 'url' in each ? each.url : undefined;
          return url !== undefined && request.url.startsWith(url);
        });
        if (told !== null && entry !== undefined) {
          const [name] = entry;
          const system = name as System;
          const offsetMs = told + CUT_OFF_MS - clock.now();
          offsets.set(`${environment} ${name}`, { environment, system, offsetMs });
        }
        return response;
      };
    },
  };
}

/** What a restart must not forget: the run of every probe that ended last. */
export async function observeLast(observed: Observed, store: Store, sites: readonly Site[]): Promise<void> {
  for (const { scope, probes, clock } of sites) {
    for (const probe of probes.keys()) {
      // By its index: to look for a run of a probe that never had one through all that others had takes longer than the whole start.
      const last = await store.pages.lastEnded(scope, probe);
      const { run } = last === undefined ? {} : await store.find(last.run_id);
      if (run?.record != null) observed.run(run.record, { reports: [] }, clock);
    }
  }
}
