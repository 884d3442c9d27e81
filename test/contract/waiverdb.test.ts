import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenSystem } from '../../src/sandbox/kit/kit.ts';
import type { OpenKit } from '../../src/sandbox/kit/open-kit.ts';
import { openResultsdb } from '../../src/sandbox/resultsdb/open-resultsdb.ts';
import { openWaiverdb } from '../../src/sandbox/waiverdb/open-waiverdb.ts';
import { recordedKit, recording, replay } from './gating-replay.ts';

let kit: OpenKit;
let resultsdb: OpenSystem;
let waiverdb: OpenSystem;

beforeEach(async () => {
  kit = recordedKit();
  resultsdb = await openResultsdb(kit);
  waiverdb = await openWaiverdb(kit, { resultsdbUrl: resultsdb.url });
});

afterEach(async () => {
  await waiverdb.close();
  await resultsdb.close();
  kit.clock.close();
});

describe('the sandbox answers as WaiverDB 1.4.0 did', () => {
  test.each(['reading', 'create-and-read', 'refusals', 'obsolete-rules', 'large-limit', 'long-request'])(
    '%s',
    async (name) => {
      const recorded = await recording(`recorded/waiverdb/${name}.jsonl`);
      expect(recorded.exchanges.length).toBeGreaterThan(1);
      await replay(recorded, {
        urls: { resultsdb: resultsdb.url, waiverdb: waiverdb.url },
        system: 'waiverdb',
      });
    },
  );
});
