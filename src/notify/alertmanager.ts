import type { Receiver } from '../core/config.ts';
import type { Incident } from '../core/incident.ts';
import { isoTime } from '../core/iso-time.ts';
import type { Channel, IncidentMessage } from '../core/notice.ts';
import { type ChannelOptions, readToken } from './channel-options.ts';
import { type Exchange, exchange, judgeStatus } from './exchange.ts';
import { manyLines, oneLine } from './text.ts';

/**
 * Milliseconds. An alert that is not told again ends after this by itself, whatever `resolve_timeout` the Alertmanager has: a restart of packprobe
 * does not resolve it, its end does.
 */
const LASTS_MS = 600_000;

/** Characters; of one line and of the whole text. Mail and chat of an Alertmanager's own receivers cut at less. */
const SUMMARY_LIMIT = 300;
const DESCRIPTION_LIMIT = 8000;

/** One alert for each incident, through Alertmanager's API v2. It tells repeats by labels and times. */
export function alertmanager(
  name: string,
  receiver: Extract<Receiver, { kind: 'alertmanager' }>,
  options: ChannelOptions,
): Channel {
  const { http, clock } = options;
  const other: Exchange = { http, clock, who: `the Alertmanager at ${new URL(receiver.url).host}` };
  const address = `${receiver.url.replace(/\/+$/, '')}/api/v2/alerts`;

  async function post(messages: readonly IncidentMessage[], signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (receiver.token !== undefined) {
      headers['authorization'] =
        `Bearer ${await readToken(options, receiver.token, `receivers.${name}.token`)}`;
    }
    const body = JSON.stringify(messages.map((message) => alertOf(message, options)));
    const response = await exchange(other, { method: 'POST', url: address, headers, body }, signal);
    judgeStatus(other, response, response.body);
  }

  return {
    carries: ['incident'],
    async send({ message }, signal) {
      if (message.type === 'incident') await post([message], signal);
    },
    async refresh(open, signal) {
      if (open.length > 0) await post(open, signal);
    },
  };
}

function alertOf({ incident, title, text, links }: IncidentMessage, options: ChannelOptions): object {
  const { environment, system, runs } = incident;
  const linkTo = (what: RegExp) => links.find((link) => what.test(link.title))?.url;
  const annotations = {
    summary: oneLine(title, SUMMARY_LIMIT),
    description: manyLines(text, DESCRIPTION_LIMIT),
    run_id: runs.at(-1)?.run_id,
    runbook_url: linkTo(/runbook/i),
    dashboard: linkTo(/dashboard/i),
    ticket: incident.ticket ?? undefined,
  };
  return {
    labels: {
      alertname: 'PackprobeSystemFailing',
      environment,
      system,
      // What is our own breaks nobody's work.
      severity: system === 'own' ? 'warning' : 'critical',
    },
    annotations: Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== undefined)),
    ...timesOf(incident, options),
    ...(options.url === undefined ? {} : { generatorURL: incidentUrl(options.url, incident) }),
  };
}

function timesOf(incident: Incident, { clock, hostTime }: ChannelOptions): object {
  const now = clock.now();
  const startsAt = Math.min(hostTime(incident.environment, incident.since), now);
  const isOver = incident.state === 'resolved' || incident.state === 'dismissed';
  const over = hostTime(incident.environment, incident.resolved_at ?? incident.updated_at);
  // An end before the beginning is refused, and one that lies ahead is none yet.
  const endsAt = isOver ? Math.max(startsAt, Math.min(over, now)) : now + LASTS_MS;
  return { startsAt: isoTime(startsAt), endsAt: isoTime(endsAt) };
}

function incidentUrl(base: string, { incident_id }: Incident): string {
  return `${base.replace(/\/+$/, '')}/api/v1/incidents/${encodeURIComponent(incident_id)}`;
}
