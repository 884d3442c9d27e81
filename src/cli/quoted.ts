/** A word as a shell would need it, so that a line can be copied; placeholders stay readable. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
