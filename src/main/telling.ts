import type { Host } from '../cli/host.ts';
import type { Config } from '../core/config.ts';
import type { Channel, IncidentMessage } from '../core/notice.ts';
import type { Clock, Http, Logger } from '../core/ports.ts';
import type { Site } from '../core/site.ts';
import type { Store } from '../core/store.ts';
import { incidentMessage, type MessageContext } from '../incidents/message.ts';
import type { ChannelOptions } from '../notify/channel-options.ts';
import { openChannels } from '../notify/channels.ts';
import { openSender } from '../notify/outbox.ts';
import { processExec } from '../platform/exec.ts';
import type { Loop } from '../service/service.ts';

export interface TellingOptions {
  readonly store: Store;
  config(): Config;
  sites(): readonly Site[];
  context(): Omit<MessageContext, 'now'>;
  readonly http: Http;
  readonly secret: ChannelOptions['secret'];
  readonly data: string;
  readonly env: Host['env'];
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** Tells receivers what waits for them; they change with the configuration. */
export interface Telling {
  readonly loop: Loop;
  nudge(): void;
  /** Throws the Fault of a receiver that cannot be. */
  check(config: Config): Promise<void>;
  /** Goes on with the receivers of the configuration as it is now. */
  exchange(): void;
}

export function openTelling(options: TellingOptions): Telling {
  const { store, config, sites, context, http, secret, data, env, clock, log } = options;
  let exchanged = new AbortController();
  let nudge = () => {};

  function channelsOf({ receivers, listen }: Config): Promise<ReadonlyMap<string, Channel>> {
    return openChannels(receivers, {
      http,
      exec: processExec({ environment: plainEnvironment(env), cwd: data }),
      clock,
      hostTime(environment, at) {
        const site = sites().find((one) => one.environment.name === environment);
        return site?.clock.toHost(at) ?? at;
      },
      secret,
      url: listen.url,
      log,
    });
  }

  /** For channels that have to be told anew of what goes on. */
  async function openIncidents(): Promise<readonly IncidentMessage[]> {
    const live = await store.incidents.live();
    return live.flatMap((incident) => {
      const site = sites().find(({ scope }) => scope === incident.scope);
      // Of what nobody watches nobody knows whether it still fails.
      if (incident.state !== 'open' || incident.unwatched_since !== null || site === undefined) return [];
      return [incidentMessage(incident, 'opened', { ...context(), now: site.clock.now() })];
    });
  }

  return {
    loop: {
      name: 'sender',
      component: 'notifier',
      async run(signal) {
        while (!signal.aborted) {
          exchanged = new AbortController();
          const until = AbortSignal.any([signal, exchanged.signal]);
          const channels = await channelsOf(config());
          const sender = openSender({ outbox: store.outbox, channels, clock, log, open: openIncidents });
          nudge = sender.nudge;
          await sender.run(until);
          // Without receivers there is nothing to run.
          await clock.sleep(Number.MAX_SAFE_INTEGER, until).catch(() => {});
        }
      },
    },
    nudge: () => nudge(),
    async check(next) {
      await channelsOf(next);
    },
    exchange: () => exchanged.abort(),
  };
}

/** What a command of a receiver gets of our own environment. */
function plainEnvironment(env: Host['env']): Readonly<Record<string, string>> {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ'].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(kept);
}
