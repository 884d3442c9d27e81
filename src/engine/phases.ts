import type { Event } from '../core/event.ts';
import type { PhaseRecord } from '../core/run.ts';
import type { Charge } from '../core/system.ts';

/**
 * The parts of a wait that the system tells apart, read from the events of its subject that are the system's own: `queued` lasts until `running`, that
 * until `ended`. What ran side by side is told each, under the names in `data.children` (Koji's labels: the arches).
 */
export function phasesOf(heard: readonly Event[], system: Charge): readonly PhaseRecord[] {
  const events = heard.filter((event) => event.system === system);
  const at = (phase: Event['phase']) => events.find((event) => event.phase === phase)?.latest;
  const queued = at('queued');
  const running = at('running');
  const ended = at('ended');
  return [
    ...between('queued', queued, running),
    ...between('running', running, ended),
    ...childPhases(events),
  ];
}

function between(
  phase: PhaseRecord['phase'],
  from: number | undefined,
  to: number | undefined,
): readonly PhaseRecord[] {
  return from === undefined || to === undefined
    ? []
    : [{ phase, started_at: from, duration_ms: Math.max(0, to - from) }];
}

interface Child {
  readonly created_at: number;
  readonly queued_ms: number | null;
  readonly running_ms: number | null;
}

function childPhases(events: readonly Event[]): readonly PhaseRecord[] {
  const children = events.findLast(({ data }) => isObject(data['children']))?.data['children'];
  return Object.entries(children ?? {}).flatMap(([arch, child]): readonly PhaseRecord[] => {
    if (!isChild(child)) return [];
    const { created_at, queued_ms, running_ms } = child;
    return [
      ...(queued_ms === null
        ? []
        : [{ phase: 'queued', arch, started_at: created_at, duration_ms: queued_ms } as const]),
      ...(running_ms === null
        ? []
        : [
            {
              phase: 'running',
              arch,
              started_at: created_at + (queued_ms ?? 0),
              duration_ms: running_ms,
            } as const,
          ]),
    ];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isChild(value: unknown): value is Child {
  return isObject(value) && 'created_at' in value && typeof value.created_at === 'number';
}
