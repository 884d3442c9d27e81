import { readFileSync } from 'node:fs';
import { type Config, readConfig } from '../../src/core/config.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { FaultData, Outcome } from '../../src/core/fault.ts';
import type { ChangeBefore, Incident, Incidents, SystemEvidence } from '../../src/core/incident.ts';
import type { NewNotice } from '../../src/core/notice.ts';
import { planProbe } from '../../src/core/planner.ts';
import { readProbe } from '../../src/core/probe.ts';
import type { RunRecord, StepRecord } from '../../src/core/run.ts';
import type { Cause, LeftOut, NewDue } from '../../src/core/schedule.ts';
import type { SiteProbe } from '../../src/core/site.ts';
import type { RunHeader, StoredRun } from '../../src/core/store.ts';
import type { Charge } from '../../src/core/system.ts';
import { digestRun } from '../../src/incidents/digest.ts';
import { knownBefore } from '../../src/incidents/known.ts';
import { shippedActions } from './actions.ts';
import { ROOT } from './sources.ts';

const actions = await shippedActions();

/** A probe that ships, as `serve` would run it. */
export function siteProbe(name: string, changes: Partial<SiteProbe> = {}): SiteProbe {
  const file = `probes/${name}.yaml`;
  const text = readFileSync(`${ROOT}/${file}`, 'utf8');
  const plan = planProbe({ probe: readProbe(file, text), actions, overrides: { package: 'gloster' } });
  const { schedule, confirm_with } = plan.probe;
  return {
    name,
    plan,
    definition: { file, text },
    package: 'gloster',
    branch: 'stable',
    schedule,
    intervalMs: schedule?.every,
    confirm_with,
    systems: [...new Set(plan.steps.map(({ system }) => system))],
    ...changes,
  };
}

export const HOUR_MS = 3_600_000;
export const START = Date.UTC(2026, 10, 17, 8, 0, 0);

/** How a run goes: well, or wrong at a step. */
export interface Trouble {
  readonly step: string;
  /** Whom the fault charges. @defaultValue the system of the step */
  readonly system?: Charge;
  readonly code?: string;
  readonly kind?: FaultData['kind'];
  readonly evidence?: FaultData['evidence'];
}

interface RunIn {
  readonly probe: string;
  /** Epoch ms of its start. */
  readonly at: number;
  readonly trouble?: Trouble | undefined;
  readonly cancelled?: boolean;
  readonly cause?: Cause;
  readonly of?: string;
  readonly left_out?: LeftOut;
  readonly changes?: readonly ChangeBefore[];
  /** How long each step takes. @defaultValue a minute */
  readonly stepMs?: number;
  /** How long after its end it is looked at. */
  readonly lateMs?: number;
}

/** What ended, as the engine would have stored it. */
export function runRecord(
  probe: SiteProbe,
  { run_id, at, trouble, cancelled, stepMs = 60_000 }: RunIn & { readonly run_id: string },
): RunRecord {
  const steps: StepRecord[] = [];
  let fault: FaultData | undefined;
  let now = at;
  for (const { id, name, uses, system } of probe.plan.steps) {
    const fails = trouble?.step === id;
    const skipped = fault !== undefined;
    const stepFault: FaultData | undefined = fails
      ? {
          message: `${id} went wrong`,
          code: trouble.code ?? 'HTTP_UNREACHABLE',
          kind: cancelled === true ? 'cancelled' : (trouble.kind ?? 'unavailable'),
          system: trouble.system ?? system,
          evidence: trouble.evidence ?? {},
        }
      : undefined;
    fault ??= stepFault;
    const outcome = skipped ? 'skipped' : stepFault === undefined ? 'passed' : outcomeOf(stepFault);
    steps.push({
      id,
      name,
      uses,
      system,
      outcome,
      ...(skipped ? {} : { started_at: now }),
      duration_ms: skipped ? 0 : stepMs,
      attempts: [],
      phases: [],
      inputs: {},
      outputs: outcome === 'passed' && id === 'build' ? { nvr: `gloster-0-${at}.fc44` } : {},
      ...(stepFault === undefined ? {} : { fault: stepFault }),
    });
    if (!skipped) now += stepMs;
  }
  return {
    run_id,
    probe: probe.name,
    environment: 'fedora',
    package: 'gloster',
    branch: 'f44',
    release: null,
    params: {},
    started_at: at,
    ended_at: now,
    duration_ms: now - at,
    outcome: fault === undefined ? 'passed' : outcomeOf(fault),
    ...(fault === undefined ? {} : { fault }),
    steps,
    subjects: [],
    versions: {},
    packprobe: '0.1.0',
  };
}

