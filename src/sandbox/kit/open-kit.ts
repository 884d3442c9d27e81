import { randomUUID } from 'node:crypto';
import type { ChainEvent } from '../../core/chain.ts';
import type { SandboxClock } from './clock.ts';
import { delayOf, draw } from './draw.ts';
import { headersOf } from './headers.ts';
import type { Holding, Hooks, Interference, Kit, Message, SandboxFault } from './kit.ts';
import { discard } from './rows.ts';
import { othersPackage, type World } from './world.ts';

export interface KitOptions {
  readonly clock: SandboxClock;
  readonly world: World;
  readonly dir: string;
  readonly seed: string;
  /** Told of what goes wrong inside the sandbox. */
  readonly trouble: (where: string, error: unknown) => void;
}

export interface OpenKit extends Kit {
  /** The faults that are switched on, in the order of switching. */
  readonly faults: Map<string, SandboxFault>;
  holdingsOf(run: string): Promise<readonly Holding[]>;
  /** Resolves when every message so far has been handled. */
  settled(): Promise<void>;
  /** Throws away messages and truths about other people's builds that are older, epoch ms; what names an own package or packager stays. */
  forget(before: number): void;
  /** Tells all parts that `faults` has changed; resolves when they have followed. */
  switched(): Promise<void>;
}

const LAST_COUNTS: ReadonlySet<ChainEvent> = new Set(['ci_complete', 'result', 'decision', 'gate']);

/** `git.receive` of `org.fedoraproject.sandbox.git.receive`: `pagure.git.receive` ends alike and is another topic. */
function applicationTopic(topic: string): string {
  return topic.split('.').slice(3).join('.');
}

export function openKit({ clock, world, dir, seed, trouble }: KitOptions): OpenKit {
  const faults = new Map<string, SandboxFault>();
  const archive: Message[] = [];
  const truths = new Map<string, Partial<Record<ChainEvent, number>>>();
  const looks: ((run: string) => readonly Holding[] | Promise<readonly Holding[]>)[] = [];
  const forgetters: ((isGone: (message: Message) => boolean) => void)[] = [];
  const followers: (() => void | Promise<void>)[] = [];
  const consumers: {
    topic: string;
    handle: (message: Message) => Promise<void> | void;
    tail: Promise<void>;
  }[] = [];

  const hooks: Hooks = {
    wire: (system, request) => first<Interference>((fault) => fault.wire?.(system, request)),
    rule: (point, subject) => first((fault) => fault.rule?.(point, subject)),
    refuses: (system) => first((fault) => fault.refuses?.(system)),
    publish: (message) =>
      first((fault) => {
        const deliveries = fault.publish?.(message);
        return deliveries?.length === 1 && deliveries[0]?.message === message && deliveries[0].delayMs === 0
          ? undefined
          : deliveries;
      }) ?? [{ message, delayMs: 0 }],
  };

  function first<Answer>(ask: (hooks: Partial<Hooks>) => Answer | undefined): Answer | undefined {
    for (const fault of faults.values()) {
      const answer = ask(fault.hooks);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  function deliver(message: Message): void {
    archive.push(message);
    const topic = applicationTopic(message.topic);
    for (const consumer of consumers) {
      if (topic !== consumer.topic) continue;
      consumer.tail = consumer.tail
        .then(() => consumer.handle(message))
        .catch((error: unknown) => trouble(`a consumer of ${consumer.topic}`, error));
    }
  }

  return {
    clock,
    world,
    hooks,
    dir,
    archive,
    faults,
    trouble,
    draw: (point, subject) => draw(seed, point, subject),
    delay: (point, subject, usual) => delayOf(world.delays[point] ?? usual, draw(seed, point, subject)),
    publish(topic, body) {
      const owner = topic.startsWith('ci.') ? 'org.centos' : 'org.fedoraproject';
      const id = randomUUID();
      const sentAt = clock.now();
      const whole = `${owner}.${world.stage}.${topic}`;
      const headers = {
        ...headersOf(topic, body),
        'sent-at': new Date(sentAt).toISOString().replace(/\.\d+Z$/, '+00:00'),
      };
      const message: Message = { id, topic: whole, sentAt, headers, body };
      for (const delivery of hooks.publish(message)) {
        if (delivery.delayMs > 0) clock.after(delivery.delayMs, () => deliver(delivery.message));
        else deliver(delivery.message);
      }
      return sentAt;
    },
    subscribe: (topic, handle) => void consumers.push({ topic, handle, tail: Promise.resolve() }),
    truth(nvr, event, at = clock.now()) {
      const known = truths.get(nvr) ?? {};
      if (known[event] === undefined || LAST_COUNTS.has(event)) known[event] = at;
      truths.set(nvr, known);
    },
    truthOf: (nvr) => truths.get(nvr) ?? {},
    onForget: (act) => void forgetters.push(act),
    forget(before) {
      const own = [world.packager, ...world.packages.map(({ name }) => name)];
      const gone = new Set<Message>();
      for (const message of archive) {
        if (message.sentAt >= before) continue;
        const text = JSON.stringify(message.body);
        if (!own.some((name) => text.includes(name))) gone.add(message);
      }
      for (const act of forgetters) act((message) => gone.has(message));
      discard(archive, (message) => gone.has(message));
      for (const [nvr, events] of truths) {
        const isOld = Object.values(events).every((at) => at < before);
        if (isOld && othersPackage(world, nvr) !== undefined) truths.delete(nvr);
      }
    },
    holdings: (look) => void looks.push(look),
    holdingsOf: async (run) => (await Promise.all(looks.map((look) => look(run)))).flat(),
    onSwitch: (act) => void followers.push(act),
    switched: async () => {
      await Promise.all(followers.map((follow) => follow()));
    },
    settled: async () => {
      await Promise.all(consumers.map((consumer) => consumer.tail));
    },
  };
}
