import { randomUUID } from 'node:crypto';
import type { Message } from '../../kit/kit.ts';
import type { DeclaredFault } from '../declared.ts';
import { delivering } from '../messages.ts';

/** Release of the other build, as of no run of ours. */
const RELEASE = '0.7';

export const fault: DeclaredFault = {
  says: 'Behind each message of a build or test comes the same of another build of its package, whose test failed.',
  outcome: 'passed',
  charge: null,
  hooks: delivering((message) => {
    const body = othersBody(message);
    if (body === undefined) return undefined;
    return [
      { message, delayMs: 0 },
      { message: { ...message, id: randomUUID(), body }, delayMs: 0 },
    ];
  }),
};

function othersBody({ topic, body }: Message): Message['body'] | undefined {
  if (/\.buildsys\.(tag|untag)$/.test(topic)) return { ...body, release: RELEASE };
  if (!/\.ci\.koji-build\.test\./.test(topic)) return undefined;
  const artifact = body['artifact'] as Readonly<Record<string, unknown>>;
  const test = body['test'] as Readonly<Record<string, unknown>>;
  const nvr = String(artifact['nvr']).replace(/-[^-]+$/, `-${RELEASE}`);
  return {
    ...body,
    artifact: { ...artifact, nvr },
    test: 'result' in test ? { ...test, result: 'failed' } : test,
  };
}