function outcomeOf({ kind }: FaultData): Outcome {
  if (kind === 'cancelled') return 'cancelled';
  return kind === 'prober' || kind === 'unexpected' ? 'errored' : 'failed';
}

/** Digests runs one after another and keeps what comes of them in memory. */
export class IncidentWorld {
  readonly config: Config;
  readonly probes: ReadonlyMap<string, SiteProbe>;
  readonly incidents = new Map<string, Incident>();
  readonly notices: NewNotice[] = [];
  evidence: SystemEvidence[] = [];
  /** The newest first, and not all. */
  ended: StoredRun[] = [];
  #ids = 0;

  constructor(
    config = 'receivers: { team: { kind: command, command: [tell] } }\n',
    probes?: readonly SiteProbe[],
  ) {
    this.config = readConfig('packprobe.yaml', config);
    const all = probes ?? [siteProbe('single-build'), siteProbe('scratch-build')];
    this.probes = new Map(all.map((probe) => [probe.name, probe]));
  }

  async run(
    request: RunIn,
    found = this.probes.get(request.probe),
  ): Promise<Digest & { readonly ended_at: number }> {
    const { probe, cause = 'schedule', of = null, left_out = null, changes = [], lateMs = 0 } = request;
    if (found === undefined) throw new Error(`no probe ${probe}`);
    const run_id = this.#id('0a');
    const record = runRecord(found, { ...request, run_id });
    const header = { run_id, probe, environment: 'fedora', scope: 'fedora' } as RunHeader;
    const run = { header, record, left_out } as StoredRun;
    const { config, site } = this;
    const now = record.ended_at + lateMs;
    const digest = digestRun({
      run,
      site,
      config,
      known: await knownBefore({ run, site, config, store: this.#store() }),
      left_out,
      due: { cause, of },
      changes,
      now,
      hostNow: now,
      ids: { uuid: () => this.#id('0b') },
      context: { now, runbooks: 'docs/runbooks', procedures: {}, url: undefined },
    });
    this.ended = [run, ...this.ended].slice(0, 10);
    this.evidence.push(...digest.evidence);
    // Only the newest are ever asked for.
    if (this.evidence.length > 5000) this.evidence = this.evidence.slice(-2500);
    for (const incident of digest.incidents) this.incidents.set(incident.incident_id, incident);
    this.notices.push(...digest.notices);
    return { ...digest, ended_at: record.ended_at };
  }

  get site() {
    return { probes: this.probes };
  }

  /** What people were told, in order: `koji opened`. */
  get told(): readonly string[] {
    return this.notices.flatMap(({ message }) =>
      message.type === 'incident' ? [`${message.incident.system} ${message.change}`] : [],
    );
  }

  /** Incidents by system and state, in the order in which they began: `koji open`. */
  get states(): readonly string[] {
    return [...this.incidents.values()].map(({ system, state }) => `${system} ${state}`);
  }

  last(system: Charge): Incident {
    const found = [...this.incidents.values()].filter((incident) => incident.system === system).at(-1);
    if (found === undefined) throw new Error(`no incident of ${system}`);
    return found;
  }

  #id(kind: string): string {
    this.#ids += 1;
    return `019a9000-0000-7000-8000-${kind}${String(this.#ids).padStart(10, '0')}`;
  }

  #store() {
    const all = () => [...this.incidents.values()];
    const incidents = {
      live: async () => all().filter(({ state }) => state === 'open' || state === 'suspected'),
      list: async ({ system, state, limit }) =>
        all()
          .filter((incident) => incident.system === system && incident.state === state)
          .toReversed()
          .slice(0, limit),
      evidence: async ({ system, limit }) =>
        this.evidence
          .filter((row) => row.system === system)
          .toSorted((a, b) => b.at - a.at)
          .slice(0, limit),
      failureRate: async (_, system, since) => {
        const rows = this.evidence.filter((row) => row.system === system && row.counted && row.at >= since);
        return { failed: rows.filter(({ good }) => !good).length, of: rows.length };
      },
    } satisfies Partial<Incidents> as unknown as Incidents;
    const ended = async ({ probe }: { readonly probe?: string }) =>
      this.ended.filter(({ header }) => probe === undefined || header.probe === probe);
    return { incidents, digests: { ended } };
  }
}

/** The runs that follow by themselves: each due is run at once, as `next` says how it goes. */
export function followed({ dues }: Pick<Digest, 'dues'>): readonly Pick<NewDue, 'probe' | 'cause' | 'of'>[] {
  return dues.map(({ probe, cause, of }) => ({ probe, cause, ...(of === undefined ? {} : { of }) }));
}
