import { type Concerns, concernsOf } from '../kit/headers.ts';
import type { Kit, Message } from '../kit/kit.ts';
import { pythonJson } from './python-json.ts';
import { dateSeconds } from './window.ts';

/** A message as the archive's database holds it. */
export interface StoredMessage {
  readonly message: Message;
  /** Epoch seconds: what `sent-at` says, not when it came. */
  readonly timestamp: number;
  readonly category: string;
  readonly users: readonly string[];
  readonly packages: readonly string[];
  readonly agent: string | null;
  /** The body as text, which `contains` looks into. */
  readonly text: string;
}

/** Keeps up with the archive. A repeat with the same id and time is dropped, and so is what has no readable time. */
export function archiveReader({
  archive,
  onForget,
}: Pick<Kit, 'archive' | 'onForget'>): () => readonly StoredMessage[] {
  let stored: StoredMessage[] = [];
  const known = new Set<string>();
  let read = 0;
  onForget((isGone) => {
    for (const { message, timestamp } of stored) {
      if (isGone(message)) known.delete(keyOf(message, timestamp));
    }
    stored = stored.filter(({ message }) => !isGone(message));
    read -= archive.slice(0, read).filter(isGone).length;
  });
  return () => {
    for (; read < archive.length; read++) {
      const message = archive[read];
      const row = message && store(message);
      if (row === undefined) continue;
      const key = keyOf(row.message, row.timestamp);
      if (known.has(key)) continue;
      known.add(key);
      stored.push(row);
    }
    return stored;
  };
}

function keyOf({ id }: Message, timestamp: number): string {
  return `${id} ${timestamp}`;
}

function store(message: Message): StoredMessage | undefined {
  const sentAt = message.headers['sent-at'];
  const timestamp = typeof sentAt === 'string' ? dateSeconds(sentAt) : message.sentAt / 1000;
  if (timestamp === undefined) return undefined;
  const words = message.topic.split('.');
  const { users, packages } = concernsOfClass(message, words.slice(3).join('.'));
  const agent = message.body['agent'] ?? message.body['user'] ?? message.body['owner'];
  return {
    message,
    timestamp,
    category: words.length < 4 ? 'Unclassified' : (words[3] ?? ''),
    users,
    packages,
    agent: typeof agent === 'string' ? agent : null,
    // Few are asked for what they contain: kept for all it would be the half of the archive.
    get text() {
      return pythonJson(message.body);
    },
  };
}

/** Only the class that the schema names knows whom a message concerns; the base class knows nobody, whatever the headers say. */
function concernsOfClass(message: Message, topic: string): Concerns {
  const schema = message.headers['fedora_messaging_schema'] ?? 'base.message';
  return schema === 'base.message' ? { users: [], packages: [] } : concernsOf(topic, message.body);
}
