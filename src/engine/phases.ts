import type { Event } from '../core/event.ts';
import type { PhaseRecord } from '../core/run.ts';

/**
 * The parts of a wait that the system tells apart, read from the events of its subject: `queued` lasts until `running`, that until `ended`. Side by side
 * tasks (`data.children`, with `arch`, `queued_ms`, `running_ms`, `started_at`) are told each.
 */
export function phasesOf(events: readonly Event[]): readonly PhaseRecord[] {
  const at = (phase: Event['phase']) => events.find((event) => event.phase === phase)?.latest;
  const queued = at('queued');
  const running = at('running');
  const ended = at('ended');
  const phases: PhaseRecord[] = [];
  if (queued !== undefined && running !== undefined) {
    phases.push({ phase: 'queued', started_at: queued, duration_ms: Math.max(0, running - queued) });
  }
  if (running !== undefined && ended !== undefined) {
    phases.push({ phase: 'running', started_at: running, duration_ms: Math.max(0, ended - running) });
  }
  return [...phases, ...childPhases(events)];
}

interface Child {
  readonly arch: string;
  readonly created_at: number;
  readonly queued_ms: number;
  readonly running_ms: number;
}

function childPhases(events: readonly Event[]): readonly PhaseRecord[] {
  const children = events.findLast((event) => Array.isArray(event.data['children']))?.data['children'];
  if (!Array.isArray(children)) return [];
  return children.filter(isChild).flatMap(({ arch, created_at, queued_ms, running_ms }): PhaseRecord[] => [
    { phase: 'queued', arch, started_at: created_at, duration_ms: queued_ms },
    { phase: 'running', arch, started_at: created_at + queued_ms, duration_ms: running_ms },
  ]);
}

function isChild(value: unknown): value is Child {
  if (typeof value !== 'object' || value === null) return false;
  const child = value as Partial<Child>;
  return (
    typeof child.arch === 'string' &&
    typeof child.created_at === 'number' &&
    typeof child.queued_ms === 'number' &&
    typeof child.running_ms === 'number'
  );
}
