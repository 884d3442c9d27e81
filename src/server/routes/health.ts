import type { Check } from '../../core/site.ts';
import * as answers from '../answers.ts';
import { open, type Reply, type Route } from '../route.ts';
import type { ServerOptions } from '../server.ts';

/** Longest time that readiness may take: whoever asks for it waits no longer. Milliseconds. */
const LIMIT_MS = 5_000;

const good = { description: 'Every check is good.', schema: answers.health } as const;
const bad = { description: 'At least one check is not.', schema: answers.health } as const;

/** Routes for whoever ends, starts and watches the process. */
export function healthRoutes(): readonly Route[] {
  // One look at a time: nobody can make the database write more by asking more often.
  let looking: Promise<readonly Check[]> | undefined;

  return [
    open({
      method: 'GET',
      url: '/healthz/live',
      tag: 'health',
      summary: 'Whether the process lives',
      description:
        'Looks at nothing outside of the process: who gets a 503, or no answer, may end it and start it again.',
      answers: { 200: good, 503: bad },
      handle: async (_, world) => reply(world.live()),
    }),
    open({
      method: 'GET',
      url: '/healthz/ready',
      tag: 'health',
      summary: 'Whether the service does its work',
      description:
        'Good only where every check is: the database takes writes, the scheduler has come round lately, each source that is configured has answered lately.',
      answers: { 200: good, 503: bad },
      async handle(_, world) {
        looking ??= look(world).finally(() => {
          looking = undefined;
        });
        return reply(await looking);
      },
    }),
  ];
}

async function look({ readiness, clock, log }: ServerOptions): Promise<readonly Check[]> {
  using deadline = clock.deadline(LIMIT_MS, () => new Error('readiness was not known in time'));
  const { signal } = deadline;
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  try {
    // A check that obeys no signal is bad, too.
    return await Promise.race([readiness(signal), aborted]);
  } catch (error) {
    log.warn({ err: error }, 'readiness could not be looked at');
    const text = signal.aborted ? 'not known in time' : 'could not be looked at; see the log';
    return [{ name: 'readiness', ok: false, text, age_ms: null }];
  }
}

function reply(checks: readonly Check[]): Reply<unknown> {
  // Where nothing is checked nothing is known.
  const ok = checks.length > 0 && checks.every((check) => check.ok);
  const rounded = checks.map((check) => ({
    ...check,
    age_ms: check.age_ms === null ? null : Math.round(check.age_ms),
  }));
  return { status: ok ? 200 : 503, body: { ok, checks: rounded } };
}
