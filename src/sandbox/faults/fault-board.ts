import type { OpenKit } from '../kit/open-kit.ts';
import type { NamedFault } from './declared.ts';

/** The switches of a sandbox's faults. */
export interface FaultBoard {
  /** All that there are, by name. */
  readonly known: ReadonlyMap<string, NamedFault>;
  isOn(name: string): boolean;
  /** False where there is no such fault. What is on already stays on, at its place. Resolves when every part has followed. */
  turn(name: string, on: boolean): Promise<boolean>;
}

export function faultBoard(kit: OpenKit, known: ReadonlyMap<string, NamedFault>): FaultBoard {
  return {
    known,
    isOn: (name) => kit.faults.has(name),
    async turn(name, on) {
      const fault = known.get(name);
      if (fault === undefined) return false;
      if (kit.faults.has(name) === on) return true;
      const { hooks } = fault;
      if (on) kit.faults.set(name, { name, hooks: typeof hooks === 'function' ? hooks(kit) : hooks });
      else kit.faults.delete(name);
      await kit.switched();
      return true;
    },
  };
}
