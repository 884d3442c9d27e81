// Sends what waits in a database to a webhook, as `serve` does, until it is ended: `node sender-process.ts DATABASE URL`.

import { openSender } from '../../src/notify/outbox.ts';
import { webhook } from '../../src/notify/webhook.ts';
import { openStore } from '../../src/store/store.ts';
import { channelOptions } from './channel-options.ts';

const [file = '', url = ''] = process.argv.slice(2);
await using store = openStore(file);
const options = channelOptions();
const channel = webhook('machines', { kind: 'webhook', url, runs: true }, options);
const shutdown = new AbortController();
process.once('SIGTERM', () => shutdown.abort());
const sender = openSender({
  outbox: store.outbox,
  channels: new Map([['machines', channel]]),
  clock: options.clock,
  log: options.log,
});
await sender.run(shutdown.signal);
