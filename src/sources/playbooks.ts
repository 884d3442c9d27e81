import { z } from 'zod';
import { datagrepper } from '../clients/datagrepper.ts';
import { below, withQuery } from '../clients/http-answer.ts';
import type { BusMessage } from '../clients/messages.ts';
import { stampOf } from '../clients/timestamps.ts';
import type { ChangeBefore } from '../core/incident.ts';
import type { SourceOptions } from './options.ts';

const results = z.record(
  z.string(),
  z.object({ changed: z.number().default(0), failures: z.number().default(0) }),
);

const body = z.object({
  playbook: z.string().min(1),
  userid: z.string().default('somebody'),
  results: results.optional(),
});

/** Where the infrastructure keeps its playbooks: people know them by what follows. */
const FOLDER = /^.*\/playbooks\//;

interface Asked {
  readonly since: number;
  readonly until: number;
}

/**
 * What the infrastructure's playbooks did to its systems, as the archive of messages has it: the best public hint that somebody has just changed one.
 * Never throws but for the signal: an archive that is out is no reason to tell nothing.
 */
export async function playbooks(
  { http, env }: Pick<SourceOptions, 'http' | 'env'>,
  { since, until }: Asked,
  signal: AbortSignal,
): Promise<readonly ChangeBefore[]> {
  const { url } = env.systems.datagrepper ?? {};
  if (url === undefined) return [];
  const prefix = env.systems.messaging?.topic_prefix ?? 'org.fedoraproject.prod';
  const topics = ['start', 'complete'].map((end) => `${prefix}.ansible.playbook.${end}`);
  try {
    const messages = await datagrepper({ http, url }).messages(topics, { start: since, end: until }, signal);
    return changesOf(messages, url);
  } catch {
    signal.throwIfAborted();
    return [];
  }
}

/** One for each playbook that was run: of one that has ended its end, which tells how much it changed. */
function changesOf(messages: readonly BusMessage[], url: string): readonly ChangeBefore[] {
  const open = new Map<string, ChangeBefore>();
  const ended: ChangeBefore[] = [];
  for (const { id, topic, sent_at, body: given } of messages) {
    const read = body.safeParse(given);
    const at = stampOf(sent_at)?.earliest;
    if (!read.success || at === undefined) continue;
    const { playbook, userid, results: hosts = {} } = read.data;
    const name = playbook.replace(FOLDER, '');
    const key = `${playbook} ${userid}`;
    const change = (text: string): ChangeBefore => ({
      at,
      kind: 'playbook',
      text: `playbook ${name} by ${userid}${text}`,
      link: withQuery(below(url, 'id'), [['id', id]]),
    });
    if (topic.endsWith('.start')) {
      open.set(key, change(' was begun'));
      continue;
    }
    open.delete(key);
    const all = Object.values(hosts);
    const changed = all.reduce((sum, host) => sum + host.changed, 0);
    const failures = all.reduce((sum, host) => sum + host.failures, 0);
    ended.push(change(`: ${changed} changed${failures > 0 ? `, ${failures} failed` : ''}`));
  }
  return [...ended, ...open.values()];
}
