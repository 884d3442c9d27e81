import type { Kit } from '../kit/kit.ts';

/** A final result or a waiver that has just been stored. */
export interface Stored {
  /** The build that it is about. */
  readonly nvr: string;
  /** Its own stamp, epoch ms. */
  readonly at: number;
}

const listeners = new WeakMap<Kit, ((stored: Stored) => void)[]>();

/** Hears of every final result and waiver of a build, also of those whose message is lost on the bus. */
export function whenStored(kit: Kit, act: (stored: Stored) => void): void {
  const acts = listeners.get(kit);
  if (acts === undefined) listeners.set(kit, [act]);
  else acts.push(act);
}

export function tellStored(kit: Kit, stored: Stored): void {
  for (const act of listeners.get(kit) ?? []) act(stored);
}
