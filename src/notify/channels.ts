import type { Config, Receiver } from '../core/config.ts';
import { Fault } from '../core/fault.ts';
import type { Channel } from '../core/notice.ts';
import type { ChannelOptions } from './channel-options.ts';

/** The channel of one receiver. Each kind is loaded when somebody uses it. Throws a Fault where there is no such kind yet. */
export async function openChannel(
  name: string,
  receiver: Receiver,
  options: ChannelOptions,
): Promise<Channel> {
  switch (receiver.kind) {
    case 'alertmanager':
      return (await import('./alertmanager.ts')).alertmanager(name, receiver, options);
    case 'mail':
      return (await import('./mail.ts')).mail(name, receiver, options);
    case 'webhook':
      return (await import('./webhook.ts')).webhook(name, receiver, options);
    case 'command':
      return (await import('./command.ts')).command(name, receiver, options);
    case 'matrix':
      return (await import('./matrix.ts')).matrix(name, receiver, options);
    case 'ticket':
      throw new Fault(`receivers.${name}: this version of packprobe cannot open tickets`, {
        code: 'RECEIVER_KIND_MISSING',
        kind: 'prober',
        evidence: { receiver: name, kind: receiver.kind },
        hint: 'Take the receiver out of packprobe.yaml, or use `kind: command` with a program that opens the ticket.',
      });
  }
}

/** The channels of all receivers, by name. Throws the Fault of the first that cannot be. */
export async function openChannels(
  receivers: Config['receivers'],
  options: ChannelOptions,
): Promise<ReadonlyMap<string, Channel>> {
  const channels = new Map<string, Channel>();
  for (const [name, receiver] of Object.entries(receivers)) {
    channels.set(name, await openChannel(name, receiver, options));
  }
  return channels;
}
