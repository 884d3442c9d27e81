import type { Config, IncidentRules, Receiver } from '../core/config.ts';
import type { Incident } from '../core/incident.ts';
import type { IncidentChange, NewNotice, RunMessage, StepMessage } from '../core/notice.ts';
import type { RunRecord } from '../core/run.ts';
import type { Charge } from '../core/system.ts';
import { incidentMessage, type MessageContext } from './message.ts';
import { quietUntil } from './quiet-hours.ts';
import { madeBy } from './run-facts.ts';

export type Receivers = Config['receivers'];

export interface Telling {
  readonly receivers: Receivers;
  readonly context: MessageContext;
  /** Epoch ms of the host. */
  readonly now: number;
}

/** One message for each receiver that wants to know of the incident; in quiet hours it waits for their end. */
export function noticesOf(
  incident: Incident,
  change: IncidentChange,
  { receivers, context, now }: Telling,
): readonly NewNotice[] {
  const message = incidentMessage(incident, change, context);
  // What was opened and is over again is told as one.
  const replaces = change === 'resolved' ? toldBefore(incident) : [];
  return Object.entries(receivers).flatMap(([name, receiver]) =>
    wants(receiver, incident.environment, [incident.system])
      ? [
          {
            receiver: name,
            subject: incident.incident_id,
            state: change,
            message,
            created_at: now,
            due_at: quietUntil(receiver.quiet_hours, now),
            ...(replaces.length === 0 ? {} : { replaces }),
          },
        ]
      : [],
  );
}

function toldBefore({ reminders }: Incident): readonly IncidentChange[] {
  const reminded = Array.from({ length: reminders }, (_, index): IncidentChange => `reminded-${index + 1}`);
  return ['opened', 'flapping', 'acknowledged', ...reminded];
}

/** Whoever is told of a system of an environment is also told that packprobe itself cannot say anything of it. */
function wants(
  { environments, systems }: Receiver,
  environment: string,
  charged: readonly Charge[],
): boolean {
  if (environments?.includes(environment) === false) return false;
  return systems === undefined || charged.some((system) => system === 'own' || systems.includes(system));
}

/**
 * What is told of an open incident without a run: that somebody is on it, once; and while nobody is, that it still lasts. Not where nobody watches it
 * any more: whether it does is not known.
 */
export function reminders(
  incidents: readonly Incident[],
  rulesOf: (incident: Incident) => Pick<IncidentRules, 'remind_every'>,
  telling: Telling & { readonly toHost: (at: number) => number },
): { readonly incidents: readonly Incident[]; readonly notices: readonly NewNotice[] } {
  const { now, toHost } = telling;
  const changed: Incident[] = [];
  const notices: NewNotice[] = [];
  for (const incident of incidents) {
    const { state, acknowledged_at, told_at, unwatched_since } = incident;
    if (state !== 'open') continue;
    if (acknowledged_at !== null) {
      if (toHost(acknowledged_at) <= (told_at ?? 0)) continue;
      changed.push({ ...incident, told_at: now });
      notices.push(...noticesOf(incident, 'acknowledged', telling));
    } else if (unwatched_since === null && now - (told_at ?? 0) >= rulesOf(incident).remind_every) {
      const reminded = { ...incident, reminders: incident.reminders + 1, told_at: now };
      changed.push(reminded);
      notices.push(...noticesOf(reminded, `reminded-${reminded.reminders}`, telling));
    }
  }
  return { incidents: changed, notices };
}

interface Finished {
  readonly record: RunRecord;
  readonly previous: Pick<RunRecord, 'outcome' | 'fault' | 'steps'> | undefined;
  readonly receivers: Receivers;
  readonly now: number;
}

/** The run and its steps for those receivers that want every one. */
export function machineNotices({ record, previous, receivers, now }: Finished): readonly NewNotice[] {
  const { environment, run_id } = record;
  const messages = [
    runMessage(record, previous),
    ...record.steps.map((_, index) => stepMessage(record, index, previous)),
  ];
  return Object.entries(receivers).flatMap(([name, receiver]) => {
    if (!('runs' in receiver) || !receiver.runs) return [];
    return messages.flatMap((message): readonly NewNotice[] => {
      const charged =
        message.type === 'step'
          ? [message.system, message.fault?.system ?? message.system]
          : chargesOf(record);
      if (!wants(receiver, environment, charged)) return [];
      return [
        {
          receiver: name,
          subject: message.type === 'step' ? `${run_id}/${message.step}` : run_id,
          state: 'ended',
          message,
          created_at: now,
          due_at: quietUntil(receiver.quiet_hours, now),
        },
      ];
    });
  });
}

function chargesOf({ steps, fault }: RunRecord): readonly Charge[] {
  return [...steps.map(({ system }) => system), ...(fault === undefined ? [] : [fault.system])];
}

function runMessage(record: RunRecord, previous: Finished['previous']): RunMessage {
  const { run_id, probe, environment, outcome, started_at, ended_at, duration_ms } = record;
  return {
    type: 'run',
    run_id,
    probe,
    environment,
    package: record.package,
    outcome,
    started_at,
    ended_at,
    duration_ms,
    fault: record.fault ?? null,
    ...madeBy(record),
    retry_of: record.retry_of ?? null,
    duplicate: previous?.outcome === outcome && previous.fault?.system === record.fault?.system,
  };
}

function stepMessage(
  { run_id, probe, environment, steps }: RunRecord,
  index: number,
  previous: Finished['previous'],
): StepMessage {
  const step = steps[index] as RunRecord['steps'][number];
  const before = previous?.steps.find(({ id }) => id === step.id);
  return {
    type: 'step',
    run_id,
    probe,
    environment,
    step: step.id,
    uses: step.uses,
    system: step.system,
    outcome: step.outcome,
    started_at: step.started_at ?? null,
    duration_ms: step.duration_ms,
    attempts: step.attempts.length,
    fault: step.fault ?? null,
    outputs: step.outputs,
    duplicate: before?.outcome === step.outcome && before.fault?.system === step.fault?.system,
  };
}
