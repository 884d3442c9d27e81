import type { LogFields, Logger } from '../core/ports.ts';

/** A warning or an error that is the same as one before is said once in so much time. Milliseconds. */
const QUIET_MS = 300_000;

/** So many different ones are remembered; then all are forgotten. */
const MOST = 1000;

/**
 * What fails every second for a whole night, such as a full disk, would bury all else in the log, and fill the next disk. What was left out is
 * counted as `repeated` in the next line of its kind.
 * @param now monotonic milliseconds
 */
export function quietLogger(log: Logger, now: () => number): Logger {
  const said = new Map<string, { at: number; repeated: number }>();

  const quiet =
    (level: 'warn' | 'error', to: Logger, about: LogFields) =>
    (fields: LogFields, sentence: string): void => {
      const key = JSON.stringify([level, sentence, about, fields], plain);
      const before = said.get(key);
      if (before !== undefined && now() - before.at < QUIET_MS) {
        before.repeated += 1;
        return;
      }
      if (said.size >= MOST) said.clear();
      said.set(key, { at: now(), repeated: 0 });
      const repeated = before?.repeated ?? 0;
      to[level](repeated === 0 ? fields : { ...fields, repeated }, sentence);
    };

  const wrapped = (to: Logger, about: LogFields): Logger => ({
    debug: to.debug.bind(to),
    info: to.info.bind(to),
    warn: quiet('warn', to, about),
    error: quiet('error', to, about),
    child: (fields) => wrapped(to.child(fields), { ...about, ...fields }),
  });
  return wrapped(log, {});
}

/** Two errors with the same words are the same; ages and counts make no difference. */
function plain(_: string, value: unknown): unknown {
  if (value instanceof Error) return `${value.name}: ${value.message.replaceAll(/\d+/g, '0')}`;
  return typeof value === 'number' ? 0 : value;
}
