import type { OpenKit } from '../kit/open-kit.ts';
import type { NamedFault } from './declared.ts';

/** The switches of a sandbox's faults. */
export interface FaultBoard {
  /** All that there are, by name. */
  readonly known: ReadonlyMap<string, NamedFault>;
  isOn(name: string): boolean;
  /** False where there is no such fault. What is on already stays on, at its place. */
  turn(name: string, on: boolean): boolean;
}

/** `turned` is called after each change, for parts that cannot ask a hook each time they act. */
export function faultBoard(
  { faults }: Pick<OpenKit, 'faults'>,
  known: ReadonlyMap<string, NamedFault>,
  turned: () => void = () => {},
): FaultBoard {
  return {
    known,
    isOn: (name) => faults.has(name),
    turn(name, on) {
      const fault = known.get(name);
      if (fault === undefined) return false;
      if (on) faults.set(name, fault);
      else faults.delete(name);
      turned();
      return true;
    },
  };
}
