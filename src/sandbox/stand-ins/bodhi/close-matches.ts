const MOST = 3;
const ENOUGH = 0.6;

/** The words nearest to one, best first: Python's `difflib.get_close_matches`, which click asks when an option is unknown. */
function closeMatches(word: string, words: readonly string[]): readonly string[] {
  return words
    .map((candidate) => ({ candidate, ratio: likeness(candidate, word) }))
    .filter(({ ratio }) => ratio >= ENOUGH)
    .sort((a, b) => b.ratio - a.ratio || (a.candidate < b.candidate ? 1 : -1))
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

/** Twice the letters in common, in blocks of the same order, of all letters: 0 to 1. */
function likeness(a: string, b: string): number {
  return (2 * inCommon(a, b)) / (a.length + b.length);
}

function inCommon(a: string, b: string): number {
  let best = { length: 0, inA: 0, inB: 0 };
  for (let inA = 0; inA < a.length; inA++) {
    for (let inB = 0; inB < b.length; inB++) {
      let length = 0;
      while (inA + length < a.length && a[inA + length] === b[inB + length]) length++;
      if (length > best.length) best = { length, inA, inB };
    }
  }
  const { length, inA, inB } = best;
  if (length === 0) return 0;
  return (
    length +
    inCommon(a.slice(0, inA), b.slice(0, inB)) +
    inCommon(a.slice(inA + length), b.slice(inB + length))
  );
}

/** What click adds to a word that it does not know. */
export function guessed(word: string, words: readonly string[]): string {
  const near = [...closeMatches(word, words)].sort().map((name) => `'${name}'`);
  if (near.length === 0) return '';
  return near.length === 1 ? ` Did you mean ${near[0]}?` : ` (Did you mean one of: ${near.join(', ')}?)`;
}
