import type { Config } from '../core/config.ts';
import type { Digest } from '../core/digest.ts';
import type { ChangeBefore, Incident, SystemEvidence } from '../core/incident.ts';
import { type Decision, decide, rulesOf } from '../core/incident-rules.ts';
import type { IncidentChange, NewNotice } from '../core/notice.ts';
import type { Ids } from '../core/ports.ts';
import type { RunRecord } from '../core/run.ts';
import type { Due, LeftOut, NewDue } from '../core/schedule.ts';
import { EVIDENCE_INTERVALS, type Site } from '../core/site.ts';
import type { StoredRun } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import { beginIncident, openIncident, withFailure } from './course.ts';
import { answersTo, evidenceOf } from './evidence.ts';
import type { MessageContext } from './message.ts';
import { machineNotices, noticesOf } from './notices.ts';

const DAY_MS = 86_400_000;

/** What the store knew before the run: see `knownBefore`. */
export interface Known {
  /** Live ones of the scope, and of each system the one that was resolved last. */
  readonly incidents: readonly Incident[];
  /** Of the systems that the run fails, and of those with a live incident; in any order. */
  readonly evidence: readonly SystemEvidence[];
  /** How often a system fails when nothing is wrong. */
  readonly rates: ReadonlyMap<Charge, { readonly failed: number; readonly of: number }>;
  /** How many runs failed one after another just before it, of this probe or of any, that no open incident explains. */
  readonly failedBefore: number;
  /** The run of this probe before it in this environment. */
  readonly previous: Pick<RunRecord, 'outcome' | 'fault' | 'steps'> | undefined;
}

export interface DigestInput {
  /** It has ended. */
  readonly run: Pick<StoredRun, 'header' | 'record'>;
  readonly site: Pick<Site, 'probes'>;
  readonly config: Pick<Config, 'incidents' | 'receivers'>;
  readonly known: Known;
  /** The period that the run lay in, where those are left out. */
  readonly left_out: LeftOut | null;
  /** What asked for it; undefined of one that nobody planned. */
  readonly due: Pick<Due, 'cause' | 'of'> | undefined;
  /** Of the day before it; only wanted of runs that failed. */
  readonly changes: readonly ChangeBefore[];
  /** Epoch ms: of the environment's clock, and of the host. */
  readonly now: number;
  readonly hostNow: number;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly context: MessageContext;
}

/**
 * All that follows from a finished run; the totals are left to whoever stores it. Pure: the same run and the same knowledge give the same, but for
 * the ids of new incidents. What ended long ago is history: it becomes evidence, and nobody is told.
 */
export function digestRun(input: DigestInput): Digest {
  const { run, site, known, left_out, config, hostNow } = input;
  const { record, header } = run;
  const nothing = { run_id: header.run_id, left_out, totals: [], incidents: [], notices: [], dues: [] };
  if (record === null) return { ...nothing, evidence: [] };
  const live = known.incidents.filter(isLive);
  const evidence = evidenceOf({ record, scope: header.scope, site, live, counted: left_out === null });
  if (isHistory(input, record)) return { ...nothing, evidence };
  const machines = machineNotices({
    record,
    previous: known.previous,
    receivers: config.receivers,
    now: hostNow,
  });
  if (left_out !== null) return { ...nothing, evidence, notices: machines };

  const desk = new Desk(input, record, evidence);
  // Good news first: what is mended is no reason to think that more is broken.
  for (const row of evidence.toSorted((a, b) => Number(b.good) - Number(a.good))) desk.take(row);
  return {
    ...nothing,
    evidence,
    incidents: desk.incidents,
    notices: [...machines, ...desk.notices],
    dues: desk.dues(),
  };
}

/** Whether it concerns nobody: of the past, after a restore, an import, a long time down; or in an environment that is not served, such as a try. */
function isHistory({ site, now }: DigestInput, record: RunRecord): boolean {
  if (site.probes.size === 0) return true;
  const interval = site.probes.get(record.probe)?.intervalMs ?? 0;
  return now - record.ended_at > Math.max(EVIDENCE_INTERVALS * interval, DAY_MS);
}

function isLive({ state }: Incident): boolean {
  return state === 'suspected' || state === 'open';
}

/** Works through the evidence of one run. */
class Desk {
  readonly #input: DigestInput;
  readonly #record: RunRecord;
  readonly #history: readonly SystemEvidence[];
  readonly #changed = new Map<string, Incident>();
  readonly #notices: NewNotice[] = [];
  /** What the run leaves open to doubt. */
  #suspected: Incident | undefined;
  /** Another run of the probe that failed first, where the cheaper one said nothing of what had failed. */
  #unanswered: Incident | undefined;

  constructor(input: DigestInput, record: RunRecord, evidence: readonly SystemEvidence[]) {
    this.#input = input;
    this.#record = record;
    const before = input.known.evidence.filter(({ run_id }) => run_id !== record.run_id);
    this.#history = [...evidence, ...before].filter(({ counted }) => counted);
  }

