import type { Subject } from '../core/event.ts';
import { subjectId } from '../core/event.ts';

/** What a source remembers of a subject between two looks; subjects that are no longer followed are forgotten. */
export function memory<Remembered>(): {
  /** What the last look left, of the subjects that are still followed. */
  recall(subject: Subject): Remembered | undefined;
  keep(subject: Subject, remembered: Remembered): void;
  /** To be called with all subjects of a look, before it. */
  follow(subjects: readonly Subject[]): void;
} {
  let known = new Map<string, Remembered>();
  return {
    recall: (subject) => known.get(subjectId(subject)),
    keep: (subject, remembered) => void known.set(subjectId(subject), remembered),
    follow(subjects) {
      const kept = new Map<string, Remembered>();
      for (const subject of subjects) {
        const remembered = known.get(subjectId(subject));
        if (remembered !== undefined) kept.set(subjectId(subject), remembered);
      }
      known = kept;
    },
  };
}

/** When something was first seen that has no stamp of its own. */
export interface Bracket {
  readonly earliest: number | undefined;
  readonly latest: number;
}

/**
 * @param before start of the last look that did not see it; undefined where there was none
 * @param after end of the look that does
 * @param blurMs how much the clock's bounds have to be widened
 */
export function bracket(before: number | undefined, after: number, blurMs: number): Bracket {
  // A clock that was set back meanwhile must not make a bracket of negative width, which would pass for the narrowest.
  return {
    earliest: before === undefined ? undefined : Math.min(before, after) - blurMs,
    latest: after + blurMs,
  };
}
