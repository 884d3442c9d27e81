import type { LookRecord } from '../core/store.ts';
import { localTime } from './times.ts';

/** The sources that could not be asked to the end, once each: what only they tell is missing from a run that may have passed all the same. */
export function blindSources(looks: readonly LookRecord[]): readonly string[] {
  const since = new Map<string, { readonly from: number; readonly message: string }>();
  for (const { source, failing } of looks) {
    const last = failing.at(-1);
    if (last?.to !== null) continue;
    const known = since.get(source);
    if (known === undefined || last.from < known.from) since.set(source, last);
  }
  return [...since].map(([, { from, message }]) => `${message}, since ${localTime(from)}`);
}
