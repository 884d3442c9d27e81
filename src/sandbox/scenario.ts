import type { Scenario, ScenarioEvent } from '../core/scenario.ts';
import type { FaultBoard } from './faults/fault-board.ts';
import type { SandboxClock } from './kit/clock.ts';
import { fedora, type World } from './kit/world.ts';

/** What the clock shows when it begins, epoch ms. */
export function startOf(scenario: Scenario | undefined): number | undefined {
  return scenario?.start === undefined ? undefined : Date.parse(scenario.start);
}

/** The world in which a scenario plays. */
export function worldOf({ releases, start }: Scenario, world: World): World {
  if (releases === undefined) return world;
  const current = releases.filter(({ state }) => state === 'current').map(({ version }) => version);
  return {
    ...world,
    releases: releases.map(({ version, state }) => {
      const older = current.toSorted((a, b) => b - a).indexOf(version);
      const year = new Date(start ?? DEFAULT_START).getUTCFullYear();
      const release = fedora(version, state === 'rawhide', older < 0 ? null : releasedOn(year, older));
      return state === 'frozen' ? { ...release, state } : release;
    }),
  };
}

/** Of a scenario that does not say when it begins. */
const DEFAULT_START = '2026-11-17T08:00Z';

/** A release comes every half year, in April and in October: the newest of this April. @param older how many current ones are newer */
function releasedOn(year: number, older: number): number {
  return Date.UTC(year, 3 - 6 * older, 14);
}

export interface Stage {
  readonly clock: SandboxClock;
  readonly faults: FaultBoard;
  /** Asks for so many builds of Rawhide by release engineering, spread over a time. Sandbox milliseconds. */
  readonly rebuild: (builds: number, overMs: number) => void;
  readonly trouble: (where: string, error: unknown) => void;
}

/** Sets the clock for all that a scenario tells. Throws where it names a fault that there is not. */
export function playScenario({ events }: Scenario, stage: Stage): void {
  const { clock, faults, rebuild, trouble } = stage;
  // Of two events of one fault that overlap, the first that ends must not mend what the other breaks.
  const begun = new Map<string, number>();
  const turn = (name: string, on: boolean) => {
    const count = (begun.get(name) ?? 0) + (on ? 1 : -1);
    begun.set(name, count);
    if (!on && count > 0) return;
    faults.turn(name, on).catch((error: unknown) => trouble(`the scenario, at ${name}`, error));
  };
  for (const event of events) {
    if ('mass_rebuild' in event) {
      clock.after(event.at, () => rebuild(event.mass_rebuild.builds, event.for));
      continue;
    }
    assertKnown(event, faults);
    clock.after(event.at, () => turn(event.fault, true));
    if (event.for !== undefined) clock.after(event.at + event.for, () => turn(event.fault, false));
  }
}

function assertKnown({ fault }: Extract<ScenarioEvent, { fault: string }>, { known }: FaultBoard): void {
  if (!known.has(fault)) throw new Error(`the scenario names a fault that there is not: ${fault}`);
}
