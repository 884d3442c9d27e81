import { describe, expect, test } from 'vitest';
import { gatingWorld } from '../ci/gating-world.ts';

const NVR = 'n-1-1.fc44';

type World = Awaited<ReturnType<typeof gatingWorld>>;

async function waive(world: World, authorization: string | undefined, more: object = {}) {
  const response = await fetch(`${world.waiverdb.url}/api/v1.0/waivers/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: JSON.stringify({
      subject_type: 'koji_build',
      subject_identifier: NVR,
      testcase: 't',
      product_version: 'fedora-44',
      comment: 'known',
      ...more,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('WaiverDB', () => {
  test.each([
    ['a token of the world', 'Bearer packprobe', {}, 201, { username: 'packprobe', proxied_by: null }],
    [
      'Bodhi for a packager',
      'Bearer bodhi@service',
      { username: 'packprobe' },
      201,
      { username: 'packprobe', proxied_by: 'bodhi@service' },
    ],
    ['any name of Basic', `Basic ${Buffer.from('me:x').toString('base64')}`, {}, 201, { username: 'me' }],
    ['an unknown token', 'Bearer nobody', {}, 401, { message: expect.stringContaining('invalid_token') }],
    ['nobody', undefined, {}, 401, { message: expect.stringContaining('could not verify') }],
    [
      'a packager for another',
      'Bearer packprobe',
      { username: 'other' },
      403,
      { message: 'user packprobe does not have the proxyuser ability' },
    ],
  ])('%s', async (_name, authorization, more, status, body) => {
    await using world = await gatingWorld();
    expect(await waive(world, authorization, more)).toMatchObject({ status, body });
  });

  test('a stamp has six digits even where they are zero', async () => {
    await using world = await gatingWorld();
    const { body } = await waive(world, 'Bearer packprobe');
    expect(body['timestamp']).toBe('2026-11-21T12:00:00.000000');
  });

  test('a waiver is told to the bus and is the truth, one that takes it back is not', async () => {
    await using world = await gatingWorld();
    const arrived = world.messages('waiverdb.waiver.new');
    await waive(world, 'Bearer packprobe', { waived: false });
    expect((await arrived()).body).toMatchObject({ waived: false });
    expect(world.kit.truthOf(NVR).waiver).toBeUndefined();
    const { body } = await waive(world, 'Bearer packprobe');
    expect((await arrived()).body).toEqual(body);
    expect(world.kit.truthOf(NVR).waiver).toBeCloseTo(world.clock.now(), -1);
  });

  test('a request line that is too long and a NUL are pages, as is every 500', async () => {
    await using world = await gatingWorld();
    const long = await fetch(`${world.waiverdb.url}/api/v1.0/waivers/?testcase=${'x'.repeat(4200)}`);
    expect(long.status).toBe(400);
    expect(await long.text()).toContain('Request Line is too large (4241 &gt; 4094)');
    const nul = await fetch(`${world.waiverdb.url}/api/v1.0/waivers/?testcase=%00`);
    expect([nul.status, nul.headers.get('content-type')]).toEqual([500, 'text/html']);
    await nul.text();
  });
});
