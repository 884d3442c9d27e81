import type { Hooks, Message } from '../kit/kit.ts';

type Delivery = ReturnType<Hooks['publish']>[number];

/** What becomes of each message that is meant; undefined: what usually does. */
export function delivering(
  act: (message: Message) => readonly Delivery[] | undefined,
): Pick<Hooks, 'publish'> {
  return { publish: (message) => act(message) ?? [{ message, delayMs: 0 }] };
}

/** Messages that nobody gets, the archive neither. */
export function losing(isMeant: (topic: string) => boolean): Pick<Hooks, 'publish'> {
  return delivering(({ topic }) => (isMeant(topic) ? [] : undefined));
}

/** From the first delivery to the second, sandbox milliseconds. */
const AGAIN_MS = 3_000;

/** Messages that come twice, under the same id. */
export function repeating(isMeant: (topic: string) => boolean): Pick<Hooks, 'publish'> {
  return delivering((message) => {
    if (!isMeant(message.topic)) return undefined;
    return [
      { message, delayMs: 0 },
      { message, delayMs: AGAIN_MS },
    ];
  });
}