  get incidents(): readonly Incident[] {
    return [...this.#changed.values()];
  }

  get notices(): readonly NewNotice[] {
    return this.#notices;
  }

  take(row: SystemEvidence): void {
    const { config, site, known } = this.#input;
    const live = this.#all().find((incident) => isLive(incident) && incident.system === row.system);
    const history = this.#history.filter(({ system }) => system === row.system);
    const decision = decide({
      rules: rulesOf(config.incidents, row.system),
      live,
      row,
      history,
      answers: live === undefined ? () => true : answersTo(live, { site, record: this.#record }),
      confirms: live !== undefined && this.#confirms(live, row, history),
      failedRuns: row.system === 'own' ? 0 : known.failedBefore + 1,
    });
    this.#act(decision, row, live, history);
  }

  /** Runs that the digested one asks for. */
  dues(): readonly NewDue[] {
    const { site, due, now, run } = this.#input;
    const { scope, environment, run_id, probe } = run.header;
    const ask = (name: string, cause: 'retry' | 'confirm', of: string): readonly NewDue[] =>
      site.probes.has(name) ? [{ scope, environment, probe: name, due_at: now, cause, of }] : [];
    if (this.#record.outcome === 'errored') {
      // Once: what is tried again is not tried a third time, and nobody planned a run of the command line.
      return due !== undefined && due.cause !== 'retry' ? ask(probe, 'retry', run_id) : [];
    }
    const doubted = this.#suspected;
    const asked =
      doubted === undefined ? [] : ask(confirmingProbe(site, probe, doubted.system), 'confirm', run_id);
    const open = this.#unanswered ?? this.#unreached();
    const last = open?.runs.at(-1);
    if (open === undefined || last === undefined) return asked;
    const again =
      this.#unanswered === undefined ? confirmingProbe(site, last.probe, open.system) : last.probe;
    if (asked.some(({ probe: same }) => same === again)) return asked;
    return [...asked, ...ask(again, 'confirm', last.run_id)];
  }

  /** What this run was to confirm, and did not come to, for it failed elsewhere without a reason that is known. */
  #unreached(): Incident | undefined {
    const { due } = this.#input;
    if (due?.cause !== 'confirm' || this.#suspected === undefined) return undefined;
    return this.#all().find((incident) => {
      if (incident.state !== 'suspected' || incident.system === this.#suspected?.system) return false;
      return incident.runs.at(-1)?.run_id === due.of;
    });
  }

  #act(
    decision: Decision,
    row: SystemEvidence,
    live: Incident | undefined,
    history: readonly SystemEvidence[],
  ): void {
    const { config } = this.#input;
    const rules = rulesOf(config.incidents, row.system);
    switch (decision) {
      case 'suspect':
      case 'open':
      case 'add': {
        const failing = this.#failing(row, live, history);
        if (decision === 'open') this.#open(failing, row);
        else this.#keep(failing);
        if (decision !== 'open' && failing.state === 'suspected' && rules.open.when === 'confirmed')
          this.#suspected = failing;
        return;
      }
      case 'dismiss':
        if (live !== undefined) this.#keep({ ...live, state: 'dismissed' });
        return;
      case 'resolve':
        if (live !== undefined) this.#resolve(live, row);
        return;
      case 'nothing':
        if (row.good && live?.state === 'suspected') this.#wonder(live);
    }
  }

  #failing(row: SystemEvidence, live: Incident | undefined, history: readonly SystemEvidence[]): Incident {
    const { ids, known, changes, config } = this.#input;
    const record = this.#record;
    const normal = known.rates.get(row.system) ?? { failed: 0, of: 0 };
    const incident =
      live ??
      beginIncident({ incident_id: ids.uuid(), row, since: record.ended_at, history, normal, changes });
    return withFailure(incident, { row, record, history, rules: rulesOf(config.incidents, row.system) });
  }

  #open(incident: Incident, { system, at }: SystemEvidence): void {
    const { config, hostNow, known } = this.#input;
    const before = known.incidents.filter((other) => other.system === system && other.state === 'resolved');
    const rules = rulesOf(config.incidents, system);
    const opened = openIncident(incident, { at, told_at: hostNow, rules, before });
    this.#keep(opened);
    this.#tell(opened, opened.flapping_since === null ? 'opened' : 'flapping');
  }

  #resolve(incident: Incident, row: SystemEvidence): void {
    const resolved: Incident = {
      ...incident,
      state: 'resolved',
      resolved_at: row.at,
      told_at: this.#input.hostNow,
    };
    this.#keep(resolved);
    this.#tell(resolved, 'resolved');
  }

  #keep(incident: Incident): void {
    this.#changed.set(incident.incident_id, incident);
  }

  #tell(incident: Incident, change: IncidentChange): void {
    const { config, context, hostNow } = this.#input;
    this.#notices.push(
      ...noticesOf(incident, change, { receivers: config.receivers, context, now: hostNow }),
    );
  }

  /** The confirmation was good, and yet does not answer: now the probe that failed has the word. */
  #wonder(live: Incident): void {
    const { due } = this.#input;
    const last = live.runs.at(-1);
    if (live.system === 'own' || last === undefined || last.probe === this.#record.probe) return;
    if (due?.cause === 'retry' || (due?.cause === 'confirm' && due.of === last.run_id))
      this.#unanswered = live;
  }

  /** Of our own doing, the same fault again; of a system, a failure that no good run of the same probe has parted from the first. */
  #confirms(live: Incident, row: SystemEvidence, history: readonly SystemEvidence[]): boolean {
    if (row.system === 'own') return live.runs.at(-1)?.fault.code === this.#record.fault?.code;
    return !history.some(({ probe, good, at }) => good && probe === row.probe && at > live.updated_at);
  }

  #all(): readonly Incident[] {
    const { incidents } = this.#input.known;
    const known = incidents.map((incident) => this.#changed.get(incident.incident_id) ?? incident);
    const ids = new Set(known.map(({ incident_id }) => incident_id));
    return [...known, ...this.incidents.filter(({ incident_id }) => !ids.has(incident_id))];
  }
}

/** The cheap probe that confirms, where it has a step of the system; else the probe that failed. */
function confirmingProbe(site: Pick<Site, 'probes'>, failed: string, system: Charge): string {
  const { confirm_with } = site.probes.get(failed) ?? {};
  const confirming = confirm_with === undefined ? undefined : site.probes.get(confirm_with);
  return confirming?.systems.includes(system) === true ? confirming.name : failed;
}
