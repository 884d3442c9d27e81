import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenKit } from '../../src/sandbox/kit/open-kit.ts';
import { type OpenResultsdb, openResultsdb } from '../../src/sandbox/resultsdb/open-resultsdb.ts';
import { recordedKit, recording, recordingsOf, replay } from './gating-replay.ts';

let kit: OpenKit;
let resultsdb: OpenResultsdb;

beforeEach(async () => {
  kit = recordedKit({ speed: 300 });
  resultsdb = await openResultsdb(kit);
});

afterEach(async () => {
  await resultsdb.close();
  kit.clock.close();
});

describe('the sandbox answers as ResultsDB 2.2.0 did', () => {
  test.each(recordingsOf('resultsdb'))('%s', async (name) => {
    const recorded = recording(`resultsdb/${name}`);
    expect(recorded.exchanges.length).toBeGreaterThan(1);
    const part = /^(.*)-down$/.exec(name)?.[1];
    kit.faults.set('down', {
      name: 'down',
      hooks: { rule: (point) => (point === `resultsdb.${part}` ? 'down' : undefined) },
    });
    await replay(recorded, {
      urls: { resultsdb: resultsdb.url },
      system: 'resultsdb',
      kit,
      before({ note }) {
        if (note?.startsWith('after the database came back')) kit.faults.clear();
      },
    });
    if (name === 'broker-down') expect(kit.archive).toEqual([]);
  });
});
