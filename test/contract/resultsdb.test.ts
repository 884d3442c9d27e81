import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenKit } from '../../src/sandbox/kit/open-kit.ts';
import { type OpenResultsdb, openResultsdb } from '../../src/sandbox/resultsdb/open-resultsdb.ts';
import { recordedKit, recording, replay } from './gating-replay.ts';

let kit: OpenKit;
let resultsdb: OpenResultsdb;

beforeEach(async () => {
  kit = recordedKit();
  resultsdb = await openResultsdb(kit);
});

afterEach(async () => {
  await resultsdb.close();
  kit.clock.close();
});

describe('the sandbox answers as ResultsDB 2.2.0 did', () => {
  test.each(['create-and-read', 'latest', 'filters', 'refusals', 'groups-and-testcases'])(
    '%s',
    async (name) => {
      const recorded = await recording(`recorded/resultsdb/${name}.jsonl`);
      expect(recorded.exchanges.length).toBeGreaterThan(5);
      await replay(recorded, { urls: { resultsdb: resultsdb.url }, system: 'resultsdb' });
    },
  );
});
