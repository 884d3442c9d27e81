/** So many answers are kept: specs and source lists, a few kB each. */
const MOST = 500;

/** Answers that stay true for ever once there is one, such as a file of a commit; the oldest go first. */
export function kept<Value>(): (
  key: string,
  ask: () => Promise<Value | undefined>,
) => Promise<Value | undefined> {
  const answers = new Map<string, Value>();
  return async (key, ask) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = await ask();
    if (answer === undefined) return undefined;
    const [oldest] = answers.keys();
    if (answers.size >= MOST && oldest !== undefined) answers.delete(oldest);
    answers.set(key, answer);
    return answer;
  };
}
